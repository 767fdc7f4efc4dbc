"""95 % intervals: resample the table of counts and compute every metric on every resample.

Bootstrapping test rows is equivalent to drawing their table of counts from a multinomial, so
thousands of resamples take milliseconds. A split drawn evenly over the (pattern, label) cells is
resampled within its cells, whose sizes are fixed by design, and weighted back.

**Small gaps.** A gap is the absolute value of noisy differences, so near a true gap of zero it is
biased upward and its percentile interval undercovers: at 300 rows per cell it covers 0 % of the time
at a true gap of 0, 74 % at .01, 95-96 % from about .035 (three standard errors). Show a small gap
together with `noise_gaps`, the gap that noise alone would cause.

Notation: p group patterns, c classes, g groups, k one-vs-rest classes, b draws.
"""

from collections.abc import Sequence
from math import ceil
from typing import Annotated, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import ArrayLike
from pydantic import Field
from typing_extensions import TypedDict  # pydantic supports typing.TypedDict only from Python 3.12 on

from fairprog_core.common.types import Floats, Groups
from fairprog_core.metrics.counts import Counts, weigh
from fairprog_core.metrics.fairness import METRICS, Rates, estimable, evaluate, gaps, rates, scored_classes

DRAWS = 2_000
LEVEL = 0.95
LEVEL_Z = 1.959964  # 97.5 % quantile of the normal distribution: 5 % level, two-sided
POWER_Z = 0.841621  # 80 % quantile: 80 % power
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
    counts: ArrayLike, weight: ArrayLike, groups: Groups, *, is_stratified: bool, draws: int = DRAWS, seed: int = 0
) -> dict[str, Estimate]:
    """Every metric of a table with its interval, by name.

    Args:
        counts: (p, c, c) rows by `[pattern, label, prediction]`.
        weight: (p, c).
        groups: the g groups over the p patterns.
        is_stratified: whether the rows per (pattern, label) were fixed by design.
        draws: b.
        seed: of the random generator.
    """
    known, classes = estimable(counts, groups), scored_classes(counts, groups)
    point = evaluate(counts, weight, groups, classes)
    drawn = evaluate(draw_tables(counts, is_stratified=is_stratified, draws=draws, seed=seed), weight, groups, classes)
    return {name: estimate(point[name], drawn[name], is_known=known[name]) for name in METRICS}


def paired_estimates(
    joint: ArrayLike, weight: ArrayLike, groups: Groups, *, is_stratified: bool, draws: int = DRAWS, seed: int = 0
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

    Returns:
        (metrics of the second, differences), each by name.
    """
    table = np.asarray(joint)
    rows = table.sum(axis=-1)
    known, classes = estimable(rows, groups), scored_classes(rows, groups)
    drawn = draw_tables(table, is_stratified=is_stratified, draws=draws, seed=seed)
    first, first_drawn = (evaluate(tables.sum(axis=-1), weight, groups, classes) for tables in (table, drawn))
    second, second_drawn = (evaluate(tables.sum(axis=-2), weight, groups, classes) for tables in (table, drawn))
    values = {n: estimate(second[n], second_drawn[n], is_known=known[n]) for n in METRICS}
    deltas = {n: estimate(second[n] - first[n], second_drawn[n] - first_drawn[n], is_known=known[n]) for n in METRICS}
    return values, deltas


def estimate(value: ArrayLike, drawn: Floats, *, is_known: bool = True) -> Estimate:
    """One number with the interval of its bootstrap values (b,); None if it is NaN or ``is_known`` is False."""
    number = float(np.asarray(value))
    if not is_known or not np.isfinite(number):
        return Estimate(None, None)
    return Estimate(number, percentile_interval(drawn))


def noise_gaps(
    counts: ArrayLike, weight: ArrayLike, groups: Groups, *, is_stratified: bool, draws: int = DRAWS, seed: int = 0
) -> dict[str, float | None]:
    """The 95 % quantile of each gap over test sets like this one if the true gap were zero.

    Tables are drawn with the cell counts of this one, then the expected value of every rate is
    subtracted: all groups then have the same true rate but keep their own noise. Half a row is added to
    every prediction before drawing; otherwise a cell of ten correct predictions would have no noise.

    Args:
        counts: (p, c, c) rows by `[pattern, label, prediction]`.
        weight: (p, c).
        groups: the g groups over the p patterns.
        is_stratified: whether the rows per (pattern, label) were fixed by design.
        draws: b.
        seed: of the random generator.

    Returns:
        By metric name; None if the gap cannot be estimated.
    """
    table = np.asarray(counts, dtype=np.float64)
    n = table.sum(axis=-1)  # (p, c)
    share = np.where(n[..., None] > 0, (table + 0.5) / (n[..., None] + 0.5 * table.shape[-1]), 0.0)
    random = np.random.default_rng(seed)
    size = np.broadcast_to(n, (draws, *n.shape)).astype(np.int64)
    if not is_stratified:
        size = random.multinomial(int(n.sum()), (n / n.sum()).ravel(), size=draws).reshape(size.shape)
    classes = scored_classes(counts, groups)
    drawn = rates(weigh(random.multinomial(size, share), weight), groups, classes)
    expected = rates(weigh(share * n[..., None], weight), groups, classes)
    noise = Rates(*(one - other for one, other in zip(drawn, expected, strict=True)))
    known = estimable(counts, groups)
    return {name: _upper(METRICS[name].of(noise)) if known[name] else None for name in gaps()}


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


def _upper(values: Floats) -> float | None:
    """The 95 % quantile of draws (b,)."""
    quantiles = _quantiles(values, LEVEL)
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
