"""Whether a running run is alive, lost or to be ended, from its heartbeat, its process and its cancel flag.

Every reader of the run table applies these rules (``Store.reap``): the page, the command line, the
next worker. So the states are correct without a monitoring process.
"""

import os
import signal
import time
from dataclasses import dataclass
from typing import Literal

import psutil

from fairprog_core.runs.table.run import Owner, Run

Remedy = Literal["leave", "terminate", "kill", "cancelled", "lost"]

LOST_SENTENCE = "The process of this run has ended; resume the run to continue from its last checkpoint."


@dataclass(frozen=True)
class Patience:
    """Timeouts in seconds.

    Attributes:
        lost: a run is lost when its process has ended and its last heartbeat is older than this.
        elsewhere: a process on another machine counts as ended after this time without a heartbeat.
        terminate: time from the cancel request to SIGTERM.
        kill: time from the cancel request to SIGKILL.
    """

    lost: float = 15.0
    elsewhere: float = 60.0
    terminate: float = 1.0
    kill: float = 1.5


def verdict(run: Run, *, now: float, patience: Patience) -> Remedy:
    """The action that a running run needs now.

    A time of this machine that lies ahead is as old as one that lies as far back: the clock was set meanwhile.
    """
    silent = now - (run.heartbeat or 0.0)
    if run.cancel_requested is None:
        return "lost" if abs(silent) > patience.lost and _is_gone(run, silent, patience) else "leave"
    if _is_gone(run, silent, patience):
        return "cancelled"
    waited = abs(now - run.cancel_requested)
    if waited <= patience.terminate or not run.may_be_ended or is_elsewhere(run):
        return "leave"
    if waited > patience.kill:
        return "kill"
    return "leave" if run.terminated else "terminate"


def ended_at(run: Run, *, now: float, patience: Patience) -> float:
    """When a run ended whose process is gone: now, or at its last heartbeat if the clock may have been set since."""
    beat = run.heartbeat if run.heartbeat is not None else now
    return now if abs(now - beat) <= patience.elsewhere else beat


def _is_gone(run: Run, silent: float, patience: Patience) -> bool:
    """Whether the run's process has ended; on another machine, whether its heartbeat has been missing for too long."""
    if run.owner is None:
        return True
    alive = run.owner.is_alive()
    return silent > patience.elsewhere if alive is None else not alive  # the clocks of both machines must agree


def is_elsewhere(run: Run) -> bool:
    """Whether the run's process is one of another machine."""
    return run.owner is not None and run.owner.host != Owner.this_process().host


def end(owner: Owner, *, kill: bool) -> None:
    """Send SIGTERM or SIGKILL to a process; does nothing when it is the calling process."""
    if owner.pid == os.getpid():
        return
    try:
        process = psutil.Process(owner.pid)
        process.send_signal(signal.SIGKILL) if kill else process.terminate()
    except psutil.NoSuchProcess:
        pass
    if kill:
        _wait_until_gone(owner)


def _wait_until_gone(owner: Owner) -> None:
    """Wait at most a second until a killed process has ended: its folder can be removed only then."""
    deadline = time.monotonic() + 1.0
    while owner.is_alive() and time.monotonic() < deadline:
        time.sleep(0.005)
