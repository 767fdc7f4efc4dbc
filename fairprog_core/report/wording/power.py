"""Sentences about the power of a test set: which change of a gap it can detect."""

from collections.abc import Sequence

from fairprog_core.metrics.intervals import rows_needed, smallest_difference
from fairprog_core.report.figures import numbers

SMALLEST = (
    "With {n:,} test rows, a change of this gap by about **{smallest:.3f}** or more against the base classifier is "
    "detected in four cases of five (80 % power, 5 % level). This holds for clear gaps; where a gap is close to 0, "
    "fewer changes are detected."
)
NEEDED = (
    "To detect a change of {difference:.3f} as reliably, you need about **{rows:,}** test rows with the same mix of "
    "labels and groups."
)
NONE = "The change of this gap has no interval, so it is unknown which change these test rows can detect."


def smallest(ci: Sequence[float], n: int) -> str:
    """The smallest change that these rows can detect."""
    return SMALLEST.format(n=n, smallest=smallest_difference(ci))


def needed(ci: Sequence[float], n: int, difference: float) -> str:
    """How many rows are needed to detect another change."""
    rows = rows_needed(ci, n, difference)
    return numbers.NOT_ESTIMABLE if rows is None else NEEDED.format(difference=difference, rows=_rounded(rows))


def _rounded(rows: int) -> int:
    """Rounded up to two digits: the interval that this follows from is not more precise."""
    unit: int = 10 ** max(0, len(str(rows)) - 2)
    return -(-rows // unit) * unit
