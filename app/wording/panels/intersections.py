"""Sentences about combinations of groups."""

from collections.abc import Sequence

from app.wording.shared import common
from fairprog_core.metrics.group_tables import IntersectionRow

TITLE = "Combinations of groups"
CAPTION = (
    "Every combination of the sensitive attributes, largest first; at λ = {lam}, seed {seed}. A rate that rests on "
    "fewer than five rows is not estimable."
)
WORST = "**{group}** has the lowest accuracy: {accuracy:.1%} of its {n:,} test rows are predicted right."


def worst(rows: Sequence[IntersectionRow]) -> str | None:
    """A sentence that names the combination with the lowest accuracy; None if there is none."""
    found = next((row for row in rows if row["is_worst"]), None)
    if found is None:
        return None
    return WORST.format(
        group=common.plain(common.group(found["group"])), accuracy=found["accuracy"]["value"], n=found["n"]
    )
