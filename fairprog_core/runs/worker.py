"""A worker: a process that claims runs and carries them out, one after the other.

It stays between runs, because importing torch takes seconds, and leaves by itself after ten
idle minutes, when its home is gone, or when another version of fairprog was installed.
"""

import argparse
import gc
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Literal

from fairprog_core.common import plugins
from fairprog_core.common.errors import FairprogError
from fairprog_core.common.home import Home
from fairprog_core.common.version import code_version
from fairprog_core.runs.recorder import Execute, StopRequest, carry_out
from fairprog_core.runs.slot import Slot
from fairprog_core.runs.store import Store
from fairprog_core.runs.table.run import Owner, Run
from fairprog_core.runs.wakeup import WakeupPipe

Reason = Literal["idle", "stopped", "outdated"]

IDLE_SECONDS = 600.0
LOOK_SECONDS = 2.0  # between looks at the queue, the home and the version when nobody rings
ENDED = "Its worker was asked to end; resume the run to go on from its last checkpoint."

log = logging.getLogger(__name__)


def work(
    home: Home,
    *,
    slot: int = 0,
    idle_seconds: float = IDLE_SECONDS,
    execute: Execute | None = None,
    read_version: Callable[[], str] = code_version,
) -> Reason:
    """Claim runs and carry them out until there is a reason to leave, which is returned.

    Args:
        home: must exist.
        slot: the worker's place; one worker per slot and home.
        idle_seconds: leave after so long without a run.
        execute: computes a run; None: ``fairprog_core.pipeline.execute.execute``.
        read_version: the worker leaves when what this returns has changed.

    Raises:
        RunError: the slot is taken.
    """
    place = Slot(home, slot, read_version())
    place.take()
    bell, stop = WakeupPipe(place.pipe), StopRequest("lost", ENDED)
    _on_signals(stop, bell)
    threading.Thread(target=_leave_when_gone, args=(place,), name="home-guard", daemon=True).start()
    try:
        place.write_status("starting")
        with Store(home) as store:
            worker = Worker(store, place, stop, execute or _the_real_one())
            reason = worker.serve(bell, idle_seconds=idle_seconds, read_version=read_version)
    finally:
        place.leave()
    log.info("Leaving: %s.", reason)
    return reason


class Worker:
    """Carries out what is queued, in one slot."""

    def __init__(self, store: Store, place: Slot, stop: StopRequest, execute: Execute) -> None:
        self.store, self.place, self.stop, self.execute = store, place, stop, execute

    def serve(self, bell: WakeupPipe, *, idle_seconds: float, read_version: Callable[[], str]) -> Reason:
        """Claim and carry out until it is time to leave."""
        self.place.write_status("idle")
        idle_since = time.monotonic()
        while not self.stop.event.is_set():
            if read_version() != self.place.code:
                return "outdated"
            if run := self.store.claim(Owner.this_process()):
                self.carry(run)
                idle_since = time.monotonic()
                continue
            left = idle_seconds - (time.monotonic() - idle_since)
            if left <= 0 and self.may_leave():
                return "idle"
            bell.wait(min(max(left, 0.0), LOOK_SECONDS))
        return "stopped"

    def carry(self, run: Run) -> None:
        """Carry out one run."""
        self.place.write_status("busy", run.id)
        log.info("Run %s (%s), attempt %d", run.id, run.name, run.attempt)
        for _ in carry_out(self.store, run, self.execute, self.stop, log_name=self.place.log_name):
            pass
        gc.collect()
        ended = self.store.get(run.id)
        log.info("Run %s is %s.", run.id, ended.state)
        if ended.terminated and ended.state != "lost":
            self.stop.event.clear()  # the signal was meant for this run only: a long step held it up, or it just ended
        self.place.write_status("idle")

    def may_leave(self) -> bool:
        """Fall silent, then look once more: who submits from here on starts another worker."""
        self.place.clear_status()
        if not self.store.has_queued():
            return True
        self.place.write_status("idle")  # who submitted just before counts on this one
        return False


def _the_real_one() -> Execute:
    from fairprog_core.pipeline.execute import execute  # imports torch: a claimed run starts at once

    return execute


def _on_signals(stop: StopRequest, bell: WakeupPipe) -> None:
    def handle(_signum: int, _frame: object) -> None:
        stop.event.set()
        bell.ring()

    signal.signal(signal.SIGTERM, handle)
    signal.signal(signal.SIGINT, handle)


def _leave_when_gone(place: Slot) -> None:
    """End the process when its home was removed; writing on would only bring a part of it back."""
    pause = threading.Event()
    while not pause.wait(LOOK_SECONDS):
        if place.is_gone():
            os._exit(1)


def _hand_over(home: Home, slot: int, idle_seconds: float) -> None:
    """Start a worker of the new version when runs wait: who submitted them counted on this one."""
    from fairprog_core.runs import launcher

    with Store(home) as store:
        if store.has_queued():
            launcher.start(home, slot, idle_seconds=idle_seconds)


def main() -> None:
    """The process that the launcher starts: its output is its log."""
    parser = argparse.ArgumentParser(prog="python -m fairprog_core.runs.worker")
    parser.add_argument("home", type=Path)
    parser.add_argument("--slot", type=int, default=0)
    parser.add_argument("--idle", type=float, default=IDLE_SECONDS)
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s", stream=sys.stdout)
    home = Home(options.home)
    for sentence in plugins.problems():
        log.warning("%s", sentence)
    try:
        reason = work(home, slot=options.slot, idle_seconds=options.idle)
        if reason == "outdated":
            _hand_over(home, options.slot, options.idle)
    except FairprogError as error:
        log.error("%s", error)


if __name__ == "__main__":
    main()
