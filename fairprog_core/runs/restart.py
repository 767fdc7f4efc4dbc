"""What follows when a worker ends by an error: the next run is told, and another worker is started.

A worker's watchdog becomes this process; ``keep`` does the same from time to time in the process of the dashboard,
where watchdog and worker have ended together.
"""

import argparse
import contextlib
import threading
from pathlib import Path

from filelock import FileLock, Timeout
from sqlalchemy.exc import DatabaseError

from fairprog_core.common.errors import FairprogError
from fairprog_core.common.home import Home
from fairprog_core.runs import launcher, wakeup
from fairprog_core.runs.store import Store

PAUSE_SECONDS = 1.0  # before a worker is started again
KEEP_SECONDS = 5.0  # between two looks of ``keep``


def restart(home: Home, slot: int, *, idle_seconds: float | None = None) -> None:
    """Start the worker of a slot again if runs are queued and no other worker has the slot.

    Where the worker had not begun a run, the next one is told, which fails after a few times.
    """
    folder = wakeup.folder(home)
    if not folder.is_dir():  # the home was removed: leave it so
        return
    threading.Event().wait(PAUSE_SECONDS)  # memory or threads that are short may be free again
    with FileLock(folder / "launch.lock"):
        if slot in {worker.slot for worker in launcher.workers(home)} or _is_locked(folder / f"slot-{slot}.lock"):
            return
        launcher.tell_of_the_last(home, slot)
        with Store(home) as store:
            is_wanted = store.has_queued()
        if is_wanted:
            launcher.start(home, slot, idle_seconds=idle_seconds)


def keep(home: Home, *, stop: threading.Event | None = None, seconds: float = KEEP_SECONDS) -> None:
    """Start missing workers whenever runs are queued, until ``stop`` is set or the home is gone."""
    stop = stop or threading.Event()
    with contextlib.suppress(FairprogError), Store(home) as store:
        while not stop.wait(seconds) and home.path.is_dir():
            with contextlib.suppress(FairprogError, DatabaseError, OSError):  # the next look tries again
                if store.has_queued() and len(launcher.workers(home)) < launcher.slots():
                    launcher.ensure_workers(home)


def _is_locked(path: Path) -> bool:
    try:
        with FileLock(path, timeout=0):
            return False
    except Timeout:
        return True


def main() -> None:
    """Entry point of the process that a watchdog becomes; its output is the worker's log."""
    parser = argparse.ArgumentParser(prog="fairprog_core.runs.restart")
    parser.add_argument("home", type=Path)
    parser.add_argument("--slot", type=int, required=True)
    parser.add_argument("--idle", type=float)
    options = parser.parse_args()
    home = Home(options.home)
    with contextlib.suppress(FairprogError, DatabaseError):  # a run table that cannot be used is told by its readers
        restart(home, options.slot, idle_seconds=options.idle)
