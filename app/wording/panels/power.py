"""Sentences about what a test set could show."""

from collections.abc import Sequence

from app.wording.shared import common
from fairprog_core.metrics.intervals import rows_needed, smallest_difference

TITLE = "What this test set could show"
SMALLEST = (
    "With {n:,} test rows a change of this gap against the base is shown in four cases of five "
    "(80 % power, 5 % level) if it is **{smallest:.3f}** or more."
)
ASK = "Difference to show"
ASK_HELP = "In the gap's own unit, e.g. 0.01."
NEEDED = "To show a change of {difference:.3f} as reliably, about **{rows:,}** test rows of the same mix are needed."
NONE = "The change of this gap has no interval here, so nothing can be said about what the test rows could show."


def smallest(ci: Sequence[float], n: int) -> str:
    """The smallest change that these rows could show."""
    return SMALLEST.format(n=n, smallest=smallest_difference(ci))


def needed(ci: Sequence[float], n: int, difference: float) -> str:
    """How many rows another change would need."""
    rows = rows_needed(ci, n, difference)
    return common.NOT_ESTIMABLE if rows is None else NEEDED.format(difference=difference, rows=_rounded(rows))


def _rounded(rows: int) -> int:
    """Two digits, rounded up: the interval that this follows from is no surer."""
    unit: int = 10 ** max(0, len(str(rows)) - 2)
    return -(-rows // unit) * unit
