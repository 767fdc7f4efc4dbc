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
from fairprog_core.runs.table.process_start import is_start, process_start

State = Literal["queued", "running", "done", "failed", "cancelled", "lost"]

OVER: tuple[State, ...] = ("done", "failed", "cancelled", "lost")
RESUMABLE: tuple[State, ...] = ("failed", "cancelled", "lost")
NOT_EXPORTED = frozenset({"token", "visitor"})  # columns that concern this home alone


@dataclass(frozen=True)
class Owner:
    """A process that executes runs.

    Attributes:
        host: name of the machine.
        pid: process id on that machine.
        process_started: when the process started, see `process_start`; distinguishes it from a later process with
            the same id.
    """

    host: str
    pid: int
    process_started: float

    @classmethod
    def this_process(cls) -> "Owner":
        """The calling process."""
        return _owner_of(os.getpid())

    @classmethod
    def of(cls, pid: int) -> "Owner":
        """A living process of this machine.

        Raises:
            psutil.NoSuchProcess: it has ended.
        """
        return cls(socket.gethostname(), pid, process_start(psutil.Process(pid)))

    def is_alive(self) -> bool | None:
        """Whether the process exists; None when it belongs to another machine."""
        if self.host != socket.gethostname():
            return None
        try:
            process = psutil.Process(self.pid)
            return is_start(process, self.process_started) and process.status() != psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:
            return False
        except psutil.AccessDenied:
            return True


@cache
def _owner_of(pid: int) -> Owner:
    return Owner.of(pid)


@dataclass(frozen=True)
class Run:
    """The state of one run when it was read. Times are seconds since 1970.

    Attributes:
        number: counts the runs of a home, from 1; never reused.
        id: eight hex digits; the name of the artifact folder and the ``?run=`` of the page.
        name: the study's name.
        state: queued, running, done, failed, cancelled or lost.
        study: the study as JSON.
        created: when the row was created.
        queued: when it was last queued; defines the order of the queue.
        started, finished: of the last attempt.
        seconds_before: time spent by earlier attempts.
        attempt: number of starts. A reader that keeps records must read them again from
            ``after=0`` when this number changes.
        token: set at each claim; a worker must stop when its token differs from the row's.
        host, pid, process_started, heartbeat: the process that executes it, and its last heartbeat.
        cancel_requested: when cancelling was requested.
        terminated: when its process got SIGTERM.
        may_be_ended: whether cancelling may end its process when a step takes long; False for ``fp.run``,
            whose process is a notebook or script of the user.
        error: one sentence, for failed and lost runs.
        log: path of the log, relative to the home.
        stage, label, fraction, seconds_left: the last ``stage`` record.
        figures: the main figures, one JSON object per method, trigger and criterion.
        last_seq: ``seq`` of the newest record.
        visitor: who submitted it on a shared server, as a digest; None: the owner of the home.
        paused: when it was asked to pause; stays set where its worker was freed meanwhile.
        damage: one sentence about a row with invalid columns, which are replaced by empty values; None: the row is
            valid.
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
    visitor: str | None = None
    paused: float | None = None
    damage: str | None = None

    @property
    def is_over(self) -> bool:
        return self.state in OVER

    @property
    def is_cancelling(self) -> bool:
        """Whether it is still running after a cancel request."""
        return self.state == "running" and self.cancel_requested is not None

    @property
    def is_paused(self) -> bool:
        """Whether it waits to go on, with its worker or, after some minutes, without."""
        is_waiting = self.state == "running" and self.cancel_requested is None
        return self.paused is not None and (is_waiting or self.state == "cancelled")

    @property
    def can_resume(self) -> bool:
        return self.state in RESUMABLE

    @property
    def owner(self) -> Owner | None:
        """The process of its current or last attempt."""
        if self.host is None or self.pid is None or self.process_started is None:
            return None
        return Owner(self.host, self.pid, self.process_started)

    @property
    def seconds(self) -> float:
        """Seconds spent so far, over all attempts."""
        if self.started is None or self.state == "queued":
            return self.seconds_before
        end = self.finished if self.finished is not None else time.time()
        return self.seconds_before + max(end - self.started, 0.0)
