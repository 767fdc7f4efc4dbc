"""Methods against each other: at matched accuracy, at matched seconds, as a whole; and a verdict.

All classifiers are read from one resampling of the rows that they share, so what other rows would do
to two methods alike cancels in their difference. What other seeds would do is added by the house's
rule (`fairprog_core.metrics.summaries.mean_estimate`). A verdict is said from an interval alone.

Collapsed points do not count: a constant classifier has every gap 0. Nothing is said between points
or beyond them: the step line is what was attained.

Simulated with fronts of eight and of three points on 2,400 and 4,800 rows (300 test sets each), the intervals
covered the truth: hypervolume 92-97 %, its difference 97-99 %, the gap at two points less accuracy and its
difference 96-99 %.

Notation: n rows, m classifiers of one curve, b bootstrap draws (1+b: the rows themselves come first),
p group patterns, c classes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fairprog_core.common.types import Groups, Predictions
from fairprog_core.data.base import cell_numbers
from fairprog_core.metrics.counts import Counts, Floats, cell_weight, weigh
from fairprog_core.metrics.fairness import collapsed, estimable, evaluate, judged_classes, majority_accuracy
from fairprog_core.metrics.intervals import DRAWS, Estimate, draw_tables, estimate, percentile_interval
from fairprog_core.metrics.summaries import mean_estimate

ROW_DRAWS = 500
Verdict = Literal["better", "worse", "cannot tell", "not estimable"]
_MOST = 30_000_000  # resampled rows held at a time: 30 MB; larger test sets are drawn less often
_FEWEST = 200
_ROUNDING = 1e-9


@dataclass(frozen=True)
class Reference:
    """The base on every draw.

    Attributes:
        accuracy: (1+b,).
        gap: (1+b,), NaN where it cannot be estimated.
        majority: (1+b,), accuracy of the majority class.
        counts: (p, c, c) of the rows themselves.
    """

    accuracy: Floats
    gap: Floats
    majority: Floats
    counts: Counts


@dataclass(frozen=True)
class Attained:
    """What one training attained on every draw.

    Attributes:
        accuracy: (1+b, m).
        gap: (1+b, m), NaN where a point has collapsed or cannot be estimated.
        seconds: (m,) of training until there was the point.
    """

    accuracy: Floats
    gap: Floats
    seconds: Floats

    def gap_at(self, loss: float, reference: Reference) -> Floats:
        """The smallest gap (1+b,) among the points that lose at most ``loss`` of the base's accuracy; NaN if none."""
        is_near = self.accuracy >= reference.accuracy[:, None] - loss - _ROUNDING
        gap = np.where(is_near & np.isfinite(self.gap), self.gap, np.inf).min(axis=1, initial=np.inf)
        return np.where(np.isfinite(gap), gap, np.nan)

    def hypervolume(self, reference: Reference, *, within: float = np.inf) -> Floats:
        """The area (1+b,) that the points attain, of those that took at most ``within`` seconds; 0 without points.

        `fairprog_core.metrics.pareto.hypervolume` for all draws at once, with the draw's own reference point.
        """
        counts = np.isfinite(self.gap) & (self.seconds <= within)
        counts &= (self.accuracy > reference.majority[:, None]) & (self.gap < reference.gap[:, None])
        accuracy = np.where(counts, self.accuracy, reference.majority[:, None])  # what does not count has no width
        gap = np.where(counts, self.gap, reference.gap[:, None])
        order = np.argsort(accuracy, axis=1)
        accuracy, gap = (np.take_along_axis(values, order, axis=1) for values in (accuracy, gap))
        least = np.minimum.accumulate(gap[:, ::-1], axis=1)[:, ::-1]  # the smallest gap at no less accuracy
        width = np.diff(accuracy, axis=1, prepend=reference.majority[:, None])
        return np.asarray((width * (reference.gap[:, None] - least)).sum(axis=1))


