"""One row of the run table as a value, and the process that owns it."""

import os
import socket
import time
from dataclasses import dataclass, field
from functools import cache
from typing import Literal

import psutil

from fairprog_core.results.result import StudyJson
from fairprog_core.results.summary import SummaryRow

State = Literal["queued", "running", "done", "failed", "cancelled", "lost"]

OVER: tuple[State, ...] = ("done", "failed", "cancelled", "lost")
RESUMABLE: tuple[State, ...] = ("failed", "cancelled", "lost")


@dataclass(frozen=True)
class Owner:
    """A process that carries out runs.

    Attributes:
        host: name of the machine.
        pid: process number there.
        process_started: when the process started, in seconds since 1970; tells it from a
            later process with the same number.
    """

    host: str
    pid: int
    process_started: float

    @classmethod
    def this_process(cls) -> "Owner":
        """The process that asks."""
        return _owner_of(os.getpid())

    def is_alive(self) -> bool | None:
        """Whether the process exists; None when it belongs to another machine."""
        if self.host != socket.gethostname():
            return None
        try:
            process = psutil.Process(self.pid)
            # the clock behind the start time may be corrected by a second or so
            same = abs(process.create_time() - self.process_started) < 2
            return same and process.status() != psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:
            return False
        except psutil.AccessDenied:
            return True


@cache
def _owner_of(pid: int) -> Owner:
    return Owner(socket.gethostname(), pid, psutil.Process(pid).create_time())


@dataclass(frozen=True)
class Run:
    """One run as it stood when it was read. Times are seconds since 1970.

    Attributes:
        number: counts the runs of a home, from 1; never used twice.
        id: eight hex digits; the name of the artifact folder and the ``?run=`` of the page.
        name: the study's name.
        state: queued, running, done, failed, cancelled or lost.
        study: the study as JSON.
        created: when the row was made.
        queued: when it was last put into the queue; the queue's order.
        started, finished: of the last attempt.
        seconds_before: time spent by earlier attempts.
        attempt: how often it was started. A reader that keeps records must start again at
            ``after=0`` when this number changes.
        token: made at each claim; a worker whose token is no longer the row's must stop.
        host, pid, process_started, heartbeat: the process that carries it out.
        cancel_requested: when somebody asked to cancel it.
        terminated: when its process was asked to end.
        may_be_ended: whether cancelling may end its process when a step takes long; not so for
            somebody's notebook.
        error: one sentence, for failed and lost runs.
        log: where to read more, relative to the home.
        stage, label, fraction, seconds_left: the last ``stage`` record.
        figures: the main figures, one JSON object per method, trigger and criterion.
        last_seq: number of the newest record; changes whenever there is something new.
        damage: one sentence about a row that cannot be read as a whole; what cannot be read has a value that stands
            for nothing. None: the row is sound.
    """

    number: int
    id: str
    name: str
    state: State
    study: StudyJson
    created: float
    queued: float
    started: float | None = None
    finished: float | None = None
    seconds_before: float = 0.0
    attempt: int = 0
    token: str | None = None
    host: str | None = None
    pid: int | None = None
    process_started: float | None = None
    heartbeat: float | None = None
    cancel_requested: float | None = None
    terminated: float | None = None
    may_be_ended: bool = True
    error: str | None = None
    log: str | None = None
    stage: str | None = None
    label: str | None = None
    fraction: float = 0.0
    seconds_left: float | None = None
    figures: list[SummaryRow] = field(default_factory=list)
    last_seq: int = 0
    damage: str | None = None

    @property
    def is_over(self) -> bool:
        return self.state in OVER

    @property
    def is_cancelling(self) -> bool:
        """Whether it still runs although somebody asked to cancel it."""
        return self.state == "running" and self.cancel_requested is not None

    @property
    def can_resume(self) -> bool:
        return self.state in RESUMABLE

    @property
    def owner(self) -> Owner | None:
        """The process that carries it out, or carried it out last."""
        if self.host is None or self.pid is None or self.process_started is None:
            return None
        return Owner(self.host, self.pid, self.process_started)

    @property
    def seconds(self) -> float:
        """Time spent so far, over all attempts."""
        if self.started is None or self.state == "queued":
            return self.seconds_before
        end = self.finished if self.finished is not None else time.time()
        return self.seconds_before + max(end - self.started, 0.0)
