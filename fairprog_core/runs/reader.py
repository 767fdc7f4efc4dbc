"""Reads the run table. Every read also brings the states up to date.

So a lost run is found without a monitoring process.
"""

import re
import time
from pathlib import Path
from typing import Self, cast

from sqlalchemy import select, true
from sqlalchemy.sql import ColumnElement

from fairprog_core.common.errors import RunError, shorten
from fairprog_core.common.files.presence import Presence
from fairprog_core.common.home import Home
from fairprog_core.common.records import Record
from fairprog_core.runs.table import rows
from fairprog_core.runs.table.database import Database
from fairprog_core.runs.table.read_row import run_of
from fairprog_core.runs.table.run import OVER, Run
from fairprog_core.runs.table.tables import RECORDS, RUNS
from fairprog_core.runs.timing import heartbeat
from fairprog_core.runs.timing.heartbeat import LOST_SENTENCE, Patience

Runs = list[Run]
Records = list[Record]


class RunReader:
    """The runs of one home, for reading; see ``Store``."""

    def __init__(
        self, home: Home | str | Path | None = None, *, url: str | None = None, patience: Patience | None = None
    ) -> None:
        self.home = home if isinstance(home, Home) else Home.find(home)
        self.patience = patience or Patience()
        self.database = Database(self.home, url)
        self._presence = Presence(self.home.database if self.home.database.exists() else self.home.path)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self.database.close()

    def is_gone(self) -> bool:
        """Whether the home was removed or moved since it was opened, even if another one has its path now."""
        return self._presence.is_gone()

    def get(self, run_id: str) -> Run:
        """One run, its state up to date.

        Raises:
            RunError: no run has this id.
        """
        self.reap()
        with self.database.reading() as connection:
            return rows.get(connection, run_id)

    def find(self, name: str) -> Run:
        """The run with this number or id, or the only one whose id begins with ``name``.

        Raises:
            RunError: no run matches, or more than one does.
        """
        self.reap()
        exact = RUNS.c.id == name
        if re.fullmatch("[1-9][0-9]{0,8}", name):  # PostgreSQL's largest integer has 10 digits
            exact |= RUNS.c.number == int(name)
        matching = self._where(exact)
        if name and not matching:  # LIKE takes small letters for capital ones
            beginning = self._where(RUNS.c.id.startswith(name, autoescape=True))
            matching = [run for run in beginning if run.id.startswith(name)]
        if not matching:
            raise rows.unknown(name)
        if len(matching) > 1:
            raise RunError(
                f"{name!r} can mean {shorten(' or '.join(run.id for run in matching))}; give more of the id."
            )
        return matching[0]

    def list(
        self, *, limit: int | None = None, skip: int = 0, is_active: bool = False, name: str | None = None,
        seen_by: rows.Sight | None = None,
    ) -> Runs:  # fmt: skip
        """All runs, the newest first, their states up to date.

        Args:
            limit: most runs to return.
            skip: number of newer runs to leave out.
            is_active: only queued and running runs.
            name: only runs of a study with this name.
            seen_by: only runs that this visitor of a class sees.
        """
        self.reap()
        which = _which(is_active=is_active, seen_by=seen_by)
        return self._where(which if name is None else which & (RUNS.c.name == name), limit=limit, skip=skip)

    def count(self, *, is_active: bool = False, seen_by: rows.Sight | None = None) -> int:
        """Number of all runs, or of the queued and running ones; their states as they were when last brought up.

        Args:
            is_active: only queued and running runs.
            seen_by: only runs that this visitor of a class sees.
        """
        with self.database.reading() as connection:
            return rows.count(connection, _which(is_active=is_active, seen_by=seen_by))

    def ids(self, seen_by: rows.Sight) -> frozenset[str]:
        """The ids of the runs that a visitor of a class sees."""
        with self.database.reading() as connection:
            return frozenset(connection.execute(select(RUNS.c.id).where(rows.seen(seen_by))).scalars())

    def _where(self, which: ColumnElement[bool], *, limit: int | None = None, skip: int = 0) -> Runs:
        """The runs that ``which`` selects, the newest first."""
        query = select(RUNS).where(which).order_by(RUNS.c.number.desc()).limit(limit).offset(skip or None)
        with self.database.reading() as connection:
            return [run_of(row) for row in connection.execute(query).mappings()]

    def records(self, run_id: str, after: int = 0, *, limit: int | None = None) -> Records:
        """The records of a run in order, each with its ``seq`` and ``time``.

        Args:
            run_id: the run.
            after: only records with a higher ``seq``; pass the last ``seq`` that you have read. A
                resumed run deletes the records after its checkpoint: begin at 0 again when
                ``Run.attempt`` has changed.
            limit: most records to return.

        A damaged record is left out.

        Raises:
            RunError: no run has this id.
        """
        with self.database.reading() as connection:
            number = rows.get(connection, run_id).number
            found = connection.execute(
                select(RECORDS.c.seq, RECORDS.c.time, RECORDS.c.data)
                .where(RECORDS.c.run == number, RECORDS.c.seq > after)
                .order_by(RECORDS.c.seq)
                .limit(limit)
            )
            return [cast(Record, {**data, "seq": seq, "time": at}) for seq, at, data in found if _is_record(data)]

    def has_queued(self) -> bool:
        """Whether a run is queued."""
        with self.database.reading() as connection:
            return connection.execute(select(RUNS.c.id).where(RUNS.c.state == "queued").limit(1)).first() is not None

    def reap(self) -> tuple[str, ...]:
        """Bring the states of running runs up to date; returns the ids of those that changed.

        A run without a heartbeat for 15 s whose process has ended becomes lost. The process of a run that
        does not react to its cancel request is ended. Called by ``get`` and ``list``.
        """
        with self.database.reading() as connection:
            running = connection.execute(select(RUNS).where(RUNS.c.state == "running")).mappings().all()
        suspects = [run.id for run in map(run_of, running) if self._verdict(run) != "leave"]
        return tuple(run_id for run_id in suspects if self._apply_verdict(run_id))

    def _verdict(self, run: Run) -> heartbeat.Remedy:
        found = heartbeat.verdict(run, now=time.time(), patience=self.patience)
        if found in ("lost", "cancelled") and heartbeat.is_elsewhere(run):
            # only its heartbeat speaks for it, which could not be written while the database was away
            return found if self.database.seconds_up() > self.patience.elsewhere else "leave"
        return found

    def _apply_verdict(self, run_id: str) -> bool:
        """Apply the verdict under the write lock, so that the run neither ends nor gets another owner meanwhile."""
        with self.database.writing() as connection:
            run = rows.get(connection, run_id, lock=True)
            verdict = self._verdict(run) if run.state == "running" else "leave"
            if run.owner and verdict in ("terminate", "kill"):
                heartbeat.end(run.owner, kill=verdict == "kill")
            if verdict == "terminate":
                rows.change(connection, rows.with_id(run_id), terminated=time.time())
            elif verdict == "lost":
                at, error = run.heartbeat, LOST_SENTENCE
                rows.change(connection, rows.with_id(run_id), state="lost", finished=at, error=error, seconds_left=None)
            elif verdict in ("kill", "cancelled"):
                at = heartbeat.ended_at(run, now=time.time(), patience=self.patience)
                rows.change(connection, rows.with_id(run_id), state="cancelled", finished=at, seconds_left=None)
            return verdict in ("lost", "kill", "cancelled")


def _which(*, is_active: bool, seen_by: rows.Sight | None) -> ColumnElement[bool]:
    which = RUNS.c.state.not_in(OVER) if is_active else true()
    return which if seen_by is None else which & rows.seen(seen_by)


def _is_record(data: object) -> bool:
    return isinstance(data, dict) and isinstance(data.get("kind"), str)
