"""A worker: a process that claims queued runs and executes them, one after the other.

It stays alive between runs, because importing torch takes seconds. It exits after ten idle minutes,
when its home is gone, or when another version of fairprog was installed.
"""

import argparse
import gc
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal

from sqlalchemy.exc import DatabaseError

from fairprog_core.common import plugins
from fairprog_core.common.errors import FairprogError, UnknownRunError
from fairprog_core.common.errors.machine import machine_error
from fairprog_core.common.home import Home
from fairprog_core.common.limits import n_cores
from fairprog_core.common.process.shared import is_shared
from fairprog_core.common.process.version import code_version
from fairprog_core.common.records import Record
from fairprog_core.pipeline.tasks.cluster import address as cluster
from fairprog_core.runs.launcher import slots
from fairprog_core.runs.log_format import log_to_stdout
from fairprog_core.runs.recorder import Execute, StopRequest, record_run
from fairprog_core.runs.slot import Slot
from fairprog_core.runs.store import Store
from fairprog_core.runs.table.run import Owner, Run
from fairprog_core.runs.timing.patiently import passing_refusal, patiently
from fairprog_core.runs.wakeup import WakeupPipe
from fairprog_core.study import Study

Reason = Literal["idle", "stopped", "outdated"]

IDLE_SECONDS = 600.0
POLL_SECONDS = 2.0  # an idle worker checks queue, home and version this often without a wakeup
SHARED_NICE = 10  # of 19: a tenth of a core beside a busy page server, all of it beside an idle one
ENDED = "Its worker was terminated; resume the run to continue from its last checkpoint."

log = logging.getLogger(__name__)


def work(
    home: Home,
    *,
    slot: int = 0,
    idle_seconds: float = IDLE_SECONDS,
    execute: Execute | None = None,
    read_version: Callable[[], str] = code_version,
) -> Reason:
    """Claim and execute runs until there is a reason to exit; returns the reason.

    Args:
        home: must exist.
        slot: number of the slot; one worker per slot and home.
        idle_seconds: exit after this time without a run.
        execute: computes a run; None: ``fairprog_core.pipeline.execute.execute``.
        read_version: returns the code's version; the worker exits when it has changed.

    Raises:
        RunError: the slot is taken.
    """
    taken = Slot(home, slot, read_version())
    taken.take()
    _give_way_to_pages()
    pipe, stop = WakeupPipe(taken.pipe), StopRequest("lost", ENDED)
    _handle_signals(stop, pipe)
    threading.Thread(target=_exit_when_gone, args=(taken,), name="home-guard", daemon=True).start()
    try:
        taken.write_status("starting")
        with _store_when_there(home) as store:
            ready, warm_up = (execute, None) if execute else _pipeline(home)
            worker = Worker(store, taken, stop, ready, warm_up)
            reason = worker.serve(pipe, idle_seconds=idle_seconds, read_version=read_version)
        taken.clear_status()  # that of a worker which ends by an error stays: it says what the worker was doing
    finally:
        taken.lock.release()
    log.info("Leaving: %s.", reason)
    return reason


class Worker:
    """Executes queued runs, in one slot.

    Args:
        store: of the home.
        slot: of this worker.
        stop: set by a signal.
        execute: computes a run.
        warm_up: imports what a run needs besides; called once, as soon as there is no run to begin. None: nothing.
    """

    def __init__(
        self, store: Store, slot: Slot, stop: StopRequest, execute: Execute, warm_up: Callable[[], None] | None = None
    ) -> None:
        self.store, self.slot, self.stop, self.execute, self.warm_up = store, slot, stop, execute, warm_up
        self._is_blind = False  # whether the run table cannot be used at the moment

    def serve(self, pipe: WakeupPipe, *, idle_seconds: float, read_version: Callable[[], str]) -> Reason:
        """Claim and execute runs until it is time to exit."""
        self.slot.write_status("idle")
        idle_since = time.monotonic()
        while not self.stop.event.is_set():
            if read_version() != self.slot.code:
                return "outdated"
            if run := self.claim():
                self.execute_run(run)
                idle_since = time.monotonic()
                continue
            if self.warm_up is not None:
                self.warm_up()
                self.warm_up = None
                continue
            left = idle_seconds - (time.monotonic() - idle_since)
            if left <= 0 and self.may_leave():
                return "idle"
            pipe.wait(min(max(left, 0.0), POLL_SECONDS))
        return "stopped"

    def claim(self) -> Run | None:
        """Claim the next run; None when the queue is empty, or when the run table cannot be used at the moment."""
        try:
            run = self.store.claim(Owner.this_process())
        except DatabaseError as error:
            if not self._is_blind:  # once, not with every look
                log.error("No run can be claimed now: %s", machine_error(error, self.store.home.path) or error.orig)
            self._is_blind = True
            return None
        self._is_blind = False
        return run

    def execute_run(self, run: Run) -> None:
        """Execute one claimed run."""
        self.slot.write_status("busy", run.id)
        log.info("Run %s (%s), attempt %d", run.id, run.name, run.attempt)
        for _ in record_run(self.store, run, self.execute, self.stop, log_name=self.slot.log_name):
            pass
        if self._was_cancelled_by_signal(run):
            self.stop.event.clear()
        gc.collect()
        self.slot.write_status("idle")

    def _was_cancelled_by_signal(self, run: Run) -> bool:
        """Whether SIGTERM was meant to cancel this run only, which reacted late or had just ended; not the worker."""
        try:
            ended = patiently(lambda: self.store.get(run.id))
        except UnknownRunError:  # it was removed meanwhile, which only a run that has ended can be
            log.info("Run %s is removed.", run.id)
            return True
        log.info("Run %s is %s.", run.id, ended.state)
        return bool(ended.terminated) and ended.state != "lost"

    def may_leave(self) -> bool:
        """Remove the status file, then check the queue again: a later submit starts another worker."""
        if self._is_blind:
            return False
        self.slot.clear_status()
        try:
            if not self.store.has_queued():
                return True
        except DatabaseError:  # away since the last look: stay, and look again
            pass
        self.slot.write_status("idle")  # the submit before saw a worker here and started none
        return False


