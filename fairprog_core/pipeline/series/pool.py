"""`PlacePool`: the places of this machine, filled by the curves of several studies."""

import os
import threading
from collections.abc import Generator, Iterator
from contextlib import ExitStack, suppress
from multiprocessing.connection import wait
from pathlib import Path

from fairprog_core.common.home import Home
from fairprog_core.common.records import Record
from fairprog_core.pipeline.execute import IN_TASKS
from fairprog_core.pipeline.series.leader import Leader, LeaderOrder
from fairprog_core.pipeline.tasks.crew import Finished
from fairprog_core.pipeline.tasks.places import WANTED
from fairprog_core.study import Study


class PlacePool:
    """Computes several studies at once; the numbers of each are those that it has alone.

    A place is for one process that computes: a study's leader while it prepares data and base, then its helpers.
    A free place goes to the earliest study that wants one; where none does, the next study begins. Studies prepare one
    after the other, so that what two of them share is made once. On a cluster Ray gives its own places to helpers, and
    those here are for leaders only.

    Each study is computed by a thread of the caller's.

    Args:
        n: number of places.
        jobs: tasks of one study that are computed at once, as of `execute`.
        on: address of a cluster, as of `execute`.
    """

    def __init__(self, n: int, *, jobs: int | None, on: str | None) -> None:
        self.jobs, self.on = jobs, on
        self._free: list[int] = [*range(n)]
        self._wanting: list[Leader] = []
        self._leaders: list[Leader] = []  # in the order of their studies
        self._is_preparing = self._is_closed = False
        self._changed = threading.Condition()
        self._stack = ExitStack()

    def __enter__(self) -> "PlacePool":
        if self.on is not None:
            from fairprog_core.pipeline.tasks.cluster.crew import shared  # Ray is not installed everywhere

            self.on = self._stack.enter_context(shared(self.on))
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def next_place(self) -> int | None:
        """Wait until the next study can begin, and return the place that it begins in; None: the pool is closed."""
        with self._changed:
            self._changed.wait_for(self._can_begin)
            if self._is_closed:
                return None
            self._is_preparing = True
            return self._free.pop(0)

    def _can_begin(self) -> bool:
        return self._is_closed or bool(self._free and not self._wanting and not self._is_preparing)

    def close(self) -> None:
        """Let no further study begin; those that are at work go on."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()

    def forgo(self, place: int) -> None:
        """Leave a place of `next_place` to another study."""
        with self._changed:
            self._is_preparing = False
            self._free.append(place)
            self._give()

    def execute(self, study: Study, *, home: Home, folder: Path, place: int) -> Iterator[Record]:
        """Like `pipeline.execute.execute`, in another process. A study that does not come to its end closes the pool.

        Args:
            study: the study.
            home: the home with caches and models.
            folder: the run folder.
            place: as `next_place` returned it.
        """
        about = LeaderOrder(study.to_json(), home.path, folder, self.jobs, self.on, place, {**os.environ})
        leader = None
        try:
            self._leaders.append(leader := Leader(about))
            yield from self._records(leader)
        except BaseException:
            self.close()  # before its places are free: no other study begins in them
            raise
        finally:
            if leader is not None:
                leader.stop()
                self._leave(leader)

    def _records(self, leader: Leader) -> Generator[Record]:
        """What a leader sends; meanwhile it is given places, and gives them back."""
        lines = [leader.line, leader.places]
        while True:
            for line in wait(lines):
                if line is leader.places:
                    if not self._hear(leader):
                        lines.remove(leader.places)
                    continue
                answer = leader.answer()
                if isinstance(answer, Finished):
                    if answer.error is not None:
                        raise answer.error
                    return
                if leader.is_preparing and answer["kind"] == "stage" and answer["stage"] in IN_TASKS:
                    self._has_prepared(leader)
                yield answer
                leader.go_on()

    def _hear(self, leader: Leader) -> bool:
        """Listen to what a leader says of places; returns whether it may say more."""
        try:
            said = leader.places.recv()
        except (EOFError, OSError):  # it has ended: its other line tells how
            return False
        with self._changed:
            if said == WANTED:
                self._wanting.append(leader)
            else:
                leader.held.remove(said)
                self._free.append(said)
            self._give()
        return True

    def _has_prepared(self, leader: Leader) -> None:
        with self._changed:
            leader.is_preparing = self._is_preparing = False
            self._changed.notify_all()

    def _leave(self, leader: Leader) -> None:
        """Take back what a leader had that has ended."""
        with self._changed:
            if leader.is_preparing:
                self._is_preparing = False
            if leader in self._wanting:
                self._wanting.remove(leader)
            leader.places.close()
            self._free.extend(leader.held)
            leader.held.clear()
            self._give()

    def _give(self) -> None:
        """Give the free places away; called with the lock."""
        self._free.sort()
        self._wanting.sort(key=self._leaders.index)
        while self._free and self._wanting:
            leader = self._wanting.pop(0)
            place = self._free.pop(0)
            leader.held.add(place)
            with suppress(OSError):  # one that has just ended: its places are taken back
                leader.places.send(place)
        self._changed.notify_all()
