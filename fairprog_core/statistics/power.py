"""Power: the smallest difference that a test set could show, and the rows that a smaller one would need.

A 95 % interval of width w belongs to a standard error of about w / 3.92. A true difference d is shown,
its interval leaves out 0, with a chance of 80 % if

    d = (1.96 + 0.84) · standard error = 0.715 · w,

and the standard error falls with the root of the number of rows. Both follow from an interval that is
already there, so they hold for every metric, for any groups, and for differences that are paired by row.
The rows that are asked for have the mix of the rows at hand. A gap that is compared with zero itself is
the absolute value of a difference: beside it stands what noise alone would show
(:func:`fairprog_core.statistics.intervals.noise_gaps`).
"""

from collections.abc import Sequence
from math import ceil

LEVEL_Z = 1.959964  # 97.5 % quantile of the normal distribution: 5 % level, two-sided
POWER_Z = 0.841621  # 80 % quantile: 80 % power


def smallest_difference(ci: Sequence[float]) -> float:
    """The true difference that a test set like this one shows with a chance of 80 %.

    Args:
        ci: (low, high), the 95 % interval of the difference on these rows.
    """
    low, high = ci
    return (LEVEL_Z + POWER_Z) * (high - low) / (2 * LEVEL_Z)


def rows_needed(ci: Sequence[float], n: int, difference: float) -> int | None:
    """How many rows of the same mix would show a true difference with a chance of 80 %.

    Args:
        ci: (low, high), the 95 % interval of the difference on n rows.
        n: the rows at hand.
        difference: the true difference that is to be shown; its sign does not count.

    Returns:
        None if no number of rows would: a difference of 0.
    """
    if not difference:
        return None
    return max(1, ceil(n * (smallest_difference(ci) / abs(difference)) ** 2))