def _give_way_to_pages() -> None:
    """On a shared server let the pages go first where both want a core; an idle core is the worker's all the same."""
    if is_shared() and hasattr(os, "setpriority"):
        os.setpriority(os.PRIO_PROCESS, 0, max(os.getpriority(os.PRIO_PROCESS, 0), SHARED_NICE))


def _store_when_there(home: Home) -> Store:
    """The store of a home, as soon as its database answers.

    Raises:
        FairprogError: it stays away, or the run table cannot be used.
    """
    try:
        return Store(home)
    except FairprogError as error:
        if passing_refusal(error) is not None:
            log.error("No run can be claimed yet: %s", error)
        return patiently(lambda: Store(home))


def _pipeline(home: Home) -> tuple[Execute, Callable[[], None]]:
    # all import torch now, so that a claimed run starts at once
    from fairprog_core.pipeline.calibration import calibrate
    from fairprog_core.pipeline.execute import execute
    from fairprog_core.pipeline.jobs.environment import choose_device, warm_up

    def get_ready() -> None:
        warm_up()
        calibrate(home)

    n_slots, on = slots(), cluster.from_environment()

    def execute_here(study: Study, *, home: Home, folder: Path) -> Iterator[Record]:
        has_a_share = n_slots > 1 and not on and choose_device(study.device).type == "cpu"  # a GPU is a slot's own
        jobs = max(n_cores() // n_slots, 1) if has_a_share else None
        yield from execute(study, home=home, folder=folder, jobs=jobs, on=on)

    return execute_here, get_ready


def _handle_signals(stop: StopRequest, pipe: WakeupPipe) -> None:
    def handle(_signum: int, _frame: object) -> None:
        stop.event.set()
        pipe.wake()

    signal.signal(signal.SIGTERM, handle)
    signal.signal(signal.SIGINT, handle)


def _exit_when_gone(slot: Slot) -> None:
    """End the process when its home is gone: further writes would create the folder again."""
    pause = threading.Event()
    while not pause.wait(POLL_SECONDS):
        if slot.is_gone():
            os._exit(1)


def _start_successor(home: Home, slot: int, idle_seconds: float) -> None:
    """Start a worker of the new version when runs are queued: no other worker was started for them."""
    from fairprog_core.runs import launcher

    with Store(home) as store:
        if store.has_queued():
            launcher.start(home, slot, idle_seconds=idle_seconds)


def main() -> None:
    """Entry point of the process that the launcher starts; its output is its log."""
    parser = argparse.ArgumentParser(prog="python -m fairprog_core.runs.worker")
    parser.add_argument("home", type=Path)
    parser.add_argument("--slot", type=int, default=0)
    parser.add_argument("--idle", type=float, default=IDLE_SECONDS)
    options = parser.parse_args()
    log_to_stdout("%(asctime)s %(levelname)s %(message)s")
    home = Home(options.home)
    for sentence in plugins.problems():
        log.warning("%s", sentence)
    try:
        reason = work(home, slot=options.slot, idle_seconds=options.idle)
        if reason == "outdated":
            _start_successor(home, options.slot, options.idle)
    except FairprogError as error:
        log.error("%s", error)
        sys.exit(1)
    except (DatabaseError, OSError) as error:
        if (problem := machine_error(error, home.path)) is None:
            raise
        log.error("%s", problem)
        sys.exit(1)


if __name__ == "__main__":
    main()
