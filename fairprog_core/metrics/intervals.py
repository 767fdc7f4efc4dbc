"""95 % intervals: resample the table of counts and compute every metric on every resample.

Bootstrapping test rows is equivalent to drawing their table of counts from a multinomial, so
thousands of resamples take milliseconds. A split drawn evenly over the (pattern, label) cells is
resampled within its cells, whose sizes are fixed by design, and weighted back.

**Bias.** A gap is a largest difference of noisy rates, or a mean of absolute ones, so it comes out too large, the more
the closer the true rates are to each other; the accuracy of the worst cell comes out too small. The percentiles of the
resamples are too large twice over: with three groups of 750 rows per cell they cover a true gap of .02 in 69 of 100
test sets, with four overlapping identities often in none. The bias depends on how far the true rates are apart, which
is unknown, so two answers are computed and the interval reaches as far as either demands:

* at the rates as they are found, mean(resamples) − estimate: too small, because found rates lie further apart than true
  ones;
* at rates that are as equal as the data allow: `merge_rates` gives neighbours that do not differ clearly one rate.

The lower end of a gap is the 2.5 % percentile minus the larger bias, cut at 0, and it is 0 where the gap does not
exceed the 97.5 % quantile of what noise alone shows; the upper end is the 97.5 % percentile minus the smaller bias.
Accuracy over all rows is a plain mean and keeps its percentiles. A group or cell of fewer than `MIN_INTERVAL_ROWS`
rows leaves the metrics that need it without an interval. `fairprog bench --suite coverage` simulates the coverage.

Notation: p group patterns, c classes, g groups, k one-vs-rest classes, b draws.
"""

from collections.abc import Mapping, Sequence
from math import ceil
from typing import Annotated, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pydantic import Field
from typing_extensions import TypedDict  # pydantic supports typing.TypedDict only from Python 3.12 on

from fairprog_core.common.types import Floats, Groups
from fairprog_core.metrics.counts import Counts, weigh
from fairprog_core.metrics.fairness import (
    METRICS,
    MIN_INTERVAL_ROWS,
    Metric,
    Rates,
    estimable,
    gaps,
    rates,
    scored_classes,
    smallest_cells,
)

DRAWS = 2_000
LEVEL = 0.95
LEVEL_Z = 1.959964  # 97.5 % quantile of the normal distribution: 5 % level, two-sided
POWER_Z = 0.841621  # 80 % quantile: 80 % power
MERGED_BELOW = 1.96  # standard errors; rates that lie closer are taken for equal when a bias is estimated
_TINY = 1e-12
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
    found = _resampled(counts, draw_tables(counts, **how), weight, groups, _known(counts, groups))
    return _values(found, noise or noise_rates(counts, weight, groups, **how))


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
    known, drawn = _known(table.sum(axis=-1), groups), draw_tables(table, **how)
    first, second = (_resampled(table.sum(axis=axis), drawn.sum(axis=axis), weight, groups, known) for axis in (-1, -2))
    values = _values(second, noise or noise_rates(table.sum(axis=-2), weight, groups, **how))
    return values, {name: _difference(first[name], second[name]) for name in METRICS}


class Resampling(TypedDict):
    """The arguments of a resampling."""

    is_stratified: bool
    draws: int
    seed: int


class _Resampled(NamedTuple):
    """One metric on the rows and on their resamples.

    Attributes:
        metric: the metric.
        value: on the rows.
        drawn: (b,) on the resamples.
        bias: the smaller and the larger of the two that the module describes; None without an interval; () for a mean
            over all rows, which has none.
        is_known: whether every cell that it requires has enough rows for the value.
    """

    metric: Metric
    value: float
    drawn: Floats
    bias: Sequence[float] | None
    is_known: bool

    def plain(self) -> Estimate:
        """The value with the percentiles of its resamples."""
        return estimate(self.value, self.drawn, is_known=self.is_known)


def _known(counts: ArrayLike, groups: Groups) -> tuple[NDArray[np.bool_], Mapping[str, bool], Mapping[str, bool]]:
    """The classes that count (c,); by metric, whether the rows are enough for its value, and for its interval."""
    for_interval = {name: cell.n >= MIN_INTERVAL_ROWS for name, cell in smallest_cells(counts, groups).items()}
    return scored_classes(counts, groups), estimable(counts, groups), for_interval


def _resampled(
    table: ArrayLike,
    drawn: ArrayLike,
    weight: ArrayLike,
    groups: Groups,
    known: tuple[NDArray[np.bool_], Mapping[str, bool], Mapping[str, bool]],
) -> dict[str, _Resampled]:
    """Every metric of a table (p, c, c) and of its resamples (b, p, c, c)."""
    classes, is_known, has_interval = known
    found, resampled = (rates(weigh(each, weight), groups, classes) for each in (table, drawn))
    merged = merge_rates(found, resampled)
    moved = Rates(*(each - at + to for each, at, to in zip(resampled, found, merged, strict=True)))
    every = {}
    for name, metric in METRICS.items():
        value, values = float(metric.of(found)), metric.of(resampled)
        bias: Sequence[float] | None = ()
        if metric.needs != "rows" or metric.is_gap:
            at_merged = metric.of(moved), float(metric.of(merged))
            bias = sorted((_bias(values, value), _bias(*at_merged))) if has_interval[name] else None
        every[name] = _Resampled(metric, value, values, bias, is_known[name])
    return every


def _bias(drawn: Floats, truth: float) -> float:
    known = drawn[np.isfinite(drawn)]
    return float(known.mean() - truth) if len(known) else 0.0


def _values(found: Mapping[str, _Resampled], noise: Rates) -> dict[str, Estimate]:
    return {name: _value(each, noise) for name, each in found.items()}


