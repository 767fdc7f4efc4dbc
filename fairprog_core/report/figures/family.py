"""The curves of a result that differ only by their seed, as one curve: means over seeds at every λ.

Notation: k λ-values.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from fairprog_core.metrics.point import Point
from fairprog_core.metrics.summaries import SAME_CURVE, mean_over_seeds
from fairprog_core.report.figures import names
from fairprog_core.results.curve import Curve
from fairprog_core.results.head_to_head import BYSTANDERS
from fairprog_core.results.result import Result


@dataclass(frozen=True)
class Family:
    """One trigger or method, criterion and share of the tuning data, with all its seeds.

    Attributes:
        result: that the curves belong to.
        curves: one per seed; the first one has the tables, the pictures and the explanations.
        points: means over seeds, ascending in λ (k).
        single: of the first seed, at the same λ (k).
        controls: by the control's method, its mean over seeds.
    """

    result: Result
    curves: tuple[Curve, ...]
    points: tuple[Point, ...]
    single: tuple[Point, ...]
    controls: dict[str, Point]

    @property
    def first(self) -> Curve:
        """The curve of the first seed."""
        return self.curves[0]

    @property
    def gap(self) -> str:
        """The metric of its criterion."""
        return self.first.gap

    @property
    def name(self) -> str:
        """For lists: "Border, equalized odds"."""
        return names.curve_name(self.first.name, self.first.criterion, self.first.tuning_ratio, self.first.method)

    @property
    def lams(self) -> list[float]:
        """The λ (k)."""
        return [point.lam or 0.0 for point in self.points]

    @property
    def chosen(self) -> int:
        """Index of the λ that was chosen on validation rows, for the first seed."""
        return self.lams.index(self.first.chosen_lam)

    @property
    def seeds(self) -> list[int]:
        """Of the curves."""
        return [curve.seed for curve in self.curves]


def families(result: Result) -> list[Family]:
    """The families of a result in the order of its curves.

    Curves that learned from a part of the tuning data are left out where others learned from all of it, and so are
    constant classifiers.
    """
    by_key: dict[str, list[Curve]] = {}
    for curve in result.curves:
        if curve.method not in BYSTANDERS:
            by_key.setdefault(curve.family, []).append(curve)
    found = [_family(result, curves) for curves in by_key.values()]
    return [each for each in found if each.first.is_whole] or found


def _at_lam(result: Result, curve: Curve) -> dict[float, Point]:
    return {point.lam: point for point in result.points_of(curve) if point.lam is not None}


def _family(result: Result, curves: Sequence[Curve]) -> Family:
    lams = {curve.seed: _at_lam(result, curve) for curve in curves}
    single = [lams[curves[0].seed][lam] for lam in curves[0].lams]
    points = [found[lam] for found in lams.values() for lam in curves[0].lams if lam in found]
    means = sorted(mean_over_seeds(points, same=(*SAME_CURVE, "lam")), key=lambda point: point.lam or 0.0)
    controls: dict[str, list[Point]] = {}
    for curve in curves:
        for method, point in result.controls_of(curve).items():
            controls.setdefault(method, []).append(point)
    return Family(
        result, tuple(curves), tuple(means), tuple(single),
        {method: mean_over_seeds(found, same=SAME_CURVE)[0] for method, found in controls.items()},
    )  # fmt: skip
