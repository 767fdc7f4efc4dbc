"""The run table, which is also the queue: submit, claim, append, read, cancel, resume, remove.

Every change is one transaction that no other writer overlaps. The store keeps JSON; it knows
nothing of triggers or criteria.
"""

import contextlib
import shutil
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.exc import DatabaseError

from fairprog_core.common.errors import RunError
from fairprog_core.common.home import Home
from fairprog_core.runs import wakeup
from fairprog_core.runs.heartbeat import Patience
from fairprog_core.runs.reader import RunReader
from fairprog_core.runs.table import rows
from fairprog_core.runs.table.run import Owner, Run, State
from fairprog_core.runs.table.tables import RECORDS, RUNS
from fairprog_core.study import Study


class Store(RunReader):
    """The runs of one home. Cheap to keep, safe to share between threads, not between forks.

    Args:
        home: the home, or its path; None: ``FAIRPROG_HOME``, else the platform's data folder.
        url: of the database; None: ``FAIRPROG_DB_URL``, else ``runs.sqlite`` in the home.
        patience: how long silence and cancelling may take.

    Raises:
        ArtifactError: the table cannot be opened, or a newer fairprog wrote it.
        ConfigError: ``FAIRPROG_DB_URL`` names no database, or its driver is not installed.
    """

    def __init__(
        self, home: Home | str | Path | None = None, *, url: str | None = None, patience: Patience | None = None
    ) -> None:
        super().__init__(home, url=url, patience=patience)
        self._closed = threading.Event()
        self._presses: set[threading.Thread] = set()

    def close(self) -> None:
        """Close the connections; nobody sees to running cancellations any more."""
        self._closed.set()
        for press in list(self._presses):
            press.join()
        super().close()

    # ---- the person at the screen

    def submit(self, study: Study) -> str:
        """Put a study into the queue; returns the id of its run."""
        with self.database.writing() as connection:
            run_id = rows.create(connection, study)
        wakeup.wake(self.home)
        return run_id

    def cancel(self, run_id: str, *, wait: bool = False) -> Run:
        """Cancel a run: a queued one at once, a running one within two seconds.

        A worker that computes stops at the next record and writes a checkpoint. Where a step
        takes longer than a second its process is asked to end, and then ended.

        Args:
            run_id: the run.
            wait: return when it is cancelled; else at once, and a thread sees to it.

        Raises:
            RunError: there is no such run, or it is over already.
        """
        with self.database.writing() as connection:
            run = rows.get(connection, run_id, lock=True)
            if run.is_over:
                raise RunError(f"Run {run_id} is {run.state} already; there is nothing to cancel.")
            now = time.time()
            if run.state == "queued":
                rows.change(connection, rows.with_id(run_id), state="cancelled", finished=now)
            elif run.cancel_requested is None:
                rows.change(connection, rows.with_id(run_id), cancel_requested=now)
        if run.state == "running":
            press = threading.Thread(target=self._press, args=(run_id,), name=f"cancel-{run_id}", daemon=True)
            self._presses.add(press)
            press.start()
            if wait:
                press.join()
        return self.get(run_id)

    def resume(self, run_id: str) -> Run:
        """Put a lost, cancelled or failed run back into the queue; it goes on from its checkpoint.

        Raises:
            RunError: there is no such run, or it is queued, running or done.
        """
        self.reap()
        with self.database.writing() as connection:
            rows.requeue(connection, rows.get(connection, run_id, lock=True))
        wakeup.wake(self.home)
        return self.get(run_id)

    def remove(self, run_id: str) -> None:
        """Delete a run: its row, its records and its folder.

        Raises:
            RunError: there is no such run, or it is running.
        """
        self.reap()
        with self.database.writing() as connection:
            run = rows.get(connection, run_id, lock=True)
            if run.state == "running":
                raise RunError(f"Run {run_id} is running; cancel it first.")
            connection.execute(delete(RECORDS).where(RECORDS.c.run == run.number))
            connection.execute(delete(RUNS).where(RUNS.c.number == run.number))
        shutil.rmtree(self.home.run(run.id), ignore_errors=True)

    # ---- the process that carries a run out

    def begin(self, study: Study, owner: Owner, *, may_be_ended: bool = False) -> Run:
        """Create a run that ``owner`` carries out itself, without the queue.

        Args:
            study: the study.
            owner: the process.
            may_be_ended: whether cancelling may end the process when a step takes long.
        """
        with self.database.writing() as connection:
            return rows.start(connection, rows.create(connection, study), owner, may_be_ended=may_be_ended)

    def carry_on(self, run_id: str, owner: Owner, *, may_be_ended: bool = False) -> Run:
        """Hand a lost, cancelled or failed run to ``owner``, who goes on with it without the queue.

        Args:
            run_id: the run.
            owner: the process.
            may_be_ended: whether cancelling may end the process when a step takes long.

        Raises:
            RunError: there is no such run, or it is queued, running or done.
        """
        self.reap()
        with self.database.writing() as connection:
            rows.requeue(connection, rows.get(connection, run_id, lock=True))
            return rows.start(connection, run_id, owner, may_be_ended=may_be_ended)

    def claim(self, owner: Owner) -> Run | None:
        """Take the run that has waited longest; None when the queue is empty.

        One transaction: two workers never get the same run.
        """
        self.reap()
        with self.database.writing() as connection:
            waiting = select(RUNS.c.id).where(RUNS.c.state == "queued").order_by(RUNS.c.queued, RUNS.c.number)
            run_id = connection.execute(waiting.limit(1).with_for_update(skip_locked=True)).scalar()
            return rows.start(connection, run_id, owner) if run_id else None

    def beat(self, run: Run) -> bool:
        """Say that the run is alive; False when it is no longer this process's run."""
        with self.database.writing() as connection:
            return rows.change(connection, rows.owned(run), heartbeat=time.time())

    def should_stop(self, run: Run) -> bool:
        """Whether somebody cancelled the run, or it is no longer this process's."""
        with self.database.reading() as connection:
            row = connection.execute(select(RUNS.c.cancel_requested).where(rows.owned(run))).first()
            return row is None or row[0] is not None

    def append(
        self,
        run_id: str,
        records: Sequence[Mapping[str, Any]],
        *,
        token: str | None = None,
        figures: Sequence[Mapping[str, Any]] | None = None,
        log: str | None = None,
    ) -> None:
        """Add records to a run; the newest ``stage`` record becomes its progress.

        Args:
            run_id: the run.
            records: JSON objects.
            token: the claim under which they were made; None: not checked.
            figures: the new main figures of the run, as ``results.summary`` makes them; None: as they were.
            log: where the log of this attempt is, relative to the home; None: as it was.

        Raises:
            RunError: there is no such run, or it was claimed anew meanwhile.
        """
        now = time.time()
        with self.database.writing() as connection:
            run = rows.get(connection, run_id, lock=True)
            if token is not None and (run.token, run.state) != (token, "running"):
                raise RunError(f"Run {run_id} is no longer this process's; another one took it over.")
            values = rows.add_records(connection, run, records, now)
            if figures is not None:
                values["figures"] = [dict(one) for one in figures]
            if log is not None:
                values["log"] = log
            if run.state == "running":
                values["heartbeat"] = now
            if values:
                rows.change(connection, rows.with_id(run_id), **values)

    def remove_repeated(self, run: Run, *, like: Mapping[str, Any], position: str) -> None:
        """Drop records that a resumed run is about to make again.

        Args:
            run: the run.
            like: the first record of its kind and curve after the checkpoint.
            position: the key that counts them, ``step`` or ``epoch``; records of the same
                ``kind`` and ``curve`` at this position or beyond are dropped.
        """
        again = [
            record["seq"]
            for record in self.records(run.id)
            if all(record.get(key) == like.get(key) for key in ("kind", "curve"))
            and record.get(position, -1) >= like[position]
        ]
        with self.database.writing() as connection:
            for first in range(0, len(again), 500):  # SQLite takes a limited number of values
                part = RECORDS.c.seq.in_(again[first : first + 500])
                connection.execute(delete(RECORDS).where(RECORDS.c.run == run.number, part))

    def finish(self, run: Run, state: State, *, error: str | None = None) -> bool:
        """Write the end of a run; False when it is no longer this process's run."""
        values: dict[str, Any] = {"state": state, "error": error, "finished": time.time(), "seconds_left": None}
        if state == "done":
            values["fraction"] = 1.0
        with self.database.writing() as connection:
            return rows.change(connection, rows.owned(run), **values)

    def _press(self, run_id: str) -> None:
        """Look at a run that should be cancelled until it is."""
        deadline = time.monotonic() + 2 * self.patience.kill
        with contextlib.suppress(RunError, DatabaseError):  # the run was removed, or the whole home
            while time.monotonic() < deadline and self.get(run_id).state == "running":
                if self._closed.wait(0.05):
                    break
        self._presses.discard(threading.current_thread())
