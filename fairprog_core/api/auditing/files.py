"""The figures of an audit as files: JSON, and a table for a spreadsheet."""

import json
from collections.abc import Iterator, Mapping
from itertools import product
from typing import Literal

from fairprog_core.api.auditing.audit import Audit
from fairprog_core.metrics.point import Point
from fairprog_core.metrics.summaries import Cell, rows_csv

SCHEMA = "fairprog.audit/1"
TABLE_START = "what,name,label,rows,value,low,high,noise"
_RATES: tuple[Literal["selection_rate", "true_positive_rate", "false_positive_rate", "accuracy"], ...] = (
    "selection_rate", "true_positive_rate", "false_positive_rate", "accuracy",
)  # fmt: skip


def audit_json(audit: Audit, about: Mapping[str, object]) -> str:
    """The figures as JSON, after what they are about."""
    return json.dumps({"schema": SCHEMA, **about, **audit}, indent=1)


def audit_csv(audit: Audit) -> str:
    """The figures as a table: a row for every metric, and for every rate of a group or a combination of groups."""
    return rows_csv([*_metrics(audit.point), *_rates(audit.point)])


def _metrics(point: Point) -> Iterator[dict[str, Cell]]:
    for name, found in point.metrics.items():
        low, high = found.ci or (None, None)
        yield {
            "what": "metric", "name": name, "label": None, "rows": point.n, "value": found.value, "low": low,
            "high": high, "noise": point.noise_gap.get(name),
        }  # fmt: skip


def _rates(point: Point) -> Iterator[dict[str, Cell]]:
    for what, rows in (("group", point.group_rates or ()), ("combination", point.intersections)):
        for row, rate in product(rows, _RATES):
            found = row[rate]
            low, high = found["ci"] or (None, None)
            yield {
                "what": f"{what}: {rate}", "name": row["group"], "label": point.labels[row["label"]],
                "rows": row["n"], "value": found["value"], "low": low, "high": high, "noise": None,
            }  # fmt: skip
