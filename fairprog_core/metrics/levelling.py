"""Levelling down: how much of a gap closed because the better-off group lost.

A gap closes when the worse-off group gains, when the better-off group loses, or both. For each rate
that a criterion compares, only the pair of groups with the largest gap at the base is considered,
*better* and *worse*:

* demographic parity: P(Ŷ = 1 | group); better is the group with the higher rate;
* equalized odds: TPR, where higher is better, and FPR, where lower is better.

    closed = |gap of the pair before| − |after|
    lost   = closed · L / (L + G),    L = max(0, what better lost),  G = max(0, what worse gained)

Without overshooting closed = L + G and so lost = L. If the pair swaps places, part of the change
closes nothing, and L and G are reduced in proportion. A rate whose gap did not close counts as 0. Rates
are averaged as in the gap itself: over TPR and FPR, and over one-vs-rest for more than two classes.
The share lost/closed is 0 if only the worse-off group gained, and 1 if only the better-off group lost. There is a
share only where the gap as a whole clearly got smaller: where the 95 % interval of its change (`paired_estimates`) lies
below 0.

Notation: p group patterns, c classes, g groups, k one-vs-rest classes, r rates, b bootstrap draws.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray
from typing_extensions import TypedDict  # pydantic supports typing.TypedDict only from Python 3.12 on

from fairprog_core.common.types import Floats, Groups
from fairprog_core.metrics.counts import weigh
from fairprog_core.metrics.fairness import METRICS, estimable, rates, ratio, scored_classes
from fairprog_core.metrics.intervals import (
    DRAWS,
    Estimate,
    EstimateJson,
    Resampling,
    draw_tables,
    estimate,
    paired_estimates,
)

GroupPair = tuple[NDArray[np.intp], NDArray[np.intp]]  # indices of the better and the worse group, (r, k) each
_ROUNDING = 1e-9
RATES_OF_GAP = {
    "demographic_parity_difference": ("selection_rate",),
    "average_abs_odds_difference": ("true_positive_rate", "false_positive_rate"),
}


class LevelledRate(TypedDict):
    """One rate of the better-off and of the worse-off group, [before, after]."""

    rate: str
    label: int
    better: str
    worse: str
    better_rate: list[float]
    worse_rate: list[float]


class Levelling(TypedDict):
    """How far a gap closed, how much of that is the better-off group's loss, and that share."""

    closed: EstimateJson
    lost: EstimateJson
    share: EstimateJson
    rates: list[LevelledRate]


def levelling_down(
    joint: ArrayLike,
    weight: ArrayLike,
    groups: Groups,
    *,
    gap: str,
    is_stratified: bool,
    draws: int = DRAWS,
    seed: int = 0,
    change: Estimate | None = None,
) -> Levelling | None:
    """The loss of the better-off groups, compared with how far the gap closed.

    Args:
        joint: (p, c, c, c) rows by `[pattern, label, prediction of the base, prediction after]`.
        weight: (p, c).
        groups: the g groups over the p patterns.
        gap: that of the criterion, "average_abs_odds_difference" or "demographic_parity_difference".
        is_stratified: whether the rows per (pattern, label) were fixed by design.
        draws: b.
        seed: of the random generator.
        change: of the gap, as `paired_estimates` has it; None: estimated here.

    Returns:
        ``closed`` and ``lost`` in the gap's unit, and ``share``. Without an interval of the change, on too few rows,
        nothing has an interval. The share is None if the interval of the change does not lie below 0 or if no rate
        of the two groups came closer; its interval if none did in more than 5 % of the resamples. None if a group or
        cell has too few rows.
    """
    table = np.asarray(joint)
    if len(groups.names) < 2 or not estimable(table.sum(axis=-1), groups)[gap]:
        return None
    classes = scored_classes(table.sum(axis=-1), groups)
    before, after = (_well_off(table.sum(axis=axis), weight, groups, gap, classes) for axis in (-1, -2))
    pair = before.argmax(axis=-2), before.argmin(axis=-2)  # (r, k) each; the highest and the lowest rate
    how: Resampling = {"is_stratified": is_stratified, "draws": draws, "seed": seed}
    change = change or paired_estimates(table, weight, groups, **how)[1][gap]
    is_smaller = change.ci is not None and change.ci[1] < -_ROUNDING
    drawn = draw_tables(table, **how)
    drawn_before, drawn_after = (_well_off(drawn.sum(axis=axis), weight, groups, gap, classes) for axis in (-1, -2))
    closed, lost = _parts(before, after, pair)
    closed_drawn, lost_drawn = _parts(drawn_before, drawn_after, pair)
    labels = [1] if len(classes) == 2 else np.flatnonzero(classes | (METRICS[gap].needs == "groups")).tolist()
    shares = ratio(lost, closed), ratio(lost_drawn, closed_drawn)
    share = estimate(*shares) if is_smaller else Estimate(None, None)
    in_unit = [estimate(*each) for each in ((closed, closed_drawn), (lost, lost_drawn))]
    closed_by, lost_by = (each if change.ci else Estimate(each.value, None) for each in in_unit)
    return Levelling(
        closed=closed_by.to_json(),
        lost=lost_by.to_json(),
        share=share.to_json(),
        rates=_levelled_rates(before, after, pair, groups, gap, labels),
    )


