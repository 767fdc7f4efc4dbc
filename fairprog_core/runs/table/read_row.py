"""Turns a row of the run table into a `Run`, and checks every column: a damaged row is marked and hides no other."""

from collections.abc import Callable, Mapping
from typing import Any, get_args

from pydantic import ConfigDict, TypeAdapter, ValidationError
from sqlalchemy import RowMapping

from fairprog_core.common.errors import shorten
from fairprog_core.results.summary import SummaryRow
from fairprog_core.runs.table.json_column import DamagedJson
from fairprog_core.runs.table.run import Run, State

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


MOST_SECONDS = 1e11  # the year 5138: later times cannot be shown as a date
_FIGURES = TypeAdapter(list[SummaryRow], config=ConfigDict(strict=True, allow_inf_nan=False))
_CHECKS: dict[str, Callable[[Any], str | None]] = {
    "study": _object_expected,
    "figures": _figures_expected,
    "state": _state_expected,
    "name": _text_expected,
    **dict.fromkeys(("created", "queued", "seconds_before", "fraction"), _number_expected),
    **dict.fromkeys(
        (
            "started",
            "finished",
            "process_started",
            "heartbeat",
            "cancel_requested",
            "terminated",
            "seconds_left",
            "paused",
        ),
        _or_null(_number_expected),
    ),
    **dict.fromkeys(("token", "host", "error", "log", "stage", "label", "visitor"), _or_null(_text_expected)),
    **dict.fromkeys(("attempt", "last_seq"), _whole_expected),
    "pid": _or_null(_whole_expected),
}
"""Per column: the reason why a value is invalid, or None."""
_REPLACEMENTS: dict[str, object] = {
    **dict.fromkeys(_CHECKS), "study": {}, "figures": [], "state": "failed", "name": "",
    **dict.fromkeys(("created", "queued", "seconds_before", "fraction"), 0.0), "attempt": 0, "last_seq": 0,
}  # fmt: skip


def problems_of(row: Mapping[str, Any]) -> dict[str, str]:
    """Per column with a value that fairprog never writes: the reason."""
    found = {name: check(row[name]) for name, check in _CHECKS.items()}
    return {name: reason for name, reason in found.items() if reason is not None}


def run_of(row: RowMapping | Mapping[str, Any]) -> Run:
    """The `Run` of a row; `Run.damage` names the columns with values that fairprog never writes."""
    problems = problems_of(row)  # type: ignore[arg-type]
    values = dict(row) | {name: _REPLACEMENTS[name] for name in problems}
    found = shorten(in_words(problems), 180)
    damage = f"The row of run {values['id']} in the run table is damaged ({found}); remove the run."
    return Run(**values, damage=damage if problems else None)


def in_words(problems: Mapping[str, str]) -> str:
    """Problems in one line: "name is no text; state is no state of a run"."""
    return "; ".join(f"{name} {reason}" for name, reason in problems.items())
