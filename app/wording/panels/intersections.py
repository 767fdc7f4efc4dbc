"""Sentences about groups that are combined."""

from collections.abc import Sequence

from app.wording.shared import common
from fairprog_core.metrics.group_tables import IntersectionRow

TITLE = "Groups combined"
CAPTION = (
    "Every combination of the sensitive attributes, the largest first; λ = {lam}, seed {seed}. A rate of fewer than "
    "five rows is not estimable."
)
WORST = "Worst off is **{group}**: {accuracy:.1%} of its {n:,} test rows are answered right."
WORST_NOTE = "lowest accuracy"


def worst(rows: Sequence[IntersectionRow]) -> str | None:
    """The combination with the lowest accuracy, in words."""
    found = next((row for row in rows if row["is_worst"]), None)
    if found is None:
        return None
    return WORST.format(
        group=common.plain(common.group(found["group"])), accuracy=found["accuracy"]["value"], n=found["n"]
    )
