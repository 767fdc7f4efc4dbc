"""The main numbers of a study, for the list of runs and the end of ``fairprog run``."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NotRequired

from typing_extensions import TypedDict

from fairprog_core.metrics.intervals import EstimateJson, IntervalJson
from fairprog_core.metrics.point import FewRows, Point
from fairprog_core.metrics.summaries import SAME_CURVE, mean_over_seeds
from fairprog_core.results.curve import Curve
from fairprog_core.results.result import Result
from fairprog_core.results.weak_base import WeakBase

PURPOSES = {"learning": "to learn", "validation": "on validation rows", "test": "on test rows"}


class SummaryRow(TypedDict):
    """One method, trigger, criterion and share of the tuning data as a mean over seeds, with the base.

    ``lam`` has the values chosen on validation, one per seed (None for controls); ``gap_name`` is the metric of
    ``gap``; intervals are 95 % (see `mean_over_seeds`); ``gap_delta`` is the gap minus the base's;
    ``noise_gap`` is of the gap, ``base_noise_gap`` of the base's, ``few_rows`` of both, see
    `fairprog_core.metrics.point.gap_note`; ``weak_base`` as in `Result`; ``queries`` as in
    `Curve`, summed over seeds.
    """

    method: str
    trigger: str | None
    criterion: str | None
    tuning_ratio: NotRequired[float | None]  # rows of early versions lack this key and the others that are NotRequired
    seeds: list[int]
    collapsed: bool
    accuracy: float | None
    gap: float | None
    accuracy_ci: IntervalJson | None
    gap_ci: IntervalJson | None
    base_accuracy: float | None
    base_gap: float | None
    base_gap_ci: NotRequired[IntervalJson | None]
    gap_name: NotRequired[str]
    lam: list[float | None]
    gap_delta: NotRequired[EstimateJson | None]
    noise_gap: NotRequired[float | None]
    base_noise_gap: NotRequired[float | None]
    few_rows: NotRequired[FewRows | None]
    weak_base: NotRequired[WeakBase | None]
    queries: NotRequired[dict[str, int]]


def main_figures(result: Result) -> list[SummaryRow]:
    """The numbers to quote of a result, complete or not: chosen points and controls, in the order of the curves."""
    gaps = {curve.criterion: curve.gap for curve in result.curves}
    quoted = [point for curve in result.curves for point in result.points if _is_quoted(point, curve)]
    return [
        _row(mean, [point.lam for point in quoted if _key(point) == _key(mean)], gaps[mean.criterion or ""], result)
        for mean in mean_over_seeds(quoted, same=SAME_CURVE)
    ]


def _is_quoted(point: Point, curve: Curve) -> bool:
    """Whether a point is a curve's point at its chosen λ, or one of its controls."""
    if any(getattr(point, key) != getattr(curve, key) for key in (*SAME_CURVE[1:], "seed")):
        return False
    return point.lam == curve.chosen_lam if point.method == curve.method else point.lam is None


def _key(point: Point) -> tuple[object, ...]:
    return tuple(getattr(point, name) for name in SAME_CURVE)


def _row(mean: Point, lams: list[float | None], gap_name: str, result: Result) -> SummaryRow:
    base = result.base
    accuracy, gap = mean.metric("accuracy"), mean.metric(gap_name)
    return SummaryRow(
        method=mean.method,
        trigger=mean.trigger,
        criterion=mean.criterion,
        tuning_ratio=mean.tuning_ratio,
        seeds=list(mean.seeds),
        collapsed=mean.collapsed,
        accuracy=accuracy.value,
        gap=gap.value,
        accuracy_ci=accuracy.to_json()["ci"],
        gap_ci=gap.to_json()["ci"],
        base_accuracy=base.metric("accuracy").value,
        base_gap=base.metric(gap_name).value,
        base_gap_ci=base.metric(gap_name).to_json()["ci"],
        gap_name=gap_name,
        lam=lams,
        gap_delta=mean.delta[gap_name].to_json() if gap_name in mean.delta else None,
        noise_gap=mean.noise_gap.get(gap_name),
        base_noise_gap=base.noise_gap.get(gap_name),
        few_rows=base.few_rows(gap_name),
        weak_base=result.weak_base,
        queries=_queries(mean, result.curves),
    )


def _queries(mean: Point, curves: Sequence[Curve]) -> dict[str, int]:
    """Rows sent for the curves of all seeds, by purpose."""
    sent: Counter[str] = Counter()
    for curve in curves:
        if all(getattr(mean, name) == getattr(curve, name) for name in SAME_CURVE):
            sent.update(curve.queries)
    return dict(sent)


def query_sentence(sent: Mapping[str, int]) -> str:
    """How many rows were sent for what: "Queries: 9,984 to learn, 5,400 on validation rows."."""
    said = [f"{sent[purpose]:,} {where}" for purpose, where in PURPOSES.items() if sent.get(purpose)]
    return f"Queries: {', '.join(said) or 'none'}."
