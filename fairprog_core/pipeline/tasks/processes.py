"""The crew of one machine: child processes, and a pipe for each task that is computed; see `helper.serve`.

Every task has a process of its own, except on a GPU: processes would take turns there, and each hold a context of half
a gigabyte. The tasks of a study that a GPU computes side by side share one process.

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
from typing import NamedTuple, cast

from fairprog_core.common.process.child import CopiedProcess, prepare_copies
from fairprog_core.pipeline.tasks.crew import HelperAnswer
from fairprog_core.pipeline.tasks.helper import Order, serve
from fairprog_core.pipeline.tasks.places import StudyPlaces
from fairprog_core.pipeline.tasks.task import Task

PRELOADED = "fairprog_core.pipeline.tasks.helper"


class SharedProcesses(NamedTuple):
    """How tasks share processes.

    Attributes:
        n_processes: one for each GPU.
        n_tasks: that one of them computes at once.
    """

    n_processes: int
    n_tasks: int


class HelperProcess:
    """A child process with its lines: it computes one task for each at a time.

    Args:
        order: what it has to know.
        n_lines: tasks that it can compute side by side.
    """

    def __init__(self, order: Order, n_lines: int) -> None:
        pipes = [Pipe() for _ in range(n_lines)]
        self.unused, self.n_used, self.is_lost = [line for line, _ in pipes], 0, False
        other_ends = [end for _, end in pipes]
        prepare_copies(PRELOADED)
        self.process = CopiedProcess(target=serve, args=(other_ends, order), daemon=True)
        self.process.start()
        for end in other_ends:
            end.close()

    @property
    def has_room(self) -> bool:
        """Whether it can compute one more task."""
        return bool(self.unused) and self.process.is_alive()

    def take_line(self) -> Connection:
        """A line that nobody has."""
        self.n_used += 1
        return self.unused.pop()

    def note_loss(self) -> bool:
        """Note that it was killed; returns whether that is new, as several helpers may tell it."""
        self.process.join()
        is_new, self.is_lost = not self.is_lost, True
        return is_new

    def leave(self, line: Connection) -> None:
        """Close a line; the process ends with the last one that was taken, and is waited for then."""
        line.close()
        self.n_used -= 1
        if self.n_used == 0:
            for unused in self.unused:
                unused.close()
            self.unused.clear()
            self.process.join()


class ProcessHelper:
    """A line of a process.

    Args:
        process: that computes what is sent over it.
        place: that it fills.
        places: of this machine, if several studies share them.
    """

    def __init__(self, process: HelperProcess, place: int, places: StudyPlaces | None) -> None:
        self.process, self.place, self.places = process, place, places
        self.line = process.take_line()
        self.task: Task | None = None
        self.is_first_of_its_process = True  # that was given up

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
        """Wait until its task has ended; what it still sends is read, as it could not go on otherwise.

        Without a task there is nothing to wait for: its process may be at work for another line, or wait for a lock
        that is given back only when this process goes on.
        """
        while self.task is not None and self.answer() is not None:
            pass
        self.process.leave(self.line)
        if self.places is not None:
            self.places.give_back(self.place)

    def dismiss(self) -> str:
        """Close the line of a process that has ended; returns how it ended."""
        self.process.leave(self.line)
        self.is_first_of_its_process = self.process.note_loss()
        if self.places is not None:
            if self.is_first_of_its_process:
                self.places.lose(self.place)
            else:
                self.places.give_back(self.place)
        return how_it_ended(self.process.process)


def how_it_ended(process: CopiedProcess) -> str:
    """How a process ended, in words."""
    code = process.exitcode or 0
    return f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"


class ProcessCrew:
    """Child processes that compute one study; they share this machine's memory.

    Args:
        order: what they have to know.
        places: of this machine, which several studies fill together; None: this study has the machine for itself.
        sharing: how tasks share processes; None: each helper is a process.
    """

    advice = "perhaps because memory is short; resume the run with fewer curves at once (--jobs 1)"

    def __init__(self, order: Order, places: StudyPlaces | None = None, sharing: SharedProcesses | None = None) -> None:
        self.order, self.places, self.sharing = order, places, sharing
        self._shared: dict[int, HelperProcess] = {}

    def hire(self, number: int) -> ProcessHelper | None:
        """A process in a free place, or a line of one that is shared."""
        place = number if self.places is None else self.places.take()
        return None if place is None else ProcessHelper(self._process(place), place, self.places)

    def _process(self, place: int) -> HelperProcess:
        """The process in a place."""
        if self.sharing is None:
            return HelperProcess(replace(self.order, number=place), 1)
        which = min(range(self.sharing.n_processes), key=self._n_computed_by)
        found = self._shared.get(which)
        if found is None or not found.has_room:
            order = replace(self.order, number=which)
            found = self._shared[which] = HelperProcess(order, self.sharing.n_tasks)
        return found

    def _n_computed_by(self, which: int) -> int:
        """How many tasks one of the shared processes has."""
        found = self._shared.get(which)
        return found.n_used if found is not None and found.process.is_alive() else 0

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

    def n_after_loss(self, lost: ProcessHelper, n: int) -> int:
        """One less, as memory may be short; as many if the process is counted already."""
        return max(n - lost.is_first_of_its_process, 1)

    def lost_with(self, lost: ProcessHelper, idle: Sequence[ProcessHelper]) -> Sequence[ProcessHelper]:
        """The others of its process."""
        return [other for other in idle if other.process is lost.process]
