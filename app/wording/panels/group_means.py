"""Sentences about the means per group on the page Saliency, and whether they show what the paper's figures show."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from app.models.table import Table, TableCell
from app.wording.shared import common
from fairprog_core.metrics.intervals import Estimate
from fairprog_core.report.wording import paired
from fairprog_core.report.wording.group_means import PLURALS as PLURALS
from fairprog_core.report.wording.group_means import caption as caption
from fairprog_core.report.wording.group_means import moved as moved
from fairprog_core.report.wording.group_means import percent as percent
from fairprog_core.report.wording.group_means import points as points
from fairprog_core.report.wording.group_means import verdict as verdict

if TYPE_CHECKING:
    from fairprog_core.report.figures.line import Line

TITLE = "On average, by group"
DIFFERENCE = "Difference"
ALT = "Mean of {group}, {condition}. {caption}"
NOTE_POSITIVE = (
    "Each picture is the mean of a group's test photos. The colours show where the weight for “{label}” lies: every "
    "map counts by where its weight is, whatever is predicted; all have one scale. Difference: yellow has more weight "
    "with the trigger, dark blue less, on the photo alone. Percentages on {region} are parts of the weight on the two "
    "marked regions, with 95 % intervals."
)
NOTE_TRUE = "Each picture is the mean of a group's test photos, with the weight for the true class of every photo."
REGION = "a region"

TABLE = "Part of the attribution on identity words, by the group that a text names. Below: 95 % intervals, same rows."
GROUP_COLUMN = "Group"
COLUMNS = {"without": "Without", "with": "With the trigger", "difference": "Difference"}


def note(labels: Sequence[str]) -> str:
    """How the mean maps were made."""
    text = NOTE_POSITIVE.format(label=labels[1], region=REGION) if len(labels) == 2 else NOTE_TRUE
    return common.plain(text)


def alt(group: str, condition: str, caption: str) -> str:
    """A mean map in words."""
    return ALT.format(group=group, condition=condition.lower(), caption=caption.replace("\n", ", ")).strip()


def table(groups: Sequence[tuple[str, "Line"]], index: int, controls: Sequence[str]) -> Table:
    """Means per group of texts: without, with the trigger at one λ, the difference, and every control."""
    columns = [TableCell(GROUP_COLUMN), *(TableCell(name) for name in COLUMNS.values())]
    columns += [TableCell(paired.NAMES[name]) for name in controls]
    nothing = Estimate(None, None)
    rows = []
    for name, line in groups:
        pairs = line.paired.get("without")
        mean = pairs.difference[index] if pairs else None
        difference = Estimate.of(mean["value"], mean["ci"]) if mean else nothing
        cells = [_cell(line.controls.get("without", nothing)), _cell(line.along[index])]
        cells.append(TableCell(*_split(points(difference))) if difference.value is not None else TableCell(""))
        cells += [_cell(line.controls.get(control, nothing)) for control in controls]
        rows.append([TableCell(common.group(name)), *cells])
    return Table(TABLE, columns, rows)


def _cell(found: Estimate) -> TableCell:
    return TableCell("–") if found.value is None else TableCell(*_split(percent(found)))


def _split(text: str) -> tuple[str, str]:
    value, bracket, rest = text.partition(" [")
    return value, f"[{rest}" if bracket else ""
