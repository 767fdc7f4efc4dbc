"""Compare methods: at matched accuracy, at matched training time, by hypervolume; with a verdict.

All classifiers are evaluated on the same resamples of their common rows, so noise that affects two
methods alike cancels in their difference. The variation over seeds is added as everywhere else
(`fairprog_core.metrics.summaries.mean_estimate`). A verdict follows from an interval alone.

Collapsed points do not count: a constant classifier has every gap 0. Between points the step line is
used, never an interpolation.

**Equally many λ.** The best of many noisy points is better by luck alone, so a curve with more points would win against
an equal one. The longer curve is therefore better only where equally many of its points are: those nearest in accuracy
to the points of the shorter one, see `Attained.nearest_to`. The gap plays no part in that choice, which is repeated on
every draw, so the interval contains its noise. The shorter curve is better only where it beats all points of the
longer one, because those that it is nearest to may be the worst of them; see `compared`.

**One seed.** The rows of the test set say nothing about another seed, so one seed of a method whose result depends on
the seed gives no "better" or "worse".

`fairprog bench --suite verdicts` compares equal methods in simulations. In others, with fronts of eight and of three
points on 2,400 and 4,800 rows (300 test sets each), the coverage of the intervals was: hypervolume 92-97 %, the
difference of two equally long curves 97-99 %, the gap at a loss of two points of accuracy and its difference 96-99 %.

Notation: n rows, m classifiers of one curve, b bootstrap draws (1+b: the rows themselves come first),
p group patterns, c classes.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fairprog_core.common.types import Floats, Groups, Predictions
from fairprog_core.data.base import cell_numbers
from fairprog_core.metrics.counts import Counts, cell_weight, joint_table, weigh
from fairprog_core.metrics.fairness import collapsed, estimable, evaluate, majority_accuracy, scored_classes
from fairprog_core.metrics.intervals import (
    DRAWS,
    Estimate,
    Resampling,
    draw_tables,
    estimate,
    paired_estimates,
    percentile_interval,
)
from fairprog_core.metrics.summaries import mean_estimate

ROW_DRAWS = 500
Verdict = Literal["better", "worse", "cannot tell", "one seed: cannot say", "not estimable"]
_MOST = 30_000_000  # resampled rows in memory: 30 MB; larger test sets get fewer draws …
_FEWEST = 200  # … but at least this many
_ROUNDING = 1e-9


@dataclass(frozen=True)
class Reference:
    """Metrics of the base on every draw.

    Attributes:
        accuracy: (1+b,).
        gap: (1+b,), NaN if it cannot be estimated.
        majority: (1+b,), accuracy of the majority class.
        counts: (p, c, c) of the rows themselves.
    """

    accuracy: Floats
    gap: Floats
    majority: Floats
    counts: Counts


@dataclass(frozen=True)
class Attained:
    """Metrics of the points of one curve on every draw.

    Attributes:
        accuracy: (1+b, m).
        gap: (1+b, m), NaN if a point has collapsed or cannot be estimated.
        seconds: (m,) training time until the point was available, or (1+b, m) where every draw has its own points.
    """

    accuracy: Floats
    gap: Floats
    seconds: Floats

    def nearest_to(self, other: "Attained") -> "Attained":
        """At most as many points as ``other`` has: on every draw those nearest to its points in accuracy, each once.

        Both are sorted by accuracy and paired in order, which makes the sum of distances smallest; found by dynamic
        programming over the points of both. A curve without more points than the other is returned as it is.
        """
        n, m = other.accuracy.shape[1], self.accuracy.shape[1]
        if m <= n:
            return self
        order = np.argsort(self.accuracy, axis=1)
        accuracy, wanted = np.take_along_axis(self.accuracy, order, axis=1), np.sort(other.accuracy, axis=1)
        n_draws = len(accuracy)
        cost = np.full((n + 1, m + 1, n_draws), np.inf)  # [i, j]: the first i wanted from among the first j points
        cost[0] = 0
        for i in range(1, n + 1):
            for j in range(i, m + 1):
                with_j = cost[i - 1, j - 1] + np.abs(wanted[:, i - 1] - accuracy[:, j - 1])
                cost[i, j] = np.minimum(cost[i, j - 1], with_j)
        is_kept, left = np.zeros((n_draws, m), dtype=bool), np.full(n_draws, n)
        for j in range(m, 0, -1):  # back from the end: a point is kept where leaving it out would cost more
            is_kept[:, j - 1] = (left > 0) & (cost[left, j, range(n_draws)] < cost[left, j - 1, range(n_draws)])
            left = left - is_kept[:, j - 1]
        kept = np.take_along_axis(order, np.nonzero(is_kept)[1].reshape(n_draws, n), axis=1)
        seconds = np.broadcast_to(self.seconds, self.accuracy.shape)
        return Attained(*(np.take_along_axis(values, kept, axis=1) for values in (self.accuracy, self.gap, seconds)))

    def gap_at(self, loss: float, reference: Reference) -> Floats:
        """The smallest gap (1+b,) among points that lose at most ``loss`` of the base's accuracy; NaN if none does."""
        gap = self._gaps_within(loss, reference).min(axis=1, initial=np.inf)
        return np.where(np.isfinite(gap), gap, np.nan)

    def best_at(self, loss: float, reference: Reference) -> int | None:
        """Which point has the gap that `gap_at` finds on the rows themselves; None if none has."""
        gap = self._gaps_within(loss, reference)[0]
        return int(gap.argmin()) if np.isfinite(gap).any() else None

    def _gaps_within(self, loss: float, reference: Reference) -> Floats:
        """The gaps (1+b, m) of the points that lose at most ``loss``; ∞ for all others."""
        is_near = self.accuracy >= reference.accuracy[:, None] - loss - _ROUNDING
        return np.where(is_near & np.isfinite(self.gap), self.gap, np.inf)

    def hypervolume(self, reference: Reference, *, within: float = np.inf) -> Floats:
        """The hypervolume (1+b,) of the points that took at most ``within`` seconds; 0 without points.

        `fairprog_core.metrics.pareto.hypervolume` for all draws at once, each with its own reference point.
        """
        counts = np.isfinite(self.gap) & (self.seconds <= within)
        counts &= (self.accuracy > reference.majority[:, None]) & (self.gap < reference.gap[:, None])
        accuracy = np.where(counts, self.accuracy, reference.majority[:, None])  # points that do not count get width 0
        gap = np.where(counts, self.gap, reference.gap[:, None])
        order = np.argsort(accuracy, axis=1)
        accuracy, gap = (np.take_along_axis(values, order, axis=1) for values in (accuracy, gap))
        least = np.minimum.accumulate(gap[:, ::-1], axis=1)[:, ::-1]  # the smallest gap at no less accuracy
        width = np.diff(accuracy, axis=1, prepend=reference.majority[:, None])
        return np.asarray((width * (reference.gap[:, None] - least)).sum(axis=1))


