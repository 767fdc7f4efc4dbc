"""The crew of one machine: child processes, each with a pipe of its own; see `helper.serve`.

An executor (``concurrent.futures``, loky) runs functions to their end: it could neither pause a training nor let it
write its checkpoint, and one process that is killed breaks all of it, because its processes share the locks of their
queues. Nor is one faster. Two workers that have imported all that a curve needs are there after 1.9 s and take 350 MB
here; with ``concurrent.futures`` 2.0 s and 360 MB on a fork server, 1.9 s and 650 MB where it spawns; with loky 2.1 s
and 670 MB; on a local Ray cluster 5.1 s and 1,060 MB (two cores, medians of three).
"""

import signal
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from multiprocessing import Pipe
from multiprocessing.connection import Connection, wait
from typing import cast

from fairprog_core.common.process.child import CopiedProcess, prepare_copies
from fairprog_core.pipeline.tasks.crew import HelperAnswer
from fairprog_core.pipeline.tasks.helper import Order, serve
from fairprog_core.pipeline.tasks.places import StudyPlaces
from fairprog_core.pipeline.tasks.task import Task

PRELOADED = "fairprog_core.pipeline.tasks.helper"


class ProcessHelper:
    """A child process with its line.

    Args:
        order: what it has to know.
        places: that hold its place, ``order.number``; None: it fills none.
    """

    def __init__(self, order: Order, places: StudyPlaces | None = None) -> None:
        self.places, self.place = places, order.number
        self.line, other_end = Pipe()
        self.task: Task | None = None
        prepare_copies(PRELOADED)
        self.process = CopiedProcess(target=serve, args=(other_end, order), daemon=True)
        self.process.start()
        other_end.close()

    @property
    def is_waiting(self) -> bool:
        """A process begins at once."""
        return False

    def begin(self, task: Task) -> None:
        """Send a task."""
        self.task = task
        with suppress(OSError):
            self.line.send(task)

    def go_on(self) -> None:
        """Let it compute until its next advance."""
        with suppress(OSError):
            self.line.send("go on")

    def answer(self) -> HelperAnswer | None:
        """What it has sent; None: the process has ended."""
        try:
            return cast(HelperAnswer, self.line.recv())
        except (EOFError, OSError):
            return None

    def stop(self) -> None:
        """Tell it to stop at its next advance."""
        with suppress(OSError):
            self.line.send("stop")

    def wait(self) -> None:
        """Wait until it has ended; what it still sends is read, as it could not go on otherwise."""
        while self.answer() is not None:
            pass
        self._end()
        if self.places is not None:
            self.places.give_back(self.place)

    def dismiss(self) -> str:
        """Close its line; returns how the process ended."""
        self._end()
        if self.places is not None:
            self.places.lose(self.place)
        return how_it_ended(self.process)

    def _end(self) -> None:
        self.line.close()
        self.process.join()


def how_it_ended(process: CopiedProcess) -> str:
    """How a process ended, in words."""
    code = process.exitcode or 0
    return f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"


class ProcessCrew:
    """Child processes that compute one study; they share this machine's memory.

    Args:
        order: what they have to know.
        places: of this machine, which several studies fill together; None: this study has the machine for itself.
    """

    advice = "perhaps because memory is short; resume the run with fewer curves at once (--jobs 1)"

    def __init__(self, order: Order, places: StudyPlaces | None = None) -> None:
        self.order, self.places = order, places

    def hire(self, number: int) -> ProcessHelper | None:
        """Start a process, in a free place."""
        place = number if self.places is None else self.places.take()
        return None if place is None else ProcessHelper(replace(self.order, number=place), self.places)

    def not_kept(self, idle: Sequence[ProcessHelper]) -> Sequence[ProcessHelper]:
        """None if the study has the machine for itself; else all, so that other studies get their places."""
        if self.places is None:
            return []
        self.places.give_back_unused()
        return idle

    def wait(self, helpers: Sequence[ProcessHelper]) -> Sequence[ProcessHelper]:
        """The processes whose lines can be read."""
        lines = {helper.line: helper for helper in helpers}
        ready = wait([*lines, *([] if self.places is None else [self.places.line])])
        return [lines[line] for line in cast(list[Connection], ready) if line in lines]

    def n_after_loss(self, n: int) -> int:
        """One less, as memory may be short."""
        return max(n - 1, 1)
