"""Executes one claimed run: writes its records and its final state to the store, and obeys its cancel flag.

The worker, ``fairprog run`` and ``fp.run`` loop over the records that `record_run` yields.
"""

import contextlib
import logging
import threading
import time
from collections.abc import Callable, Generator, Iterator
from typing import cast

from sqlalchemy.exc import DatabaseError

from fairprog_core.common.errors import FairprogError, RunError, shorten
from fairprog_core.common.errors.machine import home_is_gone, machine_error
from fairprog_core.common.records import Record
from fairprog_core.results.result import Result
from fairprog_core.results.run_folder import RESULT
from fairprog_core.results.summary import SummaryRow, main_figures
from fairprog_core.runs.store import Store, Wish
from fairprog_core.runs.table.run import Run, State
from fairprog_core.runs.timing.patiently import patiently
from fairprog_core.study import Study

Execute = Callable[..., Iterator[Record]]  # execute(study, *, home, folder), as in fairprog_core.pipeline.execute

FLUSH_SECONDS = 0.5
PAUSE_SECONDS = 300.0  # then a paused run frees its worker
LOOK_SECONDS = 0.2  # between two looks whether a paused run goes on
PAUSED = "It was paused for some minutes, and its worker was freed; it continues from its checkpoint when it goes on."
BEAT_SECONDS = 2.0
BLIND_SHARE = 20  # where the cancel flag cannot be read, training gets so many times as long as the attempt took
UNEXPECTED = "An unexpected "  # how the error of a run begins that the user did not cause
POSITIONS = {
    "train": "step",
    "validation": "step",
    "live": "step",
    "base": "step",
}  # per kind, the key that counts its records
BEFORE_CHECKPOINTS = "validation"  # a checkpoint is written after each record of this kind

log = logging.getLogger(__name__)


class StopRequest:
    """A request to stop, set by a signal. The run writes a checkpoint and stops at its next record.

    Args:
        state: state of the run after it has stopped: "lost" when its worker is terminated, "cancelled"
            after Ctrl-C.
        error: the run's error, one sentence.
    """

    def __init__(self, state: State, error: str | None = None) -> None:
        self.state = state
        self.error = error
        self.event = threading.Event()
        self.is_blind = False  # whether the cancel flag of the run cannot be read
        self.blind_until = 0.0  # then it is read again, by the monotonic clock


class Recorder:
    """Writes records to the store every half second, and a heartbeat every two seconds.

    It uses its own thread, so that heartbeats and records are written during a long step too.
    """

    def __init__(self, store: Store, run: Run, log_name: str | None) -> None:
        self._store, self._run, self._log_name = store, run, log_name
        self._pending: list[Record] = []
        self._figures: list[SummaryRow] | None = None
        self._lock = threading.Lock()
        self._writing = threading.Lock()
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._loop, name=f"recorder-{run.id}", daemon=True)
        self.is_taken = False  # whether another process has claimed the run
        self._is_failing = False  # whether the newest records could not be written yet
        self._seq = run.last_seq  # of the newest record that is known to be in the table

    def __enter__(self) -> "Recorder":
        self._seq = patiently(lambda: self._store.append(self._run.id, [], token=self._run.token, log=self._log_name))
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self._thread.join()
        try:
            patiently(self._write)
        except DatabaseError as error:
            log.error("Run %s: its last records cannot be written: %s", self._run.id, _reason(self._store, error))

    def add(self, record: Record, figures: list[SummaryRow] | None = None) -> None:
        """Add a record; it is written to the store within half a second."""
        with self._lock:
            self._pending.append(record)
            self._figures = figures if figures is not None else self._figures

    def check_home(self) -> None:
        """Refuse to go on in a home that was removed, as the next file would make a part of it again.

        Raises:
            MachineError: the home was removed or moved, even if another one has its path now.
        """
        if self._store.is_gone():
            raise home_is_gone(self._store.home.path)

    def _loop(self) -> None:
        beaten = time.monotonic()
        while not self._end.wait(FLUSH_SECONDS):
            if self.flush():
                beaten = time.monotonic()
            elif time.monotonic() - beaten >= BEAT_SECONDS:
                beaten = time.monotonic()
                with contextlib.suppress(DatabaseError):  # the database is busy or away: the next beat tries again
                    self.is_taken = not self._store.beat(self._run)

    def flush(self) -> bool:
        """Write the pending records now; returns whether any were written."""
        with self._writing:  # a second caller returns only after the first one has written its records
            try:
                is_any = self._write()
            except DatabaseError as error:
                if not self._is_failing:  # once: the log may lie on the same full disk
                    log.error(
                        "Run %s: its records cannot be written yet: %s", self._run.id, _reason(self._store, error)
                    )
                self._is_failing = True
                return False
            self._is_failing = False
            return is_any

    def _write(self) -> bool:
        """Write the pending records; those that cannot be written stay pending.

        Raises:
            DatabaseError: the run table is locked, or cannot be used.
        """
        with self._lock:
            pending, figures = self._pending, self._figures
            self._pending, self._figures = [], None
        if not pending or self.is_taken:
            return False
        try:
            token, after = self._run.token, self._seq
            self._seq = self._store.append(self._run.id, pending, token=token, after=after, figures=figures)
        except RunError:
            self.is_taken = True
        except DatabaseError:
            with self._lock:
                self._pending = pending + self._pending
                self._figures = self._figures if self._figures is not None else figures
            raise
        return True


