"""The table of groups: number of rows, and rates with intervals; with several classes, a row per label and group."""

from collections.abc import Sequence

from app.models.table import Table, TableCell
from app.widgets import table
from app.wording import tradeoff as words
from app.wording.shared import common, inside
from fairprog_core.metrics.group_tables import GroupRow
from fairprog_core.metrics.intervals import Estimate, RateJson

Rows = Sequence[GroupRow]


def show(value: Rows, *, key: str, before: Rows, labels: Sequence[str], caption: str) -> None:
    """Draw the rates of every group, without and with the trigger.

    Args:
        value: rows with the trigger, see ``fairprog_core.metrics.group_tables.group_table``.
        key: the component's key.
        before: the same rows without the trigger.
        labels: the c class names.
        caption: of the table.
    """
    is_many = len(labels) > 2
    positive = words.THE_LABEL if is_many else labels[value[0]["label"]]
    columns = [
        TableCell(name.format(label=positive, Label=positive[:1].upper() + positive[1:]), note)
        for name, note in zip(words.GROUP_COLUMNS, words.GROUP_NOTES, strict=True)
    ]
    pairs = list(zip(value, before, strict=True))
    if is_many:
        pairs.sort(key=lambda pair: pair[0]["label"])  # groups of one label are neighbours
        rows, columns = [_row_of_label(now, then, labels) for now, then in pairs], columns[:-1]
    else:
        rows = [_row(now, then) for now, then in pairs]
    table.show(Table(caption, columns, rows), key=key)


def _row(now: GroupRow, before: GroupRow) -> list[TableCell]:
    return [
        TableCell(common.group(now["group"])),
        TableCell(f"{now['n']:,}"),
        *_rates_of_label(now, before),
        _rate(now["accuracy"], before["accuracy"]),
    ]


def _row_of_label(now: GroupRow, before: GroupRow, labels: Sequence[str]) -> list[TableCell]:
    """The row of a group and a label, without accuracy: a group's accuracy is the same for every label."""
    name, n = TableCell(common.group(now["group"]), labels[now["label"]]), now["true_positive_rate"]["n"]
    return [name, TableCell(f"{n:,}"), *_rates_of_label(now, before)]


def _rates_of_label(now: GroupRow, before: GroupRow) -> list[TableCell]:
    return [
        _rate(now["selection_rate"], before["selection_rate"]),
        _rate(now["true_positive_rate"], before["true_positive_rate"]),
        _rate(now["false_positive_rate"], before["false_positive_rate"]),
    ]


def _rate(now: RateJson, before: RateJson) -> TableCell:
    if now["value"] is None or before["value"] is None:
        return TableCell(common.number(now["value"]))
    brackets = inside.brackets(Estimate.of(now["value"], now["ci"])).strip()
    return TableCell(f"{before['value']:.3f} → {now['value']:.3f}", brackets)
