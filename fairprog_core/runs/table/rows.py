"""Reads and changes single rows of the run table, inside an open transaction."""

import secrets
import time
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, Select, case, func, insert, select, update
from sqlalchemy.sql import ColumnElement

from fairprog_core.common.errors import RunError, UnknownRunError, shorten, shown
from fairprog_core.common.limits import limits
from fairprog_core.common.records import Record
from fairprog_core.runs.table.read_row import in_words, problems_of, run_of
from fairprog_core.runs.table.run import RESUMABLE, Owner, Run
from fairprog_core.runs.table.tables import RECORDS, RUNS
from fairprog_core.study import Study

_TRAVEL = (
    "name",
    "state",
    "study",
    "created",
    "queued",
    "started",
    "finished",
    "seconds_before",
    "attempt",
    "error",
    "stage",
    "label",
    "fraction",
    "figures",
)  # columns of a run that mean the same in another home
PROGRESS = ("stage", "label", "fraction", "seconds_left")


class Sight(NamedTuple):
    """What a visitor of a class sees.

    Attributes:
        visitor: who sees their own runs, as a digest.
        shared: the ids of the runs that everybody sees.
    """

    visitor: str
    shared: frozenset[str] = frozenset()


def check_room(connection: Connection, visitor: str | None) -> None:
    """Refuse a further queued run where the queue is full, or where its visitor has too many.

    Args:
        connection: of a write transaction, so that no other writer takes the last place.
        visitor: who submits it on a shared server; None: nobody's runs are counted.

    Raises:
        RunError: one sentence that says what is allowed.
    """
    now, queued = limits(), RUNS.c.state == "queued"
    if (n := count(connection, queued)) >= now.queue:
        raise RunError(now.refusal("queue", f"{n:,} runs are queued"))
    if visitor is not None:
        own = count(connection, (RUNS.c.visitor == visitor) & (queued | (RUNS.c.state == "running")))
        if own >= now.runs_per_visitor:
            raise RunError(now.refusal("runs_per_visitor", f"You have {own:,} queued or running runs"))


def count(connection: Connection, which: ColumnElement[bool]) -> int:
    """Number of runs that ``which`` selects."""
    return connection.execute(select(func.count()).select_from(RUNS).where(which)).scalar_one()


def create(connection: Connection, study: Study, *, visitor: str | None = None) -> str:
    """Insert a queued run; returns its id."""
    run_id, now = secrets.token_hex(4), time.time()
    row = {"id": run_id, "name": study.name, "state": "queued", "study": study.to_json(), "created": now, "queued": now}
    zero = {"seconds_before": 0.0, "attempt": 0, "fraction": 0.0, "figures": [], "last_seq": 0, "may_be_ended": True}
    zero["visitor"] = visitor
    connection.execute(insert(RUNS).values(**row, **zero))
    return run_id


def take_in(connection: Connection, run_id: str, row: Mapping[str, Any], records: Sequence[Record]) -> None:
    """Insert a run that is over and comes from another home, with its records as they are.

    Args:
        connection: of a write transaction.
        run_id: its id, which no run here has.
        row: its columns there; those that concern a process or a home are left out.
        records: with the keys "seq" and "time".

    Raises:
        RunError: a column or a record is not as fairprog writes it.
    """
    now = time.time()
    blank = {"created": now, "queued": now, "seconds_before": 0.0, "attempt": 0, "fraction": 0.0, "figures": []}
    blank |= dict.fromkeys(column.name for column in RUNS.columns if column.name not in blank)
    own = {name: row[name] for name in _TRAVEL if name in row}
    values = blank | own | {"id": run_id, "may_be_ended": True, "last_seq": len(records)}
    del values["number"]
    if problems := problems_of(values) | _too_long(values):
        raise RunError(f"The exported run {run_id} is damaged ({shorten(in_words(problems), 160)}); export it again.")
    number = connection.execute(insert(RUNS).values(**values)).inserted_primary_key[0]  # type: ignore[index]
    timed = [(record.get("time", now), {key: record[key] for key in record if key not in ("seq", "time")})  # type: ignore[literal-required]
             for record in records]  # fmt: skip
    if not all(isinstance(at, int | float) and not isinstance(at, bool) for at, _ in timed):
        raise RunError(f"A record of run {run_id} has no valid time; export the run again.")
    if timed:
        connection.execute(
            insert(RECORDS),
            [{"run": number, "seq": i, "time": at, "data": data} for i, (at, data) in enumerate(timed, 1)],
        )


def _too_long(values: Mapping[str, Any]) -> dict[str, str]:
    """Per column with more letters than a database takes: the reason."""
    lengths = {column.name: getattr(column.type, "length", None) for column in RUNS.columns}
    return {
        name: f"has more than {most} letters"
        for name, most in lengths.items()
        if most is not None and isinstance(value := values.get(name), str) and len(value) > most
    }


def get(connection: Connection, run_id: str, *, lock: bool = False) -> Run:
    """One run; with ``lock`` no other transaction changes it before this one ends.

    Raises:
        RunError: no run has this id.
    """
    query = select(RUNS).where(RUNS.c.id == run_id)
    row = connection.execute(query.with_for_update() if lock else query).mappings().first()
    if row is None:
        raise unknown(run_id)
    return run_of(row)


