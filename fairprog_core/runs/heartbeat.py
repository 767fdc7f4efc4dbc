"""What has become of a running run: decisions about heartbeats, processes and cancelling.

Anybody who looks at the runs applies them (``Store.reap``): the page, the command line, the
next worker. So no watchman has to stay alive for the states to be true.
"""

import os
import signal
import time
from dataclasses import dataclass
from typing import Literal

import psutil

from fairprog_core.runs.table.run import Owner, Run

Verdict = Literal["leave", "terminate", "kill", "cancelled", "lost"]

LOST_SENTENCE = "The process that carried it out is gone; resume it to go on from its last checkpoint."


@dataclass(frozen=True)
class Patience:
    """How long to wait, in seconds.

    Attributes:
        lost: without a heartbeat, and the process gone: the run is lost.
        elsewhere: the same for a process of another machine, whose end cannot be seen from here.
        terminate: after the wish to cancel until the process is asked to end (SIGTERM).
        kill: after the wish to cancel until the process is ended (SIGKILL).
    """

    lost: float = 15.0
    elsewhere: float = 60.0
    terminate: float = 1.0
    kill: float = 1.5


def verdict(run: Run, *, now: float, patience: Patience) -> Verdict:
    """What to do about a running run."""
    silent = now - (run.heartbeat or 0.0)
    if run.cancel_requested is None:
        return "lost" if silent > patience.lost and _is_gone(run, silent, patience) else "leave"
    if _is_gone(run, silent, patience):
        return "cancelled"
    waited = now - run.cancel_requested
    if waited <= patience.terminate or not run.may_be_ended or _is_elsewhere(run):
        return "leave"
    if waited > patience.kill:
        return "kill"
    return "leave" if run.terminated else "terminate"


def _is_gone(run: Run, silent: float, patience: Patience) -> bool:
    """Whether its process has ended; of another machine's process only silence tells."""
    if run.owner is None:
        return True
    alive = run.owner.is_alive()
    return silent > patience.elsewhere if alive is None else not alive


def _is_elsewhere(run: Run) -> bool:
    return run.owner is not None and run.owner.host != Owner.this_process().host


def end(owner: Owner, *, kill: bool) -> None:
    """Ask a process to end, or end it; a process never ends itself here."""
    if owner.pid == os.getpid():
        return
    try:
        process = psutil.Process(owner.pid)
        process.send_signal(signal.SIGKILL) if kill else process.terminate()
    except psutil.NoSuchProcess:
        pass
    if kill:
        _until_gone(owner)


def _until_gone(owner: Owner) -> None:
    """SIGKILL takes effect within milliseconds; the folder is free only then."""
    deadline = time.monotonic() + 1.0
    while owner.is_alive() and time.monotonic() < deadline:
        time.sleep(0.005)
