"""Whether two figures are the same: a small difference is shown to be small, not merely not shown to be large."""

from dataclasses import dataclass

import numpy as np
from pydantic import JsonValue

from fairprog_core.common.types import Floats

LEVEL = 0.05  # of each of the two tests


@dataclass(frozen=True)
class Equality:
    """Two one-sided tests (TOST) of paired differences.

    Source: Schuirmann, A comparison of the two one-sided tests procedure and the power approach, Journal of
    Pharmacokinetics and Biopharmaceutics 15 (1987).

    Attributes:
        difference: the mean.
        low: lower end of its 90 % interval; both tests at the 5 % level reject where it lies within the margin.
        high: upper end.
        margin: smaller differences count as none.
        p: the larger of both p-values.
    """

    difference: float
    low: float
    high: float
    margin: float
    p: float

    @classmethod
    def tested(cls, differences: Floats, *, margin: float) -> "Equality | None":
        """Test differences (n,); None where they have no spread to test with, unless all are 0.

        Args:
            differences: of independent pairs.
            margin: above 0.
        """
        if len(differences) > 1 and not differences.any():
            return cls(0.0, 0.0, 0.0, margin, 0.0)
        if len(differences) < 2 or not differences.std() > 0:
            return None
        from scipy.stats import ttest_1samp  # type: ignore[import-untyped]  # takes half a second

        above = ttest_1samp(differences, -margin, alternative="greater")
        below = ttest_1samp(differences, margin, alternative="less")
        low, high = ttest_1samp(differences, 0.0).confidence_interval(1 - 2 * LEVEL)
        return cls(
            float(differences.mean()), float(low), float(high), margin, float(np.maximum(above.pvalue, below.pvalue))
        )

    @property
    def is_shown(self) -> bool:
        """Whether both tests reject: the figures differ by less than the margin."""
        return self.p < LEVEL

    def to_json(self, name: str) -> dict[str, JsonValue]:
        """JSON values of the figure with this name."""
        return {
            f"{name}_difference": self.difference,
            f"{name}_difference_low": self.low,
            f"{name}_difference_high": self.high,
            f"{name}_margin": self.margin,
            f"{name}_is_equal": self.is_shown,
        }

    def __str__(self) -> str:
        """In words, for a table."""
        verdict = "equal" if self.is_shown else "not shown to be equal"
        return (
            f"{self.difference:+.4f} [{self.low:+.4f}, {self.high:+.4f}], {verdict} within {self.margin:g}, "
            f"p = {self.p:.2g}"
        )
