"""What a visitor holds while an explanation is queued and computed."""

from collections.abc import Callable
from concurrent.futures import CancelledError, Future, wait
from typing import NamedTuple

from fairprog_core.explain.live.warm_process import Allowance, Answer


class Job:
    """A request that is computed once, for all visitors who sent it.

    Attributes:
        allowance: time and memory for the request.
        answer: the answer, or why there is none; cancelled where nobody waits for it any more.
        tickets: of those who wait for it.
    """

    def __init__(self, allowance: Allowance) -> None:
        self.allowance = allowance
        self.answer: Future[Answer] = Future()
        self.tickets: list[Ticket] = []

    @property
    def is_wanted(self) -> bool:
        """Whether somebody still waits for the answer."""
        return any(ticket.is_wanted for ticket in self.tickets)


class Place(NamedTuple):
    """Where a ticket stands.

    Attributes:
        n_before: requests that end before its computing begins.
        is_computing: whether it is being computed.
    """

    n_before: int
    is_computing: bool


class Ticket:
    """One visitor's claim to an answer."""

    def __init__(
        self,
        visitor: str,
        job: Job,
        *,
        place: Callable[["Ticket"], Place],
        cancel: Callable[["Ticket"], None],
        is_needed: Callable[[], bool],
    ) -> None:
        """Claim the answer to a job.

        Args:
            visitor: whose turn the job takes.
            job: has the answer.
            place: finds the place in the queue.
            cancel: takes the ticket out of the queue.
            is_needed: whether the visitor is still there; asked before the computing begins, and during it.
        """
        self.visitor, self.job, self.is_cancelled = visitor, job, False
        self._place, self._cancel, self._is_needed = place, cancel, is_needed

    @property
    def answer(self) -> "Future[Answer]":
        """The answer, which other tickets with the same request share."""
        return self.job.answer

    @property
    def is_over(self) -> bool:
        """Whether there is an answer, an error, or nothing to wait for any more."""
        return self.is_cancelled or self.answer.done()

    @property
    def is_dropped(self) -> bool:
        """Whether nothing is computed for this ticket any more, and no answer was found."""
        return self.is_cancelled or self.answer.cancelled()

    @property
    def is_wanted(self) -> bool:
        """Whether its visitor still waits."""
        return not self.is_cancelled and self._is_needed()

    @property
    def place(self) -> Place:
        """Where the request stands in the queue now."""
        return self._place(self)

    def wait(self, seconds: float | None = None) -> bool:
        """Wait for the end, at most so long; whether it is over."""
        if not self.is_over:
            wait([self.answer], seconds)
        return self.is_over

    def result(self, seconds: float | None = None) -> Answer:
        """The answer, once it is there.

        Raises:
            FairprogError: why there is none.
            CancelledError: the ticket was cancelled, or its visitor has gone.
            TimeoutError: it took longer than ``seconds``.
        """
        if self.is_cancelled:
            raise CancelledError
        return self.answer.result(seconds)

    def cancel(self) -> None:
        """Give the claim up; the request is dropped where no other ticket needs it."""
        self._cancel(self)