def _value(found: _Resampled, noise: Rates) -> Estimate:
    """A metric with the interval that the module describes."""
    plain = found.plain()
    if plain.value is None or plain.ci is None or found.bias is None:
        return Estimate(plain.value, None)
    if not found.bias:
        return plain
    own = _bias(found.drawn, found.value)
    low, high = plain.ci[0] - own - max(found.bias[1], 0), plain.ci[1] - own - min(found.bias[0], 0)
    if found.metric.is_gap and plain.value <= (_quantile(found.metric.of(noise), (1 + LEVEL) / 2) or 0.0):
        low = 0.0
    return Estimate(plain.value, (min(max(low, 0.0), plain.value), max(min(high, 1.0), plain.value)))


def _difference(first: _Resampled, second: _Resampled) -> Estimate:
    """Second minus first. Each of the two biases may be small or large, so their difference has a range as well.

    It counts up to half the width of the percentiles: classifiers that hardly differ have hardly different biases.
    """
    plain = estimate(second.value - first.value, second.drawn - first.drawn, is_known=second.is_known)
    if plain.value is None or plain.ci is None or first.bias is None or second.bias is None:
        return Estimate(plain.value, None)
    if not second.bias:
        return plain
    most, own = (plain.ci[1] - plain.ci[0]) / 2, _bias(second.drawn - first.drawn, plain.value)
    low = plain.ci[0] - own - min(max(second.bias[1], 0) - min(first.bias[0], 0), most)
    high = plain.ci[1] - own - max(min(second.bias[0], 0) - max(first.bias[1], 0), -most)
    return Estimate(plain.value, (min(max(low, -1.0), plain.value), max(min(high, 1.0), plain.value)))


def merge_rates(found: Rates, drawn: Rates, *, below: float = MERGED_BELOW) -> Rates:
    """The rates of the groups as equal as the data allow.

    The two neighbours on the scale that are the fewest standard errors apart become one rate, their mean weighted by
    precision, again and again until all that are left are `below` or more apart. The rate of all rows takes the nearest
    rate of a group, if it is that close to it. Of `cell_accuracy`, all cells are merged.

    Args:
        found: the rates of a table.
        drawn: those of its resamples, with a leading axis b.
        below: standard errors.
    """
    variance = Rates(*(np.maximum(_variance(values), _TINY) for values in drawn))
    cells = found.cell_accuracy
    of_cells = _merge(cells.reshape(1, -1), variance.cell_accuracy.reshape(1, -1), below).reshape(cells.shape)
    by_group = {
        name: _merge_groups(getattr(found, name), getattr(variance, name), below)
        for name in Rates._fields
        if name != "cell_accuracy"
    }
    return Rates(cell_accuracy=of_cells, **by_group)


def _merge_groups(rate: Floats, variance: Floats, below: float) -> Floats:
    """(1+g,) or (1+g, k), index 0 all rows: merged over the groups."""
    of_group, spread = (np.atleast_2d(each[1:].T) for each in (rate, variance))  # (k, g)
    merged = _merge(of_group, spread, below)
    everyone = np.atleast_1d(rate[0])[:, None]
    distance = np.abs(merged - everyone)
    nearest = np.nan_to_num(distance, nan=np.inf).argmin(axis=1)[:, None]
    is_near = np.take_along_axis(distance**2 < below**2 * spread, nearest, axis=1)
    everyone = np.where(is_near, np.take_along_axis(merged, nearest, axis=1), everyone)
    return np.concatenate([everyone, merged], axis=1).T.reshape(rate.shape)


def _merge(rate: Floats, variance: Floats, below: float) -> Floats:
    """Merge neighbours within every row (r, g); see `merge_rates`."""
    n_rows, g = rate.shape
    order = np.argsort(rate, axis=1)
    value, precision = np.take_along_axis(rate, order, axis=1), 1 / np.take_along_axis(variance, order, axis=1)
    is_border = np.ones((n_rows, g - 1), dtype=bool)  # between a rate and the next larger one
    mean, total = value, precision
    for _ in range(g - 1):
        apart = (mean[:, 1:] - mean[:, :-1]) ** 2 / (1 / total[:, 1:] + 1 / total[:, :-1])
        apart = np.where(is_border & np.isfinite(apart), apart, np.inf)
        closest = apart.argmin(axis=1)
        rows = np.flatnonzero(apart[np.arange(n_rows), closest] < below**2)
        if not len(rows):
            break
        is_border[rows, closest[rows]] = False
        cluster = np.concatenate([np.zeros((n_rows, 1), dtype=np.intp), is_border.cumsum(axis=1)], axis=1)
        is_same = cluster[:, :, None] == cluster[:, None, :]  # (r, g, g)
        total = (is_same * precision[:, None, :]).sum(axis=-1)
        mean = (is_same * (precision * value)[:, None, :]).sum(axis=-1) / total
    merged = np.empty_like(value)
    np.put_along_axis(merged, order, mean, axis=1)
    return merged


def _variance(values: Floats) -> Floats:
    """The variance over the draws (b, …), without draws that have no rows."""
    is_known = np.isfinite(values)
    n = np.maximum(is_known.sum(axis=0), 1)
    mean = np.where(is_known, values, 0).sum(axis=0) / n
    return np.asarray(np.where(is_known, (values - mean) ** 2, 0).sum(axis=0) / n)


def estimate(value: ArrayLike, drawn: Floats, *, is_known: bool = True) -> Estimate:
    """One number with the interval of its bootstrap values (b,); None if it is NaN or ``is_known`` is False."""
    number = float(np.asarray(value))
    if not is_known or not np.isfinite(number):
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
    """The smallest true difference that a test set like this one detects with 80 % power.

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
