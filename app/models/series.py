"""The curves of a trade-off chart: one series per run, trigger and criterion, with all its seeds.

Notation: k λ-values of a curve.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import NamedTuple

from fairprog_core.metrics.intervals import Estimate
from fairprog_core.metrics.pareto import pareto_front
from fairprog_core.metrics.point import Point, few_note, noise_note
from fairprog_core.metrics.summaries import mean_estimate, mean_known
from fairprog_core.results.curve import Curve, CurveId, Transfer, TransferCurve
from fairprog_core.results.head_to_head import BYSTANDERS
from fairprog_core.results.result import Result


class PlotPoint(NamedTuple):
    """A position on the plane of gap and accuracy: one λ of one seed, or the mean of seeds at one λ.

    Attributes:
        lam: λ; None for the base and for controls.
        gap: with its interval; the value is never None.
        accuracy: with its interval; the value is never None.
        collapsed: the number of seeds that are collapsed at this λ.
        seeds: the seeds of the mean.
        noise: the gap that noise alone would show, of a mean its mean; None if it is unknown.
        few: why the gap has no interval, see ``metrics.point.few_note``; empty if it has one.
    """

    lam: float | None
    gap: Estimate
    accuracy: Estimate
    collapsed: int
    seeds: tuple[int, ...]
    noise: float | None = None
    few: str = ""

    @property
    def note(self) -> str:
        """What limits the gap, see ``metrics.point.gap_note``."""
        return "; ".join(filter(None, (self.few, noise_note(self.gap, self.noise))))


@dataclass(frozen=True)
class Series:
    """The curves of one run, trigger or method, and criterion.

    Attributes:
        run: id of the run.
        name: of the run where several runs are shown, else empty.
        kind: the trigger ("border-2" is the second border of a study); the method where there is no trigger.
        criterion: its registry key.
        curves: curve by seed.
        single: by seed, its points, ascending in λ.
        mean: the means over seeds, ascending in λ (k).
        controls: by the control's method, its mean over seeds.
        tuning_ratio: share of the tuning data that the curves learned from; None where the result has no entry.
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
        """Whether its curves learned from all of the tuning data."""
        return self.first.is_whole

    @property
    def family(self) -> str:
        """The key of its curves without the seed."""
        return self.first.family


def plot_point(point: Point, metric: str) -> PlotPoint | None:
    """The position of a point on the plane; None where its gap or its accuracy is not estimable."""
    gap, accuracy = point.metric(metric), point.metric("accuracy")
    if gap.value is None or accuracy.value is None:
        return None
    return PlotPoint(
        point.lam,
        gap,
        accuracy,
        int(point.collapsed),
        (point.seed or 0,),
        point.noise_gap.get(metric),
        few_note(gap, point.few_rows(metric)),
    )


def gather(result: Result, metric: str, *, run: str, name: str = "") -> list[Series]:
    """Group the curves of one result into series, in the order of its curves.

    Args:
        result: of a finished run, or of one that still runs.
        metric: the gap, e.g. "average_abs_odds_difference".
        run: id of the run.
        name: of the run, where several runs are shown.
    """
    families: dict[str, list[Curve]] = {}
    for curve in result.curves:
        families.setdefault(curve.family, []).append(curve)
    return [_series(result, curves, metric, run, name) for curves in families.values()]


def drawable(value: Sequence[Series], *, picked: tuple[str, str], most: int) -> tuple[list[Series], int]:
    """Select at most ``most`` series for one chart; the picked series is always among them.

    Bystanders are dropped, and so are series that learned from a part of the tuning data where the same method also
    learned from all of it.

    Args:
        value: every series.
        picked: run and family of the picked series.
        most: the number of series that a reader can distinguish in one chart.

    Returns:
        The selected series in their order, and the number of series beyond ``most``; dropped ones do not count.
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
    """The transfer of a result's triggers to another base, in the form of a result of that base.

    Args:
        result: the result that the triggers were learned in.
        target: an entry of its ``transfer``.
    """
    points = [point for curve in target.curves for point in curve.points]
    return replace(result, base=target.point, points=points, curves=[_as_curve(curve) for curve in target.curves])


def front(spots: Sequence[PlotPoint]) -> list[PlotPoint]:
    """The Pareto front of accuracy and gap, ascending in both; collapsed points are left out."""
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
    found = (plot_point(point, metric) for point in points)
    return tuple(each for each in found if each is not None)


def _mean(spots: Sequence[PlotPoint]) -> PlotPoint:
    """The mean over seeds; intervals cover test rows and seeds, see ``summaries.mean_over_seeds``."""
    gap, accuracy = (
        mean_estimate(found) for found in ([each.gap for each in spots], [each.accuracy for each in spots])
    )
    seeds = tuple(seed for each in spots for seed in each.seeds)
    noise = mean_known([each.noise for each in spots])
    return PlotPoint(spots[0].lam, gap, accuracy, sum(each.collapsed for each in spots), seeds, noise, spots[0].few)


def _as_curve(curve: TransferCurve) -> Curve:
    """A curve with the identity of a transferred one, and without artifacts: those belong to the source base."""
    return Curve(**{each.name: getattr(curve, each.name) for each in fields(CurveId)})
