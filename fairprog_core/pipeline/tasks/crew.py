"""A crew: the helpers that compute the tasks of a study, in processes of this machine or on the nodes of a cluster."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol, TypeAlias, TypeVar

from fairprog_core.pipeline.tasks.task import Advance, Task


class Finished(NamedTuple):
    """The task is finished, or ended by an error."""

    error: BaseException | None = None


HelperAnswer: TypeAlias = Advance | Finished


class Helper(Protocol):
    """Computes tasks, one at a time; stands still after every answer until it is told to go on.

    Attributes:
        task: that it computes; None: it is free.
    """

    task: Task | None

    @property
    def is_waiting(self) -> bool:
        """Whether it has not begun, because there is no room for it yet."""

    def begin(self, task: Task) -> None:
        """Let it begin a task; one that has ended is found when its answer is read."""

    def go_on(self) -> None:
        """Let it compute until its next answer."""

    def answer(self) -> HelperAnswer | None:
        """The next thing that it says; None: it has ended, or is lost."""

    def stop(self) -> None:
        """Tell it to stop at its next advance; a training writes its checkpoint."""

    def wait(self) -> None:
        """Wait until it has stopped; its files are in the run folder then."""

    def dismiss(self) -> str:
        """Give up one that has ended; returns how it ended, in words."""


AnyHelper = TypeVar("AnyHelper", bound=Helper)


class Crew(Protocol[AnyHelper]):
    """Where helpers come from.

    Attributes:
        advice: why helpers may have ended again and again, and what to do: the end of a sentence.
    """

    advice: str

    def hire(self, number: int) -> AnyHelper | None:
        """A new helper; ``number`` counts them. None: there is no room now, and `wait` returns when there may be."""

    def not_kept(self, idle: Sequence[AnyHelper]) -> Sequence[AnyHelper]:
        """Those of the helpers without a task that are dismissed, because others need their room."""

    def wait(self, helpers: Sequence[AnyHelper]) -> Sequence[AnyHelper]:
        """Those of several busy helpers that have an answer, as soon as one has, or as there may be room for more."""

    def n_after_loss(self, lost: AnyHelper, n: int) -> int:
        """How many helpers may be at work once this one of n has ended."""

    def lost_with(self, lost: AnyHelper, idle: Sequence[AnyHelper]) -> Sequence[AnyHelper]:
        """Those of the helpers without a task that have ended together with this one."""
