"""The run table, which is also the queue: submit, claim, append, read, cancel, resume, remove.

Every change is one transaction. No other writer overlaps it; in PostgreSQL, none of the same run or of the queue. The
store holds JSON and does not depend on triggers or criteria.
"""

import contextlib
import shutil
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal, cast

from sqlalchemy import delete, select
from sqlalchemy.exc import DatabaseError

from fairprog_core.common.errors import RunError, shorten
from fairprog_core.common.home import Home
from fairprog_core.common.records import Record, WorkerRecord
from fairprog_core.results.summary import SummaryRow
from fairprog_core.runs import wakeup
from fairprog_core.runs.reader import RunReader
from fairprog_core.runs.table import rows
from fairprog_core.runs.table.run import Owner, Run, State
from fairprog_core.runs.table.tables import RECORDS, RUNS
from fairprog_core.runs.timing.claim_clock import ClaimClock
from fairprog_core.runs.timing.heartbeat import Patience
from fairprog_core.study import Study
from fairprog_core.study.check_limits import check_limits

Wish = Literal["go on", "wait", "stop"]

MOST_STARTS = 3  # workers that may fail to start for one run before it fails


class Store(RunReader):
    """The runs of one home. Cheap to keep, safe to share between threads, not between forks.

    Args:
        home: the home, or its path; None: ``FAIRPROG_HOME``, else the platform's data folder.
        url: of the database; None: ``FAIRPROG_DB_URL``, else ``runs.sqlite`` in the home.
        patience: timeouts for a missing heartbeat and for cancelling.

    Raises:
        ArtifactError: the table cannot be opened, or a newer fairprog wrote it.
        ConfigError: ``FAIRPROG_DB_URL`` names no database, or its driver is not installed.
    """

    def __init__(
        self, home: Home | str | Path | None = None, *, url: str | None = None, patience: Patience | None = None
    ) -> None:
        super().__init__(home, url=url, patience=patience)
        self._closed = threading.Event()
        self._cancelling: set[threading.Thread] = set()
        self._clock = ClaimClock()
        self._unanswered: dict[Owner, str] = {}  # tokens of claims of which it is not known whether they were written

    def close(self) -> None:
        """Close the connections; threads that enforce cancellations stop."""
        self._closed.set()
        for thread in list(self._cancelling):
            thread.join()
        super().close()

    # ---- called by the page and the command line

    def submit(self, study: Study, *, visitor: str | None = None) -> str:
        """Queue a study; returns the id of its run.

        Args:
            study: the study.
            visitor: who submits it on a shared server, at most 64 characters; None: the owner of the home.

        Raises:
            ConfigError: the study exceeds a limit of this machine.
            RunError: the queue is full, or the visitor has too many runs.
        """
        check_limits(study)
        with self.database.writing() as connection:
            rows.check_room(connection, visitor)
            run_id = rows.create(connection, study, visitor=visitor)
        wakeup.wake(self.home)
        return run_id

    def cancel(self, run_id: str, *, wait: bool = False) -> Run:
        """Cancel a run: a queued one at once, a running one within two seconds.

        A worker that computes stops at the next record and writes a checkpoint. When a step takes longer
        than a second, its process gets SIGTERM, half a second later SIGKILL.

        Args:
            run_id: the run.
            wait: return when the run is cancelled; else at once, and a thread enforces the cancellation.

        Raises:
            RunError: no run has this id, or the run has ended already.
        """
        with self.database.writing() as connection:
            run = rows.get(connection, run_id, lock=True)
            if run.is_over:
                raise RunError(f"Run {run_id} is {run.state} already; there is nothing to cancel.")
            now = time.time()
            if run.state == "queued":
                rows.change(connection, rows.with_id(run_id), state="cancelled", finished=now)
            elif run.cancel_requested is None:
                rows.change(connection, rows.with_id(run_id), cancel_requested=now, paused=None)
        if run.state == "running":
            thread = threading.Thread(target=self._enforce_cancel, args=(run_id,), name=f"cancel-{run_id}", daemon=True)
            self._cancelling.add(thread)
            thread.start()
            if wait:
                thread.join()
        return self.get(run_id)

    def pause(self, run_id: str) -> Run:
        """Let a running run wait after its next record, until it is resumed; it stays running.

        After five minutes it writes a checkpoint and frees its worker: it is cancelled then, and can be resumed.

        Raises:
            RunError: no run has this id, or it is not running.
        """
        with self.database.writing() as connection:
            run = rows.get(connection, run_id, lock=True)
            if run.state != "running":
                raise RunError(f"Run {run_id} is {run.state}; only a running run can be paused.")
            if run.cancel_requested is not None:
                raise RunError(f"Run {run_id} is being cancelled; resume it afterwards.")
            rows.change(connection, rows.with_id(run_id), paused=time.time())
        return self.get(run_id)

    def resume(self, run_id: str, *, visitor: str | None = None) -> Run:
        """Let a paused run go on; queue a lost, cancelled or failed one again: it continues from its checkpoint.

        Args:
            run_id: the run.
            visitor: as of `submit`; the run is counted as theirs from now on. None: it stays whose it was.

        Raises:
            RunError: no run has this id, the run is queued, running or done, or there is no room for it.
        """
        self.reap()
        with self.database.writing() as connection:
            run = rows.get(connection, run_id, lock=True)
            if run.is_paused and run.state == "running":
                rows.change(connection, rows.with_id(run_id), paused=None)
                return replace(run, paused=None)
            if run.can_resume:  # else `requeue` says why not
                rows.check_room(connection, visitor)
            rows.requeue(connection, run, visitor=visitor)
        wakeup.wake(self.home)
        return self.get(run_id)

    def remove(self, run_id: str) -> None:
        """Delete a run: its row, its records and its folder.

        Raises:
            RunError: no run has this id, or the run is running.
        """
        self.reap()
        with self.database.writing() as connection:
            run = rows.get(connection, run_id, lock=True)
            if run.state == "running":
                raise RunError(f"Run {run_id} is running; cancel it first.")
            connection.execute(delete(RECORDS).where(RECORDS.c.run == run.number))
            connection.execute(delete(RUNS).where(RUNS.c.number == run.number))
        shutil.rmtree(self.home.run(run.id), ignore_errors=True)

    def take_in(self, run_id: str, row: Mapping[str, Any], records: Sequence[Record], *, folder: Path) -> None:
        """Add a run of another home that is over, see `exchange.take_in`.

        Args:
            run_id: its id.
            row: its columns there.
            records: its records.
            folder: its artifact folder, which moves to its place; in the folder of runs of this home.

        Raises:
            RunError: this home has such a run, or a column or record is not as fairprog writes it.
        """
        with self.database.writing() as connection:
            if self.home.run(run_id).exists() or rows.count(connection, rows.with_id(run_id)):
                raise RunError(f"This home has the run {run_id} already; remove that one first, if you want this one.")
            rows.take_in(connection, run_id, row, records)
            folder.rename(self.home.run(run_id))

    # ---- called by the process that executes a run

    def begin(self, study: Study, owner: Owner, *, may_be_ended: bool = False) -> Run:
        """Create a run that ``owner`` executes itself, without the queue.

        Args:
            study: the study.
            owner: the process that executes the run.
            may_be_ended: whether cancelling may end the process when a step takes long.

        Raises:
            ConfigError: the study exceeds a limit of this machine.
        """
        check_limits(study)
        with self.database.writing() as connection:
            run = rows.start(connection, rows.create(connection, study), owner, may_be_ended=may_be_ended)
        return self._clock.begin(run)

    def take_over(self, run_id: str, owner: Owner, *, may_be_ended: bool = False) -> Run:
        """Assign a lost, cancelled or failed run to ``owner``, which continues it without the queue.

        Args:
            run_id: the run.
            owner: the process that executes the run.
            may_be_ended: whether cancelling may end the process when a step takes long.

        Raises:
            RunError: no run has this id, or the run is queued, running or done.
        """
        self.reap()
        with self.database.writing() as connection:
            rows.requeue(connection, rows.get(connection, run_id, lock=True))
            run = rows.start(connection, run_id, owner, may_be_ended=may_be_ended)
        return self._clock.begin(run)

    def claim(self, owner: Owner) -> Run | None:
        """Claim the run whose turn it is, see `rows.next_queued`; None when none may begin.

        One transaction: two workers never get the same run. Where a database server did not answer any more, the next
        call finds the run that may have been claimed nevertheless.
        """
        self.reap()
        unanswered = self._unanswered.pop(owner, None)
        token = unanswered or rows.new_token()
        try:
            with self.database.writing() as connection:
                run = rows.claimed(connection, unanswered) if unanswered else None
                run_id = connection.execute(rows.next_queued().with_for_update(skip_locked=True)).scalar()
                if run is None and run_id is not None:
                    run = rows.start(connection, run_id, owner, token=token)
        except DatabaseError:
            self._unanswered[owner] = token
            raise
        return self._clock.begin(run) if run else None

    def tell_next(self, sentence: str, *, log: Path, queued_before: float | None = None) -> None:
        """Tell the run whose turn it is that no worker has begun it; after three times it fails.

        Args:
            sentence: what happened, without a full stop.
            log: the worker's log.
            queued_before: tell no run that was queued later; None: no limit.
        """
        now = time.time()
        with self.database.writing() as connection:
            run_id = connection.execute(rows.next_queued()).scalar()
            if run_id is None:
                return
            run = rows.get(connection, run_id, lock=True)
            if queued_before is not None and run.queued > queued_before:
                return
            record: WorkerRecord = {"kind": "worker", "error": sentence}
            values = rows.add_records(connection, run, [record], now) | {"error": f"{sentence}; started again."}
            if rows.n_failed_starts(connection, run) >= MOST_STARTS:
                error = f"{sentence}, {MOST_STARTS} times in a row; the log says more: {shorten(log, 200)}."
                values |= {"state": "failed", "finished": now, "error": error}
            rows.change(connection, rows.with_id(run_id), **values)

    def beat(self, run: Run) -> bool:
        """Write a heartbeat; False when the claim of ``run`` is no longer valid."""
        now = time.time()
        with self.database.writing(is_of_one_run=True) as connection:
            return rows.change(connection, rows.owned(run), heartbeat=now, **self._clock.corrected(run, now))

    def should_stop(self, run: Run) -> bool:
        """Whether the run was cancelled, or the claim of ``run`` is no longer valid."""
        return self.wish(run) == "stop"

    def wish(self, run: Run) -> Wish:
        """What a running run is to do: stop (also where the claim of ``run`` is no longer valid), wait, or go on."""
        with self.database.reading() as connection:
            columns = select(RUNS.c.cancel_requested, RUNS.c.paused)
            row = connection.execute(columns.where(rows.owned(run))).first()
        if row is None or row[0] is not None:
            return "stop"
        return "go on" if row[1] is None else "wait"

    def append(
        self,
        run_id: str,
        records: Sequence[Record],
        *,
        token: str | None = None,
        after: int | None = None,
        figures: Sequence[SummaryRow] | None = None,
        log: str | None = None,
    ) -> int:
        """Add records to a run; the newest ``stage`` record becomes its progress. Returns ``seq`` of the newest record.

        Args:
            run_id: the run.
            records: the records.
            token: token of the claim under which they were made; None: not checked.
            after: ``seq`` of the newest record before them, as the only process that appends knows it. Where the table
                has newer ones, a call whose answer was lost has written the first of these; they are not written again.
                None: not checked.
            figures: the new main figures of the run, as ``results.summary`` makes them; None: unchanged.
            log: path of the log of this attempt, relative to the home; None: unchanged.

        Raises:
            RunError: no run has this id, or the token is no longer valid.
        """
        now = time.time()
        with self.database.writing(is_of_one_run=True) as connection:
            run = rows.get(connection, run_id, lock=True)
            if token is not None and (run.token, run.state) != (token, "running"):
                raise RunError(
                    f"Run {run_id} no longer belongs to this process: it has ended, or another process has claimed it."
                )
            n_there = max(run.last_seq - after, 0) if after is not None else 0
            values = rows.add_records(connection, run, records[n_there:], now)
            if figures is not None:
                values["figures"] = [dict(one) for one in figures]
            if log is not None:
                values["log"] = log
            if run.state == "running":
                values |= {"heartbeat": now, **self._clock.corrected(run, now)}
            if values:
                rows.change(connection, rows.with_id(run_id), **values)
            return cast(int, values.get("last_seq", run.last_seq))

    def remove_repeated(self, run: Run, *, like: Record, position: str) -> None:
        """Delete records that a resumed run is about to repeat.

        Args:
            run: the run.
            like: the first record of its kind and curve after the checkpoint.
            position: the key that counts them, ``step`` or ``epoch``; records of the same
                ``kind`` and ``curve`` at this position or later are deleted.
        """
        first_position = cast(int, like.get(position))
        repeated = [
            cast(int, record.get("seq"))
            for record in self.records(run.id)
            if all(record.get(key) == like.get(key) for key in ("kind", "curve"))
            and cast(int, record.get(position, -1)) >= first_position
        ]
        with self.database.writing(is_of_one_run=True) as connection:
            for first in range(0, len(repeated), 500):  # SQLite limits the number of values in a query
                part = RECORDS.c.seq.in_(repeated[first : first + 500])
                connection.execute(delete(RECORDS).where(RECORDS.c.run == run.number, part))

    def finish(self, run: Run, state: State, *, error: str | None = None, frees_worker: bool = False) -> bool:
        """Write the final state of a run; False when the claim of ``run`` is no longer valid.

        Args:
            run: as it was claimed.
            state: the final one.
            error: why, in a sentence.
            frees_worker: whether it ends after a long pause; a run that was resumed meanwhile is queued again.
        """
        now = time.time()
        values: dict[str, object] = {"state": state, "error": error, "finished": now, "seconds_left": None}
        values |= self._clock.corrected(run, now)
        if state == "done":
            values["fraction"] = 1.0
        with self.database.writing(is_of_one_run=True) as connection:
            is_written = rows.change(connection, rows.owned(run), **values)
            ended = rows.get(connection, run.id) if is_written and frees_worker else None
            goes_on = ended is not None and ended.paused is None and ended.cancel_requested is None
            if ended is not None and goes_on:
                rows.requeue(connection, ended)
        self._clock.end(run)
        if goes_on:
            wakeup.wake(self.home)
        return is_written

    def _enforce_cancel(self, run_id: str) -> None:
        """Apply the cancel timeouts, through ``get``, until the run is cancelled."""
        deadline = time.monotonic() + 2 * self.patience.kill
        with contextlib.suppress(RunError, DatabaseError):  # the run or the home was removed
            while time.monotonic() < deadline and self.get(run_id).state == "running":
                if self._closed.wait(0.05):
                    break
        self._cancelling.discard(threading.current_thread())
