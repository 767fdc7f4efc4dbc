"""Computes tasks in several processes at once.

The processes are those of ``multiprocessing``, each with a pipe of its own. An executor (``concurrent.futures``, loky)
runs functions to their end: it could neither pause a training nor let it write its checkpoint, and one process that is
killed breaks all of it, because its processes share the locks of their queues.
"""

import signal
from collections import Counter
from collections.abc import Generator, Sequence
from contextlib import suppress
from dataclasses import replace
from multiprocessing import Pipe
from multiprocessing.connection import Connection, wait
from typing import cast

from fairprog_core.common.errors import RunError
from fairprog_core.common.process.child import CopiedProcess, prepare_copies
from fairprog_core.pipeline.tasks.helper import HelperAnswer, Order, serve
from fairprog_core.pipeline.tasks.task import Advance, Task

MOST_ENDS = 3  # processes that may end while they compute one task
PRELOADED = "fairprog_core.pipeline.tasks.helper"


class Helper:
    """A child process with its line; see `helper.serve`."""

    def __init__(self, order: Order) -> None:
        self.line, other_end = Pipe()
        self.task: Task | None = None
        prepare_copies(PRELOADED)
        self.process = CopiedProcess(target=serve, args=(other_end, order), daemon=True)
        self.process.start()
        other_end.close()

    def begin(self, task: Task) -> None:
        """Send a task; a process that has ended is found when its answer is read."""
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
        """Tell it to stop at its next advance; a training writes its checkpoint."""
        with suppress(OSError):
            self.line.send("stop")

    def wait(self) -> None:
        """Wait until it has ended; what it still sends is read, as it could not go on otherwise."""
        while self.answer() is not None:
            pass
        self.process.join()
        self.line.close()

    def how_it_ended(self) -> str:
        """How the process ended, in words."""
        self.process.join()
        code = self.process.exitcode or 0
        return f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"


class SideBySide:
    """Computes tasks, several at once, each in a process that computes as if it were alone.

    A process that is killed takes nothing with it but the steps since its last checkpoint: its task is given to
    another one, and there is one process less from then on, as memory may be short.

    Args:
        order: what the processes have to know.
        n: number of processes, at most.
    """

    def __init__(self, order: Order, n: int) -> None:
        self.order, self.n = order, n
        self.helpers: list[Helper] = []
        self._n_started = 0
        self._ends: Counter[Task] = Counter()
        self._finished: set[Task] = set()
        self._furthest: dict[tuple[Task, str], int] = {}  # the last step of a kind of record

    @property
    def n_running(self) -> int:
        """Number of tasks that are computed now."""
        return sum(helper.task is not None for helper in self.helpers)

    def compute(self, tasks: Sequence[Task]) -> Generator[tuple[Task, Advance | None]]:
        """Compute tasks; what a task needs is finished already, or is among them.

        Yields:
            Task and advance, as they come; None instead of an advance when the task is finished.

        Raises:
            FairprogError: a task ended by an error, or its processes ended too often; the others are stopped.
        """
        left = list(tasks)
        self._finished = set()
        to_wait_for = set(tasks)
        try:
            while left or self.n_running:
                self._hand_out(left, to_wait_for)
                lines = {helper.line: helper for helper in self.helpers if helper.task is not None}
                for line in wait(list(lines)):
                    helper = lines[cast(Connection, line)]
                    task, answer = cast(Task, helper.task), helper.answer()
                    if answer is None:
                        self._replace(helper, task)
                        left.insert(0, task)
                    elif isinstance(answer, Advance):
                        yield task, self._without_repetition(task, answer)
                        helper.go_on()
                    elif answer.error is not None:
                        raise answer.error
                    else:
                        helper.task = None
                        self._finished.add(task)
                        yield task, None
        finally:
            self._stop()

    def _hand_out(self, left: list[Task], to_wait_for: set[Task]) -> None:
        """Give tasks that lack nothing to processes that have none; starts processes."""
        for task in list(left):
            if self.n_running >= self.n:
                return
            if any(need in to_wait_for and need not in self._finished for need in task.needs):
                continue
            idle = next((helper for helper in self.helpers if helper.task is None), None)
            if idle is None:
                self.helpers.append(idle := Helper(replace(self.order, number=self._n_started)))
                self._n_started += 1
            left.remove(task)
            idle.begin(task)

    def _replace(self, helper: Helper, task: Task) -> None:
        """Give up a process that has ended.

        Raises:
            RunError: too many have ended while they computed this task.
        """
        self.helpers.remove(helper)
        helper.line.close()
        self._ends[task] += 1
        if self._ends[task] >= MOST_ENDS:
            raise RunError(
                f"{MOST_ENDS} processes ended while they computed {task.curve or task.base} "
                f"({helper.how_it_ended()}), perhaps because memory is short; resume the run with fewer curves at once "
                "(--jobs 1): what is finished is kept."
            )
        self.n = max(self.n - 1, 1)

    def _without_repetition(self, task: Task, advance: Advance) -> Advance:
        """The advance, without a record that the task has sent already, from a process that has ended since."""
        if (record := advance.record) is None:
            return advance
        before = self._furthest.get((task, record["kind"]), 0)
        self._furthest[task, record["kind"]] = max(before, record["step"])
        return advance._replace(record=None) if record["step"] <= before else advance

    def _stop(self) -> None:
        """Stop all processes, and wait until they have written their checkpoints."""
        for helper in self.helpers:
            helper.stop()
        for helper in self.helpers:
            helper.wait()
        self.helpers.clear()
