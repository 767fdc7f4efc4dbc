"""Sentences about levelling down: whether a gap got smaller because the better-off group lost."""

from collections.abc import Sequence
from functools import partial

from app.models.table import Table, TableCell
from app.wording.shared import common
from fairprog_core.metrics.levelling import LevelledRate, Levelling
from fairprog_core.report.wording import levelling
from fairprog_core.report.wording.levelling import RATES

TITLE = "Did one group gain, or the other lose?"
CAPTION = "The two groups"
COLUMNS = ("", "Better off", "without → with", "Worse off", "without → with")

sentence = partial(levelling.sentence, plain=common.plain)
pair = partial(levelling.pair, plain=common.plain)


def table(found: Levelling, labels: Sequence[str]) -> Table:
    """The rates of the two groups without and with the trigger, by rate and class."""
    return Table(CAPTION, [TableCell(name) for name in COLUMNS], [_row(row, labels) for row in found["rates"]])


def _row(row: LevelledRate, labels: Sequence[str]) -> list[TableCell]:
    label = labels[row["label"]]
    name = RATES[row["rate"]].format(label=label, Label=label[:1].upper() + label[1:])
    return [
        TableCell(name),
        TableCell(common.group(row["better"])),
        _change(row["better_rate"]),
        TableCell(common.group(row["worse"])),
        _change(row["worse_rate"]),
    ]


def _change(pair: Sequence[float]) -> TableCell:
    return TableCell(f"{pair[0]:.3f} → {pair[1]:.3f}")
