"""The table of groups: how many rows, and the rates with their intervals."""

from collections.abc import Mapping, Sequence
from typing import Any

from app.components import table
from app.components.table import Cell, Table
from app.wording import common, inside
from app.wording import tradeoff as words
from fairprog_core.intervals import Estimate

RATES = ("selection_rate", "true_positive_rate", "false_positive_rate", "accuracy")

Rows = Sequence[Mapping[str, Any]]


def show(value: Rows, *, key: str, before: Rows, labels: Sequence[str], caption: str) -> None:
    """Draw the rates of every group, without and with the trigger.

    Args:
        value: rows with the trigger, see ``fairprog_core.group_tables.group_table``.
        key: the component's key.
        before: the same rows without.
        labels: the c class names.
        caption: what the figures are about.
    """
    positive = labels[value[0]["label"]] if len({row["label"] for row in value}) == 1 else words.THE_LABEL
    columns = [
        Cell(name.format(label=positive, Label=positive[:1].upper() + positive[1:]), note)
        for name, note in zip(words.GROUP_COLUMNS, words.GROUP_NOTES, strict=True)
    ]
    rows = [_row(now, then, labels) for now, then in zip(value, before, strict=True)]
    table.show(Table(caption, columns, rows), key=key)


def _row(now: Mapping[str, Any], before: Mapping[str, Any], labels: Sequence[str]) -> list[Cell]:
    name = Cell(now["group"], labels[now["label"]] if len(labels) > 2 else "")
    return [name, Cell(f"{now['n']:,}"), *(_rate(now[rate], before[rate]) for rate in RATES)]


def _rate(now: Mapping[str, Any], before: Mapping[str, Any]) -> Cell:
    if now["value"] is None or before["value"] is None:
        return Cell(common.number(now["value"]))
    ci = (now["ci"][0], now["ci"][1]) if now["ci"] else None
    return Cell(f"{before['value']:.3f} → {now['value']:.3f}", inside.brackets(Estimate(now["value"], ci)).strip())