def change(connection: Connection, which: ColumnElement[bool], **values: Any) -> bool:
    """Set columns of the rows that ``which`` selects; returns whether it selects any."""
    return connection.execute(update(RUNS).where(which).values(**values)).rowcount > 0


def with_id(run_id: str) -> ColumnElement[bool]:
    """Selects one run."""
    return RUNS.c.id == run_id


def owned(run: Run) -> ColumnElement[bool]:
    """Selects the run as long as it is running and the token of ``run`` is valid."""
    return (RUNS.c.id == run.id) & (RUNS.c.token == run.token) & (RUNS.c.state == "running")


def start(
    connection: Connection, run_id: str, owner: Owner, *, may_be_ended: bool = True, token: str | None = None
) -> Run:
    """Assign a queued run to a process, under a token that no other claim has; None: a new one."""
    now = time.time()
    attempt = get(connection, run_id).attempt + 1
    process = {"host": owner.host, "pid": owner.pid, "process_started": owner.process_started}
    process["may_be_ended"] = may_be_ended
    change(
        connection,
        with_id(run_id),
        state="running",
        started=now,
        heartbeat=now,
        terminated=None,
        attempt=attempt,
        token=token or new_token(),
        log=None,
        error=None,
        **process,
    )
    return get(connection, run_id)


def new_token() -> str:
    """A token for a claim."""
    return secrets.token_hex(8)


def claimed(connection: Connection, token: str) -> Run | None:
    """The running run that was claimed under a token; None: there is none."""
    which = (RUNS.c.token == token) & (RUNS.c.state == "running")
    row = connection.execute(select(RUNS).where(which)).mappings().first()
    return None if row is None else run_of(row)


def requeue(connection: Connection, run: Run, *, visitor: str | None = None) -> None:
    """Queue a run again that has ended, as a run of ``visitor``; None: of whom it was before.

    Raises:
        RunError: the run is queued, running or done, or its row is damaged.
    """
    if run.damage:
        raise RunError(run.damage)
    if run.state not in RESUMABLE:
        raise RunError(f"Run {run.id} is {run.state}; only {', '.join(RESUMABLE)} runs can be resumed.")
    # "terminated" stays until it is started: the worker that has just left it asks whether the signal was meant for it
    cleared = dict.fromkeys(("started", "finished", "error", "cancel_requested", "token", "paused"))
    change(
        connection,
        with_id(run.id),
        state="queued",
        queued=time.time(),
        seconds_before=run.seconds,
        visitor=run.visitor if visitor is None else visitor,
        **cleared,
    )


def add_records(connection: Connection, run: Run, records: Sequence[Record], now: float) -> dict[str, object]:
    """Append records; returns the changed columns of the run's row."""
    if not records:
        return {}
    rows = [
        {"run": run.number, "seq": seq, "time": now, "data": dict(record)}
        for seq, record in enumerate(records, start=run.last_seq + 1)
    ]
    connection.execute(insert(RECORDS), rows)
    stages = [record for record in records if record.get("kind") == "stage"]
    progress = {key: stages[-1].get(key) for key in PROGRESS if key in stages[-1]} if stages else {}
    return {"last_seq": rows[-1]["seq"], **progress}


def next_queued() -> Select[Any]:
    """Selects the id of the run whose turn it is.

    The turn is that of who has waited longest since their last run began; without visitors, that of the run that has
    been queued longest. A visitor of whom a run is running has to wait for its end.
    """
    other = RUNS.alias()
    last_start = select(func.max(other.c.started))
    of_owner = last_start.where(other.c.visitor.is_(None)).scalar_subquery()  # read once, however many runs there are
    of_visitor = last_start.where(other.c.visitor == RUNS.c.visitor).scalar_subquery()
    last = case((RUNS.c.visitor.is_(None), of_owner), else_=of_visitor)
    runs_now = select(other.c.id).where((other.c.visitor == RUNS.c.visitor) & (other.c.state == "running")).exists()
    waiting = select(RUNS.c.id).where((RUNS.c.state == "queued") & ~runs_now)
    return waiting.order_by(func.coalesce(last, 0.0), RUNS.c.queued, RUNS.c.number).limit(1)


def seen(by: Sight) -> ColumnElement[bool]:
    """Selects the runs that a visitor of a class sees."""
    return (RUNS.c.visitor == by.visitor) | RUNS.c.id.in_(sorted(by.shared))


def n_failed_starts(connection: Connection, run: Run) -> int:
    """How often no worker could begin a run since it was queued last."""
    since = (RECORDS.c.run == run.number) & (RECORDS.c.time >= run.queued)
    found = connection.execute(select(RECORDS.c.data).where(since)).scalars()
    return sum(isinstance(data, dict) and data.get("kind") == "worker" for data in found)


def unknown(run_id: str) -> UnknownRunError:
    """The error for an id that no run has."""
    return UnknownRunError(
        f"There is no run {shown(run_id)} in this home; `fairprog runs list` shows those that exist."
    )
