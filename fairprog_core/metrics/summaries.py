"""Many points: means over seeds, and a flat table for spreadsheets.

Points are ``metrics.point.Point``; their table has a column for every metric and end of an interval.
"""

import csv
import io
from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import TypeAlias

from fairprog_core.metrics import auc
from fairprog_core.metrics.fairness import METRICS
from fairprog_core.metrics.intervals import Estimate
from fairprog_core.metrics.pareto import t_quantile
from fairprog_core.metrics.point import Point

Cell: TypeAlias = str | float | bool | None
Row: TypeAlias = dict[str, Cell]

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # spreadsheets read the wide forms too

SAME_CURVE = ("method", "trigger", "criterion", "tuning_ratio")  # equal for curves that differ only by seed


def reported() -> dict[str, str]:
    """The metrics of a point that have an interval: key -> name on the screen."""
    return {name: metric.title for name, metric in METRICS.items()} | {"auc": auc.TITLE}


def mean_over_seeds(points: Sequence[Point], *, same: Sequence[str] = (*SAME_CURVE, "lam")) -> list[Point]:
    """Average points that differ only by seed.

    The interval covers the variation over seeds and over test rows: below the mean it reaches
    √((t·s/√n)² + a²), where s is the standard deviation over the n seeds, t Student's quantile for
    n − 1, and a the mean distance from a point's value to the lower end of its interval; above the
    mean, with the distance to the upper end. A gap's own interval reaches further down than up, because
    gaps come out too large, in every seed alike. All seeds are tested on the same rows, so a is not
    divided by √n: that would assume independent rows. The interval is slightly too wide, because s
    includes part of a. With one seed it is the point's own interval, over test rows only.

    Args:
        points: of one study.
        same: the attributes that are equal within one mean; without "lam" every curve can have its own λ.

    Returns:
        One point per mean in the order of first appearance, with ``seeds`` in place of ``seed``, ``lam``
        None where it differs, every metric, ``delta``, the mean ``noise_gap`` (the seeds have the same rows, so
        noise does not average out: it is about an upper bound), and ``collapsed`` if any of them is.
    """
    keys = [tuple(getattr(point, name) for name in same) for point in points]
    order = sorted(range(len(points)), key=lambda i: keys.index(keys[i]))
    return [_mean([points[i] for i in members]) for _, members in groupby(order, key=lambda i: keys[i])]


def mean_estimate(estimates: Sequence[Estimate]) -> Estimate:
    """The mean of one estimate over seeds, see `mean_over_seeds`; None if one of them is not estimable."""
    values = [estimate.value for estimate in estimates if estimate.value is not None]
    if len(values) < len(estimates) or not values:
        return Estimate(None, None)
    if len(values) == 1:
        return estimates[0]
    n, mean = len(values), sum(values) / len(values)
    intervals = [estimate.ci for estimate in estimates if estimate.ci is not None]
    if len(intervals) < n:
        return Estimate(mean, None)
    below, above = mean - sum(low for low, _ in intervals) / n, sum(high for _, high in intervals) / n - mean
    seeds = t_quantile(n - 1) ** 2 * sum((value - mean) ** 2 for value in values) / (n - 1) / n
    return Estimate(mean, (mean - (seeds + below**2) ** 0.5, mean + (seeds + above**2) ** 0.5))


def mean_known(values: Sequence[float | None]) -> float | None:
    """The mean; None if one of the values is None, or there is none."""
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known and len(known) == len(values) else None


def point_rows(points: Sequence[Point]) -> list[Row]:
    """Points as flat rows: intervals as <name>_low and <name>_high, None if not estimable."""
    return [_flat(point) for point in points]


def points_csv(points: Sequence[Point]) -> str:
    """Points as CSV text: one row per point, intervals as <name>_low and <name>_high, empty if not estimable.

    What noise alone would show of a gap is noise_<gap>.
    """
    return rows_csv(point_rows(points))


def csv_cell(value: Cell) -> Cell:
    """A cell that no spreadsheet reads as a formula: text that begins like one gets an apostrophe in front."""
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value


def rows_csv(rows: Sequence[Mapping[str, Cell]]) -> str:
    """Flat rows as CSV text; a column for every key of any row, in the order of first appearance."""
    columns = list(dict.fromkeys(name for row in rows for name in row))
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: csv_cell(value) for name, value in row.items()} for row in rows)
    return text.getvalue()


def _mean(points: Sequence[Point]) -> Point:
    first, lams = points[0], {point.lam for point in points}
    return Point(
        **{name: getattr(first, name) for name in SAME_CURVE},
        lam=lams.pop() if len(lams) == 1 else None,
        seeds=tuple(point.seed or 0 for point in points),
        n=first.n,
        collapsed=any(point.collapsed for point in points),
        metrics={
            name: _within_bounds(mean_estimate([point.metric(name) for point in points])) for name in first.metrics
        },
        delta={name: mean_estimate([point.change(name) for point in points]) for name in first.delta},
        noise_gap={name: mean_known([point.noise_gap.get(name) for point in points]) for name in first.noise_gap},
    )


def _within_bounds(metric: Estimate) -> Estimate:
    """Clip the interval to 0 … 1, the range of every metric."""
    return Estimate(metric.value, metric.ci and (max(0.0, metric.ci[0]), min(1.0, metric.ci[1])))


def _flat(point: Point) -> Row:
    row: Row = {name: getattr(point, name) for name in (*SAME_CURVE, "lam", "seed", "n")}
    for name, found in point.metrics.items():
        row |= interval_columns(name, found)
    row |= {f"noise_{name}": limit for name, limit in point.noise_gap.items()}
    for name in point.metrics:
        row |= interval_columns(f"delta_{name}", point.change(name))
    row["collapsed"] = point.collapsed
    for group, of_group in zip(point.groups, point.counts, strict=False):  # a point may have no counts
        for y, of_label in enumerate(of_group):
            row |= {f"count_{group}_y{y}_pred{y_pred}": n for y_pred, n in enumerate(of_label)}
    return row | {f"artifact_{name}": path for name, path in point.artifacts.items()}


def interval_columns(name: str, found: Estimate) -> Row:
    """An estimate as three columns: the value and both ends of its interval."""
    low, high = found.ci or (None, None)
    return {name: found.value, f"{name}_low": low, f"{name}_high": high}