@dataclass(frozen=True)
class ResampledRows:
    """Test rows, and how often each of them was drawn.

    Attributes:
        y: (n,) labels.
        z: (n,) pattern codes.
        weight: (p, c) of the cells, natural mix.
        groups: the groups over the p patterns.
        repeats: (1+b, n).
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
        """Resample rows, within the (pattern, label) cells if their sizes were fixed by design."""
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
        """Predictions (n,) -> counts (1+b, p, c, c) by `[pattern][label][prediction]` on every draw."""
        n_patterns, n_classes = self.weight.shape
        code = (self.z * n_classes + self.y) * n_classes + np.asarray(y_pred, dtype=np.int64)
        found = np.zeros((len(self.repeats), n_patterns * n_classes**2), dtype=np.int64)
        for cell in np.unique(code):
            found[:, cell] = self.repeats[:, code == cell].sum(axis=1, dtype=np.int64)
        return found.reshape(-1, n_patterns, n_classes, n_classes)

    def reference(self, y_pred: ArrayLike, gap: str) -> Reference:
        """The base's figures from its predictions (n,)."""
        tables = self.tables(y_pred)
        accuracy, gaps = self._figures(tables, gap)
        return Reference(accuracy, gaps, majority_accuracy(weigh(tables, self.weight)), tables[0])

    def attained(
        self, y_pred: Sequence[ArrayLike], gap: str, seconds: ArrayLike, *, base: Counts | None = None
    ) -> Attained:
        """The figures of a training's m classifiers from their predictions, (n,) each.

        Args:
            y_pred: m times (n,).
            gap: name of the metric.
            seconds: (m,) of training until there was the point.
            base: (p, c, c) counts of the base; a cell that it had lost already is not held against a classifier.
        """
        accuracy, gaps = (np.full((len(self.repeats), len(y_pred)), np.nan) for _ in range(2))
        for m, predicted in enumerate(y_pred):
            tables = self.tables(predicted)
            accuracy[:, m], found = self._figures(tables, gap)
            if not collapsed(tables[0], self.weight, self.groups, base=base):
                gaps[:, m] = found
        return Attained(accuracy, gaps, np.asarray(seconds, dtype=np.float64))

    def _figures(self, tables: Counts, gap: str) -> tuple[Floats, Floats]:
        """Accuracy and gap (1+b,) of tables (1+b, p, c, c); the gap NaN where the rows themselves are too few.

        A label that is too rare in a group is left out of the gap, as in a report of the rows.
        """
        found = evaluate(tables, self.weight, self.groups, judged_classes(tables[0], self.groups))
        is_known = estimable(tables[0], self.groups)[gap]
        return found["accuracy"], found[gap] if is_known else np.full(len(tables), np.nan)


def over_seeds(values: Mapping[int, Floats]) -> Estimate:
    """The mean over seeds of a number ≥ 0 on every draw (1+b,), with its interval over seeds and rows."""
    value, ci = _mean(values)
    return Estimate(value, (max(ci[0], 0.0), ci[1]) if ci else None)


def difference(first: Mapping[int, Floats], second: Mapping[int, Floats]) -> Estimate:
    """First minus second, paired by seed and by row, over the seeds that both have."""
    return _mean({seed: first[seed] - second[seed] for seed in first if seed in second})


def verdict(found: Estimate, *, more_is_better: bool) -> Verdict:
    """What the interval of a difference allows to say of the first."""
    if found.value is None or found.ci is None:
        return "not estimable"
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
    """(gap of the other base − its gap with the trigger) / (the same on the base that the trigger was learned on).

    All four are read from the same rows, and from the same resamples of them.

    Args:
        own: the base that the trigger was learned on.
        other: the base that it was not learned on, on the same rows.
        groups: the g groups over the p patterns.
        n_classes: c.
        gap: a metric of ``fairness.gaps()``.
        draws: b.
        seed: of the resamples.

    Returns:
        1: as much is gained as on the own base; 0: nothing; below 0: the gap grew. Nothing where the gap cannot be
        estimated, or where the gain on the own base cannot be told from 0: there is nothing to keep.
    """
    answers = [one.y_pred for pair in (own, other) for one in pair]
    y, z = own.base.y, own.base.z
    kinds, kind = np.unique(np.stack(answers, axis=1), axis=0, return_inverse=True)  # (u, 4), (n,)
    table = np.zeros((len(groups.patterns), n_classes, len(kinds)), dtype=np.int64)
    np.add.at(table, (z, y, kind.ravel()), 1)
    weight = cell_weight(y, z, own.base.weight, n_patterns=len(groups.patterns), n_classes=n_classes)
    said = [np.eye(n_classes, dtype=np.int64)[column] for column in kinds.T]  # 4 × (u, c)
    classes = judged_classes(table @ said[0], groups)
    drawn = draw_tables(table, is_stratified=own.base.is_stratified, draws=draws, seed=seed)

    def gains(tables: NDArray[np.int64]) -> tuple[Floats, Floats]:
        found = [evaluate(tables @ one, weight, groups, classes)[gap] for one in said]
        return found[0] - found[1], found[2] - found[3]

    (own_gain, other_gain), (own_drawn, other_drawn) = gains(table), gains(drawn)
    is_gain = percentile_interval(own_drawn)
    if not estimable(table @ said[0], groups)[gap] or is_gain is None or is_gain[0] <= 0:
        return Estimate(None, None)
    return Estimate(float(other_gain / own_gain), percentile_interval(other_drawn / own_drawn))