def record_run(
    store: Store, run: Run, execute: Execute, stop: StopRequest, *, log_name: str | None = None
) -> Generator[Record]:
    """Execute a claimed run, write its records and its final state to the store; yields the records.

    An error of the run is not raised: it becomes the run's state. Read it with
    ``store.get`` afterwards.

    Args:
        store: the store that holds the run.
        run: as ``claim``, ``begin`` or ``take_over`` returned it.
        execute: computes the study; ``fairprog_core.pipeline.execute.execute``.
        stop: stops the run, as the run's own cancel flag does.
        log_name: the log of this process, relative to the home; unexpected errors are written there.
    """
    state: State = "done"
    error: str | None = None
    try:
        if run.damage:  # its study may be another one
            raise RunError(run.damage)
        study = Study.parse(run.study, where=f"run {run.id}")
        records = cast(Generator[Record], execute(study, home=store.home, folder=store.home.run(run.id)))
        # closing the generator writes the checkpoint; heartbeats continue meanwhile
        with Recorder(store, run, log_name) as recorder, contextlib.closing(records):
            for record in _without_repetition(store, run, records):
                recorder.add(record, _figures(store, run, record))
                if record["kind"] == BEFORE_CHECKPOINTS:
                    recorder.flush()  # a killed run resumes after the checkpoint: unwritten records would be missing
                yield record
                recorder.check_home()
                wish: Wish = "stop" if recorder.is_taken or stop.event.is_set() else _wish(store, run, stop)
                if wish == "wait":
                    recorder.flush()
                    wish = _wait(store, run, stop)
                if wish == "wait":
                    state, error = "cancelled", PAUSED
                    break
                if wish == "stop":
                    state, error = _stopped(store, run, stop)
                    break
    except FairprogError as problem:
        state, error = "failed", str(problem)
    except Exception as problem:
        log.exception("Run %s: unexpected error", run.id)
        where = f" The log has the details: {store.home.path / log_name}" if log_name else ""
        known = machine_error(problem, store.home.path)
        state, error = "failed", str(known or f"{UNEXPECTED}{type(problem).__name__} ended the run.{where}")
    except BaseException:  # Ctrl-C, the end of the process, or the caller has closed this generator
        state, error = stop.state, stop.error
        raise
    finally:
        patiently(lambda: store.finish(run, state, error=error, frees_worker=error == PAUSED))


def _wish(store: Store, run: Run, stop: StopRequest) -> Wish:
    """Whether the run was cancelled or paused; "go on" while the database does not answer."""
    asked = time.monotonic()
    if asked < stop.blind_until:
        return "go on"
    try:
        wish = store.wish(run)
    except DatabaseError as error:
        if not stop.is_blind:  # once, not after every record
            log.error("Run %s continues, but its cancel flag cannot be read: %s", run.id, _reason(store, error))
        now = time.monotonic()
        stop.is_blind, stop.blind_until, wish = True, now + BLIND_SHARE * (now - asked), "go on"
    else:
        stop.is_blind = False
    return wish


def _reason(store: Store, error: DatabaseError) -> str:
    """The sentence for a fault of the database."""
    return str(machine_error(error, store.home.path) or f"{shorten(error.orig)}.")


def _wait(store: Store, run: Run, stop: StopRequest) -> Wish:
    """Wait while a run is paused; "wait" after five minutes, unless its process is the user's own."""
    until = time.monotonic() + PAUSE_SECONDS
    while not stop.event.wait(LOOK_SECONDS):
        try:
            wish = store.wish(run)
        except DatabaseError:  # busy: look again
            continue
        if wish != "wait" or (run.may_be_ended and time.monotonic() >= until):
            return wish
    return "stop"


def _stopped(store: Store, run: Run, stop: StopRequest) -> tuple[State, str | None]:
    """State and error of a run that stops early; the cancel flag has priority over a signal."""
    is_cancelled = not stop.event.is_set() or _wish(store, run, stop) == "stop"
    return ("cancelled", None) if is_cancelled else (stop.state, stop.error)


def _without_repetition(store: Store, run: Run, records: Iterator[Record]) -> Iterator[Record]:
    """Yield the records; those that a resumed run repeats replace the earlier ones in the store."""
    seen: set[tuple[str, object]] = set()
    for record in records:
        kind, curve = record["kind"], record.get("curve")
        position = POSITIONS.get(kind)
        if run.attempt > 1 and position in record and (kind, curve) not in seen:
            seen.add((kind, curve))
            patiently(lambda: store.remove_repeated(run, like=record, position=str(position)))  # noqa: B023
        yield record


def _figures(store: Store, run: Run, record: Record) -> list[SummaryRow] | None:
    """The main figures after a record that changes them, else None."""
    if record["kind"] not in ("curve", "result"):
        return None
    folder = store.home.run(run.id)
    return main_figures(Result.open(folder)) if (folder / RESULT).is_file() else None
