"""Computes several tasks at once."""

from collections import Counter
from collections.abc import Generator, Sequence
from typing import Generic, cast

from fairprog_core.common.errors import RunError
from fairprog_core.pipeline.tasks.crew import AnyHelper, Crew
from fairprog_core.pipeline.tasks.task import Advance, Task

MOST_ENDS = 3  # helpers that may end while they compute one task


class SideBySide(Generic[AnyHelper]):
    """Computes tasks, several at once, each by a helper that computes as if it were alone.

    A helper that is killed takes nothing with it but the steps since its last checkpoint: its task is given to another.
    Those that share a process end together.

    Args:
        crew: where helpers come from.
        n: number of helpers, at most.
    """

    def __init__(self, crew: Crew[AnyHelper], n: int) -> None:
        self.crew, self.n = crew, n
        self.helpers: list[AnyHelper] = []
        self._n_hired = 0
        self._ends: Counter[Task] = Counter()
        self._furthest: dict[tuple[Task, str], int] = {}  # the last step of a kind of record

    @property
    def n_running(self) -> int:
        """Number of tasks that are computed now."""
        return len(self._busy)

    @property
    def _busy(self) -> list[AnyHelper]:
        return [helper for helper in self.helpers if helper.task is not None]

    def compute(self, tasks: Sequence[Task]) -> Generator[tuple[Task, Advance | None]]:
        """Compute tasks; what a task needs is finished already, or is among them.

        Yields:
            Task and advance, as they come; None instead of an advance when the task is finished.

        Raises:
            FairprogError: a task ended by an error, or its helpers ended too often; the others are stopped.
        """
        left, unfinished = list(tasks), set(tasks)
        try:
            while unfinished:
                self._hand_out(left, unfinished)
                for helper in self.crew.wait(self._busy):
                    task, answer = cast(Task, helper.task), helper.answer()
                    if answer is None:
                        self._give_up(helper, task)
                        left.insert(0, task)
                    elif isinstance(answer, Advance):
                        yield task, self._without_repetition(task, answer)
                        helper.go_on()
                    elif answer.error is not None:
                        raise answer.error
                    else:
                        helper.task = None
                        unfinished.remove(task)
                        yield task, None
        finally:
            self._stop()

    def _hand_out(self, left: list[Task], unfinished: set[Task]) -> None:
        """Give tasks that lack nothing to helpers that have none; hires helpers, and dismisses those that are idle."""
        for task in list(left):
            if self.n_running >= self.n:
                break
            if task.needs & unfinished:
                continue
            free = next((helper for helper in self.helpers if helper.task is None), None)
            if free is None:
                if (free := self.crew.hire(self._n_hired)) is None:
                    return
                self.helpers.append(free)
                self._n_hired += 1
            left.remove(task)
            free.begin(task)
        self._let_free_ones_begin()
        for idle in self.crew.not_kept([helper for helper in self.helpers if helper.task is None]):
            self.helpers.remove(idle)
            idle.stop()
            idle.wait()

    def _let_free_ones_begin(self) -> None:
        """Give the tasks of helpers that wait for room to free helpers, which hold that room perhaps."""
        free = [helper for helper in self.helpers if helper.task is None]
        waiting = [helper for helper in self._busy if helper.is_waiting]
        for helper, other in zip(free, waiting, strict=False):
            task = cast(Task, other.task)
            self.helpers.remove(other)
            other.dismiss()
            helper.begin(task)

    def _give_up(self, helper: AnyHelper, task: Task) -> None:
        """Give up a helper that has ended.

        Raises:
            RunError: too many have ended while they computed this task.
        """
        self.helpers.remove(helper)
        how = helper.dismiss()
        self._ends[task] += 1
        if self._ends[task] >= MOST_ENDS:
            what = task.curve or task.base or "the base"
            raise RunError(
                f"{MOST_ENDS} processes ended while they computed {what} ({how}), {self.crew.advice}: "
                "what is finished is kept."
            )
        self.n = self.crew.n_after_loss(helper, self.n)
        for other in self.crew.lost_with(helper, [other for other in self.helpers if other.task is None]):
            self.helpers.remove(other)
            other.dismiss()

    def _without_repetition(self, task: Task, advance: Advance) -> Advance:
        """The advance, without a record that the task has sent already, from a helper that has ended since."""
        if (record := advance.record) is None:
            return advance
        before = self._furthest.get((task, record["kind"]), 0)
        self._furthest[task, record["kind"]] = max(before, record["step"])
        return advance._replace(record=None) if record["step"] <= before else advance

    def _stop(self) -> None:
        """Stop all helpers, and wait until they have written their checkpoints."""
        for helper in self.helpers:
            helper.stop()
        for helper in self.helpers:
            helper.wait()
        self.helpers.clear()