def _well_off(table: ArrayLike, weight: ArrayLike, groups: Groups, gap: str, classes: NDArray[np.bool_]) -> Floats:
    """(…, r, g, k) rates for which higher is better, so −FPR; ``classes`` (c,) selects those that count."""
    all_rates = rates(weigh(table, weight), groups, classes)
    by_name = {
        "selection_rate": all_rates.selection,
        "true_positive_rate": all_rates.true_positive,
        "false_positive_rate": -all_rates.false_positive,
    }
    return np.stack([by_name[name][..., 1:, :] for name in RATES_OF_GAP[gap]], axis=-3)


def _parts(before: Floats, after: Floats, pair: GroupPair) -> tuple[Floats, Floats]:
    """Rates before and after (…, r, g, k) -> closed and lost (…), means over rates and classes."""
    better, worse = (_of(before, group) for group in pair)  # (…, r, k)
    better_after, worse_after = (_of(after, group) for group in pair)
    closed = np.maximum(np.abs(better - worse) - np.abs(better_after - worse_after), 0)
    losing, gaining = np.maximum(better - better_after, 0), np.maximum(worse_after - worse, 0)
    lost = closed * ratio(losing, losing + gaining, empty=0.0)
    return np.asarray(closed.mean(axis=(-2, -1))), np.asarray(lost.mean(axis=(-2, -1)))


def _of(values: Floats, group: NDArray[np.intp]) -> Floats:
    """Values (…, r, g, k) of one group per rate and class (r, k): (…, r, k)."""
    index = np.broadcast_to(group[:, None, :], (*values.shape[:-2], 1, values.shape[-1]))
    return np.asarray(np.take_along_axis(values, index, axis=-2)[..., 0, :])


def _levelled_rates(
    before: Floats, after: Floats, pair: GroupPair, groups: Groups, gap: str, labels: list[int]
) -> list[LevelledRate]:
    """The pair of every rate and class (k labels) for display, with FPR's sign restored."""
    found = []
    for r, name in enumerate(RATES_OF_GAP[gap]):
        for k, label in enumerate(labels):
            better, worse = (int(group[r, k]) for group in pair)
            better_rate, worse_rate = ([abs(float(each[r, g, k])) for each in (before, after)] for g in (better, worse))
            found.append(
                LevelledRate(
                    rate=name, label=label, better=groups.names[better], worse=groups.names[worse],
                    better_rate=better_rate, worse_rate=worse_rate,
                )
            )  # fmt: skip
    return found
