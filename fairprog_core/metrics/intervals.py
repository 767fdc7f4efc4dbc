"""95 % intervals: resample the table of counts and compute every metric on every resample.

Bootstrapping test rows is equivalent to drawing their table of counts from a multinomial, so
thousands of resamples take milliseconds. A split drawn evenly over the (pattern, label) cells is
resampled within its cells, whose sizes are fixed by design, and weighted back.

**Gaps come out too large.** A gap is a largest difference of noisy rates, or a mean of absolute ones: where true rates
are equal, noise alone makes a difference, and resampling the rows adds noise once more. Percentiles of the resamples
therefore lie too high: with three groups of 750 rows per cell they cover a true gap of .02 in two of three test sets,
with four overlapping identities in none. How far a found gap may lie from the true one depends on whether its
differences are true or noise, so it is measured twice, as the slope of the gap where the rates are moved by the noise
of a resample, r − r*:

* over `FAR` times the noise: every difference within that reach counts as noise. A gap is convex in the rates, so this
  slope is the largest that the noise allows; its 97.5 % quantile sets the lower end;
* over `NEAR` times the noise, a little and backwards: the groups that are furthest apart stay so, and differences that
  are 0 only by chance were true ones. Its 2.5 % quantile sets the upper end.

Where the gap does not exceed the 97.5 % quantile of what noise alone shows, its interval reaches from 0 to that
quantile or beyond: cells without a single error have no noise in the resamples. Accuracies of such cells have Wilson's
interval.

Of accuracy, a plain mean, the two slopes are equal, and the ends are the percentiles. Of the accuracy of the worst
cell, a smallest of noisy rates, they change places. The slope of a change is that of the second classifier minus that
of the first on the same resamples. A group or cell of fewer than `MIN_INTERVAL_ROWS` rows leaves the metrics that need
it without an interval. `fairprog bench --suite coverage` simulates the coverage. Source of slopes over a finite step:
Hong and Li, The numerical delta method, Journal of Econometrics 206 (2018).

Notation: p group patterns, c classes, g groups, k one-vs-rest classes, b draws.
"""

from collections.abc import Sequence
from math import ceil
from typing import Annotated, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pydantic import Field
from typing_extensions import TypedDict  # pydantic supports typing.TypedDict only from Python 3.12 on

from fairprog_core.common.types import Floats, Groups
from fairprog_core.metrics.counts import Counts, by_group, weigh
from fairprog_core.metrics.fairness import (
    METRICS,
    MIN_INTERVAL_ROWS,
    Metric,
    Rates,
    estimable,
    gaps,
    rates,
    scored_classes,
    smallest_cell,
)

DRAWS = 2_000
LEVEL = 0.95
LEVEL_Z = 1.959964  # 97.5 % quantile of the normal distribution: 5 % level, two-sided
POWER_Z = 0.841621  # 80 % quantile: 80 % power
FAR, NEAR = 6.0, -0.1  # multiples of the noise that a slope is taken over
_MAX_LOST = 0.05  # an interval is None if a larger share of draws is NaN because a cell is empty

Interval = tuple[float, float]
IntervalJson: TypeAlias = Annotated[list[float], Field(min_length=2, max_length=2)]


class EstimateJson(TypedDict):
    """A number with its interval [low, high] as JSON; null if it cannot be estimated."""

    value: float | None
    ci: IntervalJson | None


class RateJson(EstimateJson):
    """A rate over ``n`` rows."""

    n: int


class Estimate(NamedTuple):
    """A number and its 95 % interval; None if it cannot be estimated."""

    value: float | None
    ci: Interval | None

    @classmethod
    def of(cls, value: float | None, ci: Sequence[float] | None) -> "Estimate":
        """Build from a value and [low, high], as in JSON."""
        return cls(value, (ci[0], ci[1]) if ci else None)

    def to_json(self) -> EstimateJson:
        """{"value", "ci"}."""
        return {"value": self.value, "ci": list(self.ci) if self.ci else None}


def draw_tables(counts: ArrayLike, *, is_stratified: bool, draws: int = DRAWS, seed: int = 0) -> Counts:
    """Bootstrap a table of counts.

    Args:
        counts: (p, c, …) rows by `[pattern, label, prediction]`, or `[first prediction, second prediction]`.
        is_stratified: whether the rows per (pattern, label) were fixed by design; they then stay fixed.
        draws: b.
        seed: of the random generator.

    Returns:
        (b, p, c, …) int64.
    """
    table = np.asarray(counts, dtype=np.int64)
    random = np.random.default_rng(seed)
    n_cells = table.shape[0] * table.shape[1] if is_stratified else 1
    cells = table.reshape(n_cells, -1)
    n = cells.sum(axis=1)
    drawn = random.multinomial(n, cells / np.maximum(n, 1)[:, None], size=(draws, n_cells))
    return drawn.reshape(draws, *table.shape)


