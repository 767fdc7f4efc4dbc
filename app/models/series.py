"""The curves that a trade-off chart draws: one series per run, trigger and criterion, its seeds inside.

Notation: k λ-values of a curve.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import NamedTuple

from fairprog_core.metrics.intervals import Estimate
from fairprog_core.metrics.pareto import pareto_front
from fairprog_core.metrics.point import Point
from fairprog_core.metrics.summaries import mean_estimate
from fairprog_core.results.curve import Curve, CurveId, Transfer, TransferCurve
from fairprog_core.results.head_to_head import BYSTANDERS
from fairprog_core.results.result import Result


class PlotPoint(NamedTuple):
    """One place on the plane of gap and accuracy: a λ of one seed, or its mean over seeds.

    Attributes:
        lam: λ; None for the base and for controls.
        gap: with its interval, value known.
        accuracy: with its interval, value known.
        collapsed: how many of the seeds are collapsed.
        seeds: the seeds behind the spot.
    """

    lam: float | None
    gap: Estimate
    accuracy: Estimate
    collapsed: int
    seeds: tuple[int, ...]


@dataclass(frozen=True)
class Series:
    """The curves of one run, trigger or method, and criterion.

    Attributes:
        run: id of the run.
        name: of the run where several are compared, else empty.
        kind: the trigger; "border-2" is the second border of a study. The method where there is no trigger.
        criterion: its registry key.
        curves: curve by seed.
        single: the spots of every seed, ascending in λ.
        mean: the means over seeds, ascending in λ (k).
        controls: by the control's method, its mean over seeds.
        tuning_ratio: share of the tuning data that was learned from; None where a result does not say.
    """

    run: str
    name: str
    kind: str
    criterion: str
    curves: dict[int, Curve]
    single: dict[int, tuple[PlotPoint, ...]]
    mean: tuple[PlotPoint, ...]
    controls: dict[str, PlotPoint]
    tuning_ratio: float | None = None

    @property
    def first(self) -> Curve:
        """The curve of its first seed."""
        return next(iter(self.curves.values()))

    @property
    def method(self) -> str:
        """The method of its curves."""
        return self.first.method

    @property
    def is_whole(self) -> bool:
        """Whether its curves were learned from all of the tuning data."""
        return self.first.is_whole

    @property
    def family(self) -> str:
        """What its curves share: their key without the seed."""
        return self.first.family


def spot(point: Point, metric: str) -> PlotPoint | None:
    """The place of a point, or None where its gap or its accuracy is not estimable."""
    gap, accuracy = point.metric(metric), point.metric("accuracy")
    if gap.value is None or accuracy.value is None:
        return None
    return PlotPoint(point.lam, gap, accuracy, int(point.collapsed), (point.seed or 0,))


def gather(result: Result, metric: str, *, run: str, name: str = "") -> list[Series]:
    """The series of one result in the order of its curves.

    Args:
        result: finished or growing.
        metric: the gap, e.g. "average_abs_odds_difference".
        run: id of the run.
        name: of the run, where several are compared.
    """
    families: dict[str, list[Curve]] = {}
    for curve in result.curves:
        families.setdefault(curve.family, []).append(curve)
    return [_series(result, curves, metric, run, name) for curves in families.values()]


def drawable(value: Sequence[Series], *, picked: tuple[str, str], most: int) -> tuple[list[Series], int]:
    """The series that one chart can tell apart, in their order, and how many are left out for lack of room.

    Bystanders are not counted: the chart has a line for them. Where the same was learned from all of the tuning data,
    series from a part of it are left out, and not counted either. The picked series is always drawn.

    Args:
        value: every series.
        picked: run and family of the one that is looked at.
        most: how many at most.
    """
    whole = {(each.run, each.kind, each.criterion) for each in value if each.is_whole}
    kept = [
        each
        for each in value
        if (each.run, each.family) == picked
        or (each.method not in BYSTANDERS and (each.is_whole or (each.run, each.kind, each.criterion) not in whole))
    ]
    first = sorted(range(len(kept)), key=lambda i: (kept[i].run, kept[i].family) != picked)[:most]
    return [kept[i] for i in sorted(first)], len(kept) - len(first)


def on_other_base(result: Result, target: Transfer) -> Result:
    """What a result's triggers do on another base, as if it were a result of its own.

    Args:
        result: whose triggers they are.
        target: one of its ``transfer``.
    """
    points = [point for curve in target.curves for point in curve.points]
    return replace(result, base=target.point, points=points, curves=[_named(curve) for curve in target.curves])


def front(spots: Sequence[PlotPoint]) -> list[PlotPoint]:
    """The spots that no other beats in both accuracy and gap, ascending in both; collapsed ones left out."""
    kept = [each for each in spots if not each.collapsed]
    order = pareto_front([each.accuracy.value or 0.0 for each in kept], [each.gap.value or 0.0 for each in kept])
    return [kept[i] for i in order]


def _series(result: Result, curves: Sequence[Curve], metric: str, run: str, name: str) -> Series:
    single = {curve.seed: _known(result.points_of(curve), metric) for curve in curves}
    controls: dict[str, list[Point]] = {}
    for curve in curves:
        for method, point in result.controls_of(curve).items():
            controls.setdefault(method, []).append(point)
    by_lam: dict[float, list[PlotPoint]] = {}
    for each in (each for spots in single.values() for each in spots):
        by_lam.setdefault(each.lam or 0.0, []).append(each)
    return Series(
        run=run,
        name=name,
        kind=curves[0].name,
        criterion=curves[0].criterion,
        curves={curve.seed: curve for curve in curves},
        single=single,
        mean=tuple(_mean(by_lam[lam]) for lam in sorted(by_lam)),
        controls={method: _mean(known) for method, points in controls.items() if (known := _known(points, metric))},
        tuning_ratio=curves[0].tuning_ratio,
    )


def _known(points: Sequence[Point], metric: str) -> tuple[PlotPoint, ...]:
    found = (spot(point, metric) for point in points)
    return tuple(each for each in found if each is not None)


def _mean(spots: Sequence[PlotPoint]) -> PlotPoint:
    """The mean over seeds; intervals cover test rows and seeds, see ``summaries.mean_over_seeds``."""
    gap, accuracy = (
        mean_estimate(found) for found in ([each.gap for each in spots], [each.accuracy for each in spots])
    )
    seeds = tuple(seed for each in spots for seed in each.seeds)
    return PlotPoint(spots[0].lam, gap, accuracy, sum(each.collapsed for each in spots), seeds)


def _named(curve: TransferCurve) -> Curve:
    """What names a curve on another base, as a curve: what was learned belongs to the own base."""
    return Curve(**{each.name: getattr(curve, each.name) for each in fields(CurveId)})
