"""Live explanations for the page: any picture or text, any λ, from one separate warm process.

Only that process imports torch. It starts with the first request, ends after ten idle minutes, and ends by
itself when the page server has ended, also after SIGKILL.

Visitors take turns. A request that takes too long, needs too much memory or ends the process fails alone.

Notation: s image side, a×a feature map, c classes.
"""

import atexit
import threading
from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress
from typing import cast

from fairprog_core.common.errors import FairprogError, RunError, shorten
from fairprog_core.common.limits import limits
from fairprog_core.explain.live.fair_queue import FairQueue
from fairprog_core.explain.live.request import Arrays, ExplainRequest
from fairprog_core.explain.live.request import Request as Request
from fairprog_core.explain.live.request import TextRequest as TextRequest
from fairprog_core.explain.live.ticket import Job, Place, Ticket
from fairprog_core.explain.live.warm_process import Allowance, Answer, CrashError, GivenUpError, WarmProcess
from fairprog_core.metrics.explanations.gallery import GalleryAbout

CONDITIONS = ("without", "untrained", "black", "with")


class ExplainProcess:
    """Answers requests one after the other in one warm process, and caches answers by the request's content."""

    def __init__(
        self,
        allowance: Allowance | None = None,
        *,
        idle_seconds: float = 600.0,
        kept: int = 64,
        process: WarmProcess | None = None,
    ) -> None:
        """Prepare; the process starts with the first request.

        Args:
            allowance: time and memory for one explanation; None: the limits of this machine.
            idle_seconds: the process ends after so long without a request; the next request starts another.
            kept: how many answers to cache.
            process: that computes; None: one that imports torch.
        """
        self.allowance = allowance or Allowance(limits().explanation_seconds, limits().explanation_megabytes)
        self.idle_seconds, self.kept = idle_seconds, kept
        self._jobs: OrderedDict[str, Job] = OrderedDict()  # by the request's digest
        self._queue: FairQueue[Job] = FairQueue()
        self._requests: dict[Job, ExplainRequest] = {}  # of the jobs without an answer; a picture may have 10 MB
        self._computed: Job | None = None
        self._process = process or WarmProcess()
        self._thread: threading.Thread | None = None  # computes what is queued; ends with the process
        self._is_closing = False
        self._changed = threading.Condition(threading.RLock())

    @property
    def pid(self) -> int | None:
        """The number of the process that explains; None while there is none."""
        return self._process.pid

    def submit(
        self,
        request: ExplainRequest,
        *,
        visitor: str = "",
        allowance: Allowance | None = None,
        is_needed: Callable[[], bool] = lambda: True,
    ) -> Ticket:
        """Queue a request without waiting; see `explain` and `explain_text` for the answers.

        Args:
            request: what to explain.
            visitor: who asks; visitors take turns.
            allowance: time and memory for it; None: those of this process.
            is_needed: whether the visitor still waits; a request that nobody waits for is dropped.

        Raises:
            DataError: a value of the request is not allowed.
            RunError: too many requests wait already.
        """
        request.check()
        key = request.digest()
        with self._changed:
            job = self._jobs.get(key)
            is_new = job is None or _has_failed(job)
            if job is None or is_new:
                self._check_room(visitor)
                job = Job(allowance or self.allowance)
                self._requests[job] = request
            self._jobs[key] = job
            self._jobs.move_to_end(key)
            ticket = Ticket(visitor, job, place=self._place, cancel=self._cancel, is_needed=is_needed)
            if not job.answer.done():
                job.tickets.append(ticket)
            if is_new or job in self._queue:
                self._queue.add(visitor, job)
            self._forget_the_oldest()
            self._wake()
        return ticket

    def explain(self, request: Request, *, visitor: str = "", allowance: Allowance | None = None) -> Arrays:
        """Explain a picture, and wait for the answer.

        Returns:
            ``photo`` (s, s, 3) uint8, as the classifier gets it, and for every condition in
            `CONDITIONS`: ``picture_<condition>`` (s, s, 3) uint8, ``logits_<condition>`` (c,),
            ``target_<condition>`` () int, ``map_<condition>`` (a, a) uint8 (Grad-CAM, largest 255) or
            (s, s) int8 (Integrated Gradients, largest size 127), and for the latter
            ``delta_<condition>``, ``steps_<condition>``, ``converged_<condition>``, each ().

        Raises:
            DataError: the picture cannot be read, or the method is not known.
            ArtifactError: classifier or trigger cannot be read.
            RunError: the process ended twice, or the request needs more than the allowance.
        """
        return cast(Arrays, self.submit(request, visitor=visitor, allowance=allowance).result())

    def explain_text(
        self, request: TextRequest, *, visitor: str = "", allowance: Allowance | None = None
    ) -> tuple[Arrays, GalleryAbout]:
        """Explain a text, and wait for the answer. Every text can be explained.

        Returns:
            Arrays and note of a gallery (`text.gallery`) that holds this one text; its row, y and z are -1.
            ``is_cut`` says whether a part of the text is missing, in the tokens or in the words.

        Raises:
            DataError: classifier or trigger are not made for texts, or no λ is given.
            ArtifactError: classifier or trigger cannot be read.
            ConfigError: they do not fit together.
            RunError: the process ended twice, or the request needs more than the allowance.
        """
        found = self.submit(request, visitor=visitor, allowance=allowance).result()
        return cast(tuple[Arrays, GalleryAbout], found)

    def close(self) -> None:
        """End the process and drop what is queued; a later request starts another process."""
        with self._changed:
            thread, self._is_closing = self._thread, True
            for job in self._queue:
                self._drop(job)
            self._changed.notify_all()
        if thread:
            thread.join()
        with self._changed:
            self._is_closing = False
            self._process.end()
            self._wake()  # what came meanwhile

    def _check_room(self, visitor: str) -> None:
        self._drop_unwanted()
        now = limits()
        if (n_all := len(self._queue)) >= now.explanations_waiting:
            raise RunError(now.refusal("explanations_waiting", f"{n_all} explanations wait already"))
        if visitor and (n_own := self._queue.n_of(visitor)) >= now.explanations_per_visitor:
            raise RunError(now.refusal("explanations_per_visitor", f"{n_own} explanations wait for you already"))

    def _forget_the_oldest(self) -> None:
        """Forget answers, the oldest first, and never a request that has none yet."""
        over = [key for key, job in self._jobs.items() if job.answer.done()]
        for key in over[: max(0, len(self._jobs) - self.kept)]:
            del self._jobs[key]

    def _wake(self) -> None:
        if self._thread is None and len(self._queue):
            atexit.register(self.close)  # else the thread would take the end of the process at exit for a crash
            self._thread = threading.Thread(target=self._compute_all, name="explanations", daemon=True)
            self._thread.start()
        self._changed.notify_all()

    def _place(self, ticket: Ticket) -> Place:
        with self._changed:
            self._drop_unwanted()
            order = list(self._queue)
            is_computing = ticket.job is self._computed
            n_before = order.index(ticket.job) + (self._computed is not None) if ticket.job in order else 0
            return Place(n_before, is_computing)

    def _cancel(self, ticket: Ticket) -> None:
        with self._changed:
            ticket.is_cancelled = True
            job = ticket.job
            if not any(other.visitor == ticket.visitor and other.is_wanted for other in job.tickets):
                self._queue.remove(job, ticket.visitor)
            self._drop_unwanted([job])

    def _drop_unwanted(self, jobs: list[Job] | None = None) -> None:
        """Drop the queued requests that nobody waits for."""
        for job in list(self._queue) if jobs is None else jobs:
            if job is not self._computed and not job.is_wanted:
                self._drop(job)

    def _drop(self, job: Job) -> None:
        self._queue.remove(job)
        self._requests.pop(job, None)
        if not job.answer.done():
            job.answer.cancel()
            job.answer.set_running_or_notify_cancel()  # tells those who wait

    def _compute_all(self) -> None:
        """Compute what is queued, one after the other, until nothing came for so long that the process may end."""
        while True:
            with self._changed:
                self._drop_unwanted()
                job = None if self._is_closing else self._queue.pop()
                is_idle = job is None and not self._is_closing and not self._changed.wait(self.idle_seconds)
                if self._is_closing or (is_idle and not len(self._queue)):
                    self._thread = None
                    self._process.end()
                    atexit.unregister(self.close)
                    return
                if job is None:
                    continue
                self._computed = job
            self._compute(job, self._requests[job])

    def _compute(self, job: Job, request: ExplainRequest) -> None:
        answer: Answer | None = None
        error: FairprogError | None = None
        try:
            answer = self._answered(job, request)
        except GivenUpError:
            pass
        except FairprogError as found:
            error = found
        except Exception as found:  # noqa: BLE001 (whatever happens, the others in the queue get their answers)
            error = RunError(f"The explanation could not be computed ({shorten(repr(found))}); try again.")
        with self._changed:
            self._computed = None
            if answer is not None:
                job.answer.set_result(answer)
            elif error is not None:
                job.answer.set_exception(error)
            elif job.is_wanted and not self._is_closing:  # a visitor joined while it was given up
                for ticket in job.tickets:
                    self._queue.add(ticket.visitor, job)
                return
            self._drop(job)
            job.tickets.clear()

    def _answered(self, job: Job, request: ExplainRequest) -> Answer:
        """Compute an answer; a crash is tried once more, because another program may have caused it."""

        def is_given_up(seconds: float) -> bool:
            # A request that nobody wants is stopped once it has cost as much as the new process that this costs.
            return self._is_closing or (seconds > self._process.start_seconds and not job.is_wanted)

        for _ in range(2):
            with suppress(CrashError):
                return self._process.answer(request, job.allowance, is_given_up)
        raise RunError(
            "The process that explains ended twice while it worked on this, perhaps for want of memory; close other "
            f"programs, try again, or give {request.lighter}."
        )


def _has_failed(job: Job) -> bool:
    return job.answer.done() and (job.answer.cancelled() or job.answer.exception() is not None)
