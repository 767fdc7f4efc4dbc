"""Reading and changing single rows of the run table, inside a transaction that is already open."""

import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, get_args

from pydantic import ConfigDict, TypeAdapter, ValidationError
from sqlalchemy import Connection, insert, select, update
from sqlalchemy.sql import ColumnElement

from fairprog_core.common.errors import RunError
from fairprog_core.results.summary import MainFigures
from fairprog_core.runs.table.database import DamagedJson
from fairprog_core.runs.table.run import RESUMABLE, Owner, Run, State
from fairprog_core.runs.table.tables import RECORDS, RUNS
from fairprog_core.study import Study

PROGRESS = ("stage", "label", "fraction", "seconds_left")
STATES = get_args(State)


def _object_expected(value: Any) -> str | None:
    if isinstance(value, DamagedJson):
        return f"is no JSON: {value.reason}"
    return None if isinstance(value, dict) else "is no JSON object"


def _figures_expected(value: Any) -> str | None:
    if isinstance(value, DamagedJson):
        return f"is no JSON: {value.reason}"
    try:
        _FIGURES.validate_python(value)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        return f"holds other values than main figures ({'.'.join(map(str, first['loc']))}: {first['msg']})"
    return None


def _state_expected(value: Any) -> str | None:
    return None if value in STATES else "is no state of a run"


def _text_expected(value: Any) -> str | None:
    return None if isinstance(value, str) else "is no text"


def _whole_expected(value: Any) -> str | None:
    is_one = isinstance(value, int) and not isinstance(value, bool) and value >= 0
    return None if is_one else "is no whole number from 0"


def _number_expected(value: Any) -> str | None:
    is_one = isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < MOST_SECONDS
    return None if is_one else "is no finite number"


def _or_null(check: Callable[[Any], str | None]) -> Callable[[Any], str | None]:
    return lambda value: None if value is None else check(value)


MOST_SECONDS = 1e11  # the year 5138: later moments cannot be shown as a date
_FIGURES = TypeAdapter(list[MainFigures], config=ConfigDict(strict=True, allow_inf_nan=False))
_CHECKS: dict[str, Callable[[Any], str | None]] = {
    "study": _object_expected,
    "figures": _figures_expected,
    "state": _state_expected,
    "name": _text_expected,
    **dict.fromkeys(("created", "queued", "seconds_before", "fraction"), _number_expected),
    **dict.fromkeys(
        ("started", "finished", "process_started", "heartbeat", "cancel_requested", "terminated", "seconds_left"),
        _or_null(_number_expected),
    ),
    **dict.fromkeys(("token", "host", "error", "log", "stage", "label"), _or_null(_text_expected)),
    **dict.fromkeys(("attempt", "last_seq"), _whole_expected),
    "pid": _or_null(_whole_expected),
}
"""Per column: why a value is none that fairprog writes; None: it is one."""
_STANDS_FOR_NOTHING: dict[str, Any] = {
    **dict.fromkeys(_CHECKS), "study": {}, "figures": [], "state": "failed", "name": "",
    **dict.fromkeys(("created", "queued", "seconds_before", "fraction"), 0.0), "attempt": 0, "last_seq": 0,
}  # fmt: skip


def create(connection: Connection, study: Study) -> str:
    """A new row in the queue; returns its id."""
    run_id, now = secrets.token_hex(4), time.time()
    row = {"id": run_id, "name": study.name, "state": "queued", "study": study.to_json(), "created": now, "queued": now}
    zero = {"seconds_before": 0.0, "attempt": 0, "fraction": 0.0, "figures": [], "last_seq": 0, "may_be_ended": True}
    connection.execute(insert(RUNS).values(**row, **zero))
    return run_id


def get(connection: Connection, run_id: str, *, lock: bool = False) -> Run:
    """One row; with ``lock`` nobody else changes it before the transaction ends.

    Raises:
        RunError: there is none with this id.
    """
    query = select(RUNS).where(RUNS.c.id == run_id)
    row = connection.execute(query.with_for_update() if lock else query).mappings().first()
    if row is None:
        raise unknown(run_id)
    return run_of(row)


def run_of(row: Mapping[str, Any]) -> Run:
    """A row as a value; one that holds what fairprog never writes comes back with `Run.damage`."""
    values, reasons = dict(row), list[str]()
    for name, check in _CHECKS.items():
        if (reason := check(values[name])) is not None:
            reasons.append(f"{name} {reason}")
            values[name] = _STANDS_FOR_NOTHING[name]
    damage = f"The row of run {values['id']} in the run table is damaged ({'; '.join(reasons)}); remove the run."
    return Run(**values, damage=damage if reasons else None)


def change(connection: Connection, which: ColumnElement[bool], **values: Any) -> bool:
    """Set columns of the rows that ``which`` picks; whether there was one."""
    return connection.execute(update(RUNS).where(which).values(**values)).rowcount > 0


def with_id(run_id: str) -> ColumnElement[bool]:
    """Picks one run."""
    return RUNS.c.id == run_id


def owned(run: Run) -> ColumnElement[bool]:
    """Picks the run while it runs under the claim that ``run`` was read with."""
    return (RUNS.c.id == run.id) & (RUNS.c.token == run.token) & (RUNS.c.state == "running")


def start(connection: Connection, run_id: str, owner: Owner, *, may_be_ended: bool = True) -> Run:
    """Hand a queued run to a process, under a token of its own."""
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
        attempt=attempt,
        token=secrets.token_hex(8),
        log=None,
        **process,
    )
    return get(connection, run_id)


def requeue(connection: Connection, run: Run) -> None:
    """Put a run that is over back into the queue.

    Raises:
        RunError: it is not over, or done.
    """
    if run.state not in RESUMABLE:
        raise RunError(f"Run {run.id} is {run.state}; only {', '.join(RESUMABLE)} runs can be resumed.")
    cleared = dict.fromkeys(("started", "finished", "error", "cancel_requested", "terminated", "token"))
    change(connection, with_id(run.id), state="queued", queued=time.time(), seconds_before=run.seconds, **cleared)


def add_records(connection: Connection, run: Run, records: Sequence[Mapping[str, Any]], now: float) -> dict[str, Any]:
    """Insert records behind those that are there; returns what changes in the run's own row."""
    if not records:
        return {}
    rows = [
        {"run": run.number, "seq": seq, "time": now, "data": dict(record)}
        for seq, record in enumerate(records, start=run.last_seq + 1)
    ]
    connection.execute(insert(RECORDS), rows)
    stages = [record for record in records if record.get("kind") == "stage"]
    progress = {key: stages[-1][key] for key in PROGRESS if key in stages[-1]} if stages else {}
    return {"last_seq": rows[-1]["seq"], **progress}


def unknown(run_id: str) -> RunError:
    """The error about an id that nothing has."""
    return RunError(f"There is no run {run_id!r} in this home; `fairprog runs list` shows those that exist.")