def percentile_interval(values: Floats) -> Interval | None:
    """The central 95 % of bootstrap values (b,).

    NaN draws (with an empty cell) are left out; None if they are more than 5 %.
    """
    ends = _quantiles(values, (1 - LEVEL) / 2, (1 + LEVEL) / 2)
    return (ends[0], ends[1]) if ends else None


def estimates(
    counts: ArrayLike,
    weight: ArrayLike,
    groups: Groups,
    *,
    is_stratified: bool,
    draws: int = DRAWS,
    seed: int = 0,
    noise: Rates | None = None,
) -> dict[str, Estimate]:
    """Every metric of a table with its interval, by name.

    Args:
        counts: (p, c, c) rows by `[pattern, label, prediction]`.
        weight: (p, c).
        groups: the g groups over the p patterns.
        is_stratified: whether the rows per (pattern, label) were fixed by design.
        draws: b.
        seed: of the random generator.
        noise: the `noise_rates` of the table; None: drawn here.
    """
    how: Resampling = {"is_stratified": is_stratified, "draws": draws, "seed": seed}
    found = _Resampled.of(counts, draw_tables(counts, **how), weight, groups, scored_classes(counts, groups))
    return _values(found, counts, groups, noise or noise_rates(counts, weight, groups, **how))


def paired_estimates(
    joint: ArrayLike,
    weight: ArrayLike,
    groups: Groups,
    *,
    is_stratified: bool,
    draws: int = DRAWS,
    seed: int = 0,
    noise: Rates | None = None,
) -> tuple[dict[str, Estimate], dict[str, Estimate]]:
    """Every metric of the second of two classifiers on the same rows, and second minus first.

    Both are computed on the same resamples, so noise that they share cancels in the difference.

    Args:
        joint: (p, c, c, c) rows by `[pattern, label, first prediction, second prediction]`.
        weight: (p, c).
        groups: the g groups over the p patterns.
        is_stratified: whether the rows per (pattern, label) were fixed by design.
        draws: b.
        seed: of the random generator.
        noise: the `noise_rates` of the second; None: drawn here.

    Returns:
        (metrics of the second, differences), each by name.
    """
    table = np.asarray(joint)
    how: Resampling = {"is_stratified": is_stratified, "draws": draws, "seed": seed}
    drawn, classes = draw_tables(table, **how), scored_classes(table.sum(axis=-1), groups)
    first, second = (
        _Resampled.of(table.sum(axis=axis), drawn.sum(axis=axis), weight, groups, classes) for axis in (-1, -2)
    )
    rows = table.sum(axis=-2)
    values = _values(second, rows, groups, noise or noise_rates(rows, weight, groups, **how))
    known, changes = _known(rows, groups), {}
    for name, metric in METRICS.items():
        change = float(metric.of(second.rates) - metric.of(first.rates))
        changes[name] = _estimate(change, _slopes_of_change(metric, first, second), known[name], lowest=-1.0)
    return values, changes


class Resampling(TypedDict):
    """The arguments of a resampling."""

    is_stratified: bool
    draws: int
    seed: int


class _Resampled(NamedTuple):
    """The rates of a table, and their noise on every resample (b, …): the rates minus those of the resample."""

    rates: Rates
    noise: Rates

    @classmethod
    def of(
        cls, table: ArrayLike, drawn: ArrayLike, weight: ArrayLike, groups: Groups, classes: NDArray[np.bool_]
    ) -> "_Resampled":
        """From a table (p, c, c) and its resamples (b, p, c, c)."""
        found, resampled = (rates(weigh(each, weight), groups, classes) for each in (table, drawn))
        return cls(found, Rates(*(at - each for at, each in zip(found, resampled, strict=True))))

    def slope(self, metric: Metric, reach: float) -> Floats:
        """(b,) how much the noise changes a metric, over ``reach`` times the noise."""
        moved = Rates(*(at + reach * noise for at, noise in zip(self.rates, self.noise, strict=True)))
        return np.asarray((metric.of(moved) - metric.of(self.rates)) / reach)