@dataclass(frozen=True)
class ResampledRows:
    """Test rows, and how often each of them is drawn.

    Attributes:
        y: (n,) labels.
        z: (n,) pattern codes.
        weight: (p, c) of the cells, natural mix.
        groups: the groups over the p patterns.
        repeats: (1+b, n) number of times that a row is drawn.
    """

    y: NDArray[np.int64]
    z: NDArray[np.int64]
    weight: Floats
    groups: Groups
    repeats: NDArray[np.uint8]

    @classmethod
    def drawn(
        cls, y: ArrayLike, z: ArrayLike, weight: ArrayLike, groups: Groups, *, is_stratified: bool, seed: int = 0
    ) -> "ResampledRows":
        """Resample rows, within the (pattern, label) cells if their sizes are fixed by design."""
        labels, patterns = np.asarray(y, dtype=np.int64), np.asarray(z, dtype=np.int64)
        n, random = len(labels), np.random.default_rng(seed)
        draws = min(ROW_DRAWS, max(_FEWEST, _MOST // max(n, 1)))
        cell = cell_numbers(labels, patterns) if is_stratified else np.zeros_like(labels)
        repeats = np.ones((1 + draws, n), dtype=np.uint8)
        for code in np.unique(cell):
            rows = np.flatnonzero(cell == code)
            for draw in repeats[1:]:
                draw[rows] = np.bincount(random.integers(0, len(rows), len(rows)), minlength=len(rows))
        return cls(labels, patterns, np.asarray(weight, dtype=np.float64), groups, repeats)

    def tables(self, y_pred: ArrayLike) -> Counts:
        """Predictions (n,) -> counts (1+b, p, c, c) by `[pattern, label, prediction]` on every draw."""
        n_patterns, n_classes = self.weight.shape
        code = (self.z * n_classes + self.y) * n_classes + np.asarray(y_pred, dtype=np.int64)
        found = np.zeros((len(self.repeats), n_patterns * n_classes**2), dtype=np.int64)
        for cell in np.unique(code):
            found[:, cell] = self.repeats[:, code == cell].sum(axis=1, dtype=np.int64)
        return found.reshape(-1, n_patterns, n_classes, n_classes)

    def reference(self, y_pred: ArrayLike, gap: str) -> Reference:
        """The metrics of the base from its predictions (n,)."""
        tables = self.tables(y_pred)
        accuracy, gaps = self._figures(tables, gap)
        return Reference(accuracy, gaps, majority_accuracy(weigh(tables, self.weight)), tables[0])

    def attained(
        self, y_pred: Sequence[ArrayLike], gap: str, seconds: ArrayLike, *, base: Counts | None = None
    ) -> Attained:
        """The metrics of a curve's m classifiers from their predictions.

        Args:
            y_pred: m times (n,).
            gap: name of the metric.
            seconds: (m,) training time until the point was available.
            base: (p, c, c) counts of the base; a cell that the base itself gets wrong does not count as collapsed.
        """
        accuracy, gaps = (np.full((len(self.repeats), len(y_pred)), np.nan) for _ in range(2))
        for m, predicted in enumerate(y_pred):
            tables = self.tables(predicted)
            accuracy[:, m], gap_values = self._figures(tables, gap)
            if not collapsed(tables[0], self.weight, self.groups, base=base):
                gaps[:, m] = gap_values
        return Attained(accuracy, gaps, np.asarray(seconds, dtype=np.float64))

    def _figures(self, tables: Counts, gap: str) -> tuple[Floats, Floats]:
        """Accuracy and gap (1+b,) of tables (1+b, p, c, c); the gap is NaN if there are too few rows.

        A label that is too rare in a group is left out of the gap, as in `report`.
        """
        metrics = evaluate(tables, self.weight, self.groups, scored_classes(tables[0], self.groups))
        is_known = estimable(tables[0], self.groups)[gap]
        return metrics["accuracy"], metrics[gap] if is_known else np.full(len(tables), np.nan)


def over_seeds(values: Mapping[int, Floats]) -> Estimate:
    """The mean over seeds of a value ≥ 0 on every draw (1+b,), with its interval over seeds and rows."""
    value, ci = _mean(values)
    return Estimate(value, (max(ci[0], 0.0), ci[1]) if ci else None)


def difference(first: Mapping[int, Floats], second: Mapping[int, Floats]) -> Estimate:
    """First minus second, paired by seed and by row, over the seeds that both have."""
    return _mean({seed: first[seed] - second[seed] for seed in first if seed in second})


def compared(
    first: Mapping[int, Attained], second: Mapping[int, Attained], figure: Callable[[Attained], Floats]
) -> Estimate:
    """The difference of a figure of two curves (by seed), from equally many λ of both.

    Its interval also covers that of the difference from all λ. So the curve with more λ is better only where equally
    many of them are, and the one with fewer only where it beats all of the other.
    """
    pairs = {seed: (first[seed], second[seed]) for seed in first if seed in second}
    equal = {seed: (one.nearest_to(two), two.nearest_to(one)) for seed, (one, two) in pairs.items()}
    found, whole = (
        difference(*({seed: figure(pair[i]) for seed, pair in each.items()} for i in (0, 1))) for each in (equal, pairs)
    )
    if found.ci is None or whole.ci is None:
        return Estimate(None, None)
    return Estimate(found.value, (min(found.ci[0], whole.ci[0]), max(found.ci[1], whole.ci[1])))


def verdict(found: Estimate, *, more_is_better: bool, is_one_seed: bool = False) -> Verdict:
    """Whether the first is better or worse, from the interval of the difference first minus second.

    Args:
        found: the difference.
        more_is_better: whether a larger value is better.
        is_one_seed: whether it comes from one seed of a method whose result depends on the seed.
    """
    if found.value is None or found.ci is None:
        return "not estimable"
    if is_one_seed:
        return "one seed: cannot say"
    low, high = found.ci
    if low <= 0 <= high:
        return "cannot tell"
    return "better" if (low > 0) == more_is_better else "worse"


def _mean(values: Mapping[int, Floats]) -> Estimate:
    return mean_estimate([estimate(drawn[0], drawn[1:]) for drawn in values.values()])


class Pair(NamedTuple):
    """A base on n rows, without and with a trigger."""

    base: Predictions
    trigger: Predictions


def share_kept(
    own: Pair, other: Pair, *, groups: Groups, n_classes: int, gap: str, draws: int = DRAWS, seed: int = 0
) -> Estimate:
    """(gap of the other base − its gap with the trigger) / (the same on the base that the trigger was trained on).

    All four gaps are computed on the same rows and on the same resamples of them.

    Args:
        own: the base that the trigger was trained on.
        other: the base that it was not trained on, on the same rows.
        groups: the g groups over the p patterns.
        n_classes: c.
        gap: a metric of ``fairness.gaps()``.
        draws: b.
        seed: of the resamples.

    Returns:
        1: the gain is as large as on the own base; 0: no gain; below 0: the gap grew. Not estimable if a gap is not
        estimable, or if the gain on the own base has no 95 % interval (`paired_estimates`) or one that includes 0, so
        that there is nothing to keep. The interval of the share leaves out draws without any gain on the own base; it
        is None if the gap of the own base does not fall in more than 2.5 % of the draws.
    """
    shape = {"n_patterns": len(groups.patterns), "n_classes": n_classes}
    how: Resampling = {"is_stratified": own.base.is_stratified, "draws": draws, "seed": seed}
    y, z = own.base.y, own.base.z
    weight = cell_weight(y, z, own.base.weight, **shape)
    joint = joint_table(y, own.base.y_pred, own.trigger.y_pred, z, **shape)
    change = paired_estimates(joint, weight, groups, **how)[1][gap]
    if change.ci is None or change.ci[1] >= -_ROUNDING:
        return Estimate(None, None)
    y_pred = [predictions.y_pred for pair in (own, other) for predictions in pair]
    kinds, kind = np.unique(np.stack(y_pred, axis=1), axis=0, return_inverse=True)  # (u, 4), (n,)
    table = np.zeros((len(groups.patterns), n_classes, len(kinds)), dtype=np.int64)
    np.add.at(table, (z, y, kind.ravel()), 1)
    one_hot = [np.eye(n_classes, dtype=np.int64)[column] for column in kinds.T]  # 4 × (u, c)
    classes = scored_classes(table @ one_hot[0], groups)

    def gains(tables: NDArray[np.int64]) -> tuple[Floats, Floats]:
        gaps = [evaluate(tables @ predicted, weight, groups, classes)[gap] for predicted in one_hot]
        return gaps[0] - gaps[1], gaps[2] - gaps[3]

    (own_gain, other_gain), (own_drawn, other_drawn) = gains(table), gains(draw_tables(table, **how))
    share, own_ci = float(other_gain / own_gain), percentile_interval(own_drawn)
    if own_ci is None or own_ci[0] <= _ROUNDING:  # in too many draws there is nothing to keep
        return Estimate(share, None)
    is_gain = np.abs(own_drawn) > _ROUNDING  # draws without any gain have no share; at most 2.5 % of all
    shares = np.divide(other_drawn, own_drawn, out=np.full_like(own_drawn, np.nan), where=is_gain)
    return Estimate(share, percentile_interval(shares))