class _Slopes(NamedTuple):
    """(b,) the most and the least by which a found value may exceed the true one, on every resample."""

    most: Floats
    least: Floats


def _slopes(metric: Metric, found: _Resampled) -> _Slopes:
    near, far = found.slope(metric, NEAR), found.slope(metric, FAR)
    return _Slopes(np.maximum(far, near), np.minimum(far, near))


def _slopes_of_change(metric: Metric, first: _Resampled, second: _Resampled) -> _Slopes:
    """Of second minus first.

    What reach adds to the slope of either counts up to the size of the noise that the two do not share: classifiers
    that hardly differ are hardly differently wrong.
    """
    own = [one - other for one, other in zip(second.noise, first.noise, strict=True)]
    unshared = np.maximum(np.abs(metric.of(Rates(*own))), np.abs(metric.of(Rates(*(-each for each in own)))))
    most = least = second.slope(metric, NEAR) - first.slope(metric, NEAR)
    for sign, found in ((1, second), (-1, first)):
        added = sign * np.clip(found.slope(metric, FAR) - found.slope(metric, NEAR), -unshared, unshared)
        most, least = most + np.maximum(added, 0), least + np.minimum(added, 0)
    return _Slopes(most, least)


def _known(counts: ArrayLike, groups: Groups) -> dict[str, tuple[bool, bool]]:
    """By metric, whether the rows are enough for its value, and for its interval."""
    cells, classes = by_group(counts, groups).sum(axis=-1), scored_classes(counts, groups)
    has_value = estimable(counts, groups)
    return {
        name: (
            has_value[name],
            metric.needs == "rows" or smallest_cell(cells, metric, classes).n >= MIN_INTERVAL_ROWS,
        )
        for name, metric in METRICS.items()
    }


def _values(found: _Resampled, counts: ArrayLike, groups: Groups, noise: Rates) -> dict[str, Estimate]:
    """Every metric with its interval."""
    known, every = _known(counts, groups), {}
    for name, metric in METRICS.items():
        value, ci = _estimate(float(metric.of(found.rates)), _slopes(metric, found), known[name])
        if value is not None and ci:
            if not metric.is_gap:
                ci = ci if ci[0] < ci[1] else _without_variation(value, metric, counts, groups)
            elif (alone := _quantile(metric.of(noise), (1 + LEVEL) / 2)) is not None and value <= alone:
                ci = (0.0, max(ci[1], alone))
        every[name] = Estimate(value, ci)
    return every


def _without_variation(value: float, metric: Metric, counts: ArrayLike, groups: Groups) -> Interval:
    """Wilson's interval over the rows, or those of the smallest cell, where all resamples are equal."""
    cells, classes = by_group(counts, groups).sum(axis=-1), scored_classes(counts, groups)
    n = np.asarray(counts).sum() if metric.needs == "rows" else smallest_cell(cells, metric, classes).n
    return wilson_interval(value, float(n))


def _estimate(value: float, slopes: _Slopes, known: tuple[bool, bool], *, lowest: float = 0.0) -> Estimate:
    """A metric or a change with its ends, cut at ``lowest`` and 1; a plug-in's metric may be larger."""
    has_value, has_interval = known
    if not has_value or not np.isfinite(value):
        return Estimate(None, None)
    most, least = _quantile(slopes.most, (1 + LEVEL) / 2), _quantile(slopes.least, (1 - LEVEL) / 2)
    if not has_interval or most is None or least is None:
        return Estimate(value, None)
    return Estimate(value, (max(lowest, value - most), min(max(1.0, value), value - least)))


def estimate(value: ArrayLike, drawn: Floats) -> Estimate:
    """One number with the interval of its bootstrap values (b,); None if it is NaN."""
    number = float(np.asarray(value))
    if not np.isfinite(number):
        return Estimate(None, None)
    return Estimate(number, percentile_interval(drawn))


def noise_rates(
    counts: ArrayLike, weight: ArrayLike, groups: Groups, *, is_stratified: bool, draws: int = DRAWS, seed: int = 0
) -> Rates:
    """The rates of test sets like this one if all groups had the same true rates, minus those true rates.

    Within every label, predictions are drawn by the shares of all rows of the label, in cells of this table's sizes.
    Then the expected value of every rate is subtracted. Half a row is added to every prediction before drawing;
    otherwise a label of ten correct predictions would have no noise.

    Args:
        counts: (p, c, c) rows by `[pattern, label, prediction]`.
        weight: (p, c).
        groups: the g groups over the p patterns.
        is_stratified: whether the rows per (pattern, label) were fixed by design.
        draws: b.
        seed: of the random generator.

    Returns:
        With a leading axis b.
    """
    table = np.asarray(counts, dtype=np.float64)
    n = table.sum(axis=-1)  # (p, c)
    pooled = table.sum(axis=0) + 0.5  # (c, c)
    share = np.broadcast_to(pooled / pooled.sum(axis=-1, keepdims=True), table.shape)
    random = np.random.default_rng(seed)
    size = np.broadcast_to(n, (draws, *n.shape)).astype(np.int64)
    if not is_stratified:
        size = random.multinomial(int(n.sum()), (n / n.sum()).ravel(), size=draws).reshape(size.shape)
    classes = scored_classes(counts, groups)
    drawn = rates(weigh(random.multinomial(size, share), weight), groups, classes)
    expected = rates(weigh(share * n[..., None], weight), groups, classes)
    return Rates(*(one - other for one, other in zip(drawn, expected, strict=True)))


def noise_gaps(
    counts: ArrayLike,
    weight: ArrayLike,
    groups: Groups,
    *,
    is_stratified: bool,
    draws: int = DRAWS,
    seed: int = 0,
    noise: Rates | None = None,
) -> dict[str, float | None]:
    """The 95 % quantile of each gap over test sets like this one if the true gap were zero.

    Args:
        counts: (p, c, c) rows by `[pattern, label, prediction]`.
        weight: (p, c).
        groups: the g groups over the p patterns.
        is_stratified: whether the rows per (pattern, label) were fixed by design.
        draws: b.
        seed: of the random generator.
        noise: the `noise_rates` of the table; None: drawn here.

    Returns:
        By metric name; None if the gap cannot be estimated.
    """
    shown = noise or noise_rates(counts, weight, groups, is_stratified=is_stratified, draws=draws, seed=seed)
    known = estimable(counts, groups)
    return {name: _quantile(METRICS[name].of(shown), LEVEL) if known[name] else None for name in gaps()}


def wilson_interval(share: float, n: float, *, z: float = LEVEL_Z) -> Interval:
    """The 95 % interval of an unweighted share of n rows; unlike a bootstrap's its width is not 0 at 0 and 1."""
    centre = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * np.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
    return max(0.0, float(centre - half)), min(1.0, float(centre + half))


def paired_interval(gained: float, lost: float, n: float, *, z: float = LEVEL_Z) -> Interval:
    """The 95 % interval of a net change: share of n rows that gained minus share that lost.

    Half a row is added to each of the four kinds (right or wrong, before and after), so that the width
    is not 0 if no row changed. Source: Agresti and Min, Statistics in Medicine 24 (2005), section 3.
    """
    up, down = (gained * n + 0.5) / (n + 2), (lost * n + 0.5) / (n + 2)
    net, half = up - down, z * np.sqrt((up + down - (up - down) ** 2) / (n + 2))
    return max(-1.0, float(net - half)), min(1.0, float(net + half))


def _quantile(values: Floats, level: float) -> float | None:
    """A quantile of draws (b,)."""
    quantiles = _quantiles(values, level)
    return quantiles[0] if quantiles else None


def _quantiles(values: Floats, *levels: float) -> list[float] | None:
    known = values[np.isfinite(values)]
    if not len(known) or len(known) < (1 - _MAX_LOST) * len(values):
        return None
    return [float(quantile) for quantile in np.quantile(known, levels)]


def smallest_difference(ci: Sequence[float]) -> float:
    """About the smallest true difference that a test set like this one detects with 80 % power, for clear gaps.

    Args:
        ci: (low, high), the 95 % interval of the difference on these rows.
    """
    low, high = ci
    return (LEVEL_Z + POWER_Z) * (high - low) / (2 * LEVEL_Z)


def rows_needed(ci: Sequence[float], n: int, difference: float) -> int | None:
    """The number of rows of the same mix that detects a true difference with 80 % power.

    Args:
        ci: (low, high), the 95 % interval of the difference on n rows.
        n: the current number of rows.
        difference: the true difference to detect; its sign is ignored.

    Returns:
        None for a difference of 0, which no number of rows detects.
    """
    if not difference:
        return None
    return max(1, ceil(n * (smallest_difference(ci) / abs(difference)) ** 2))
