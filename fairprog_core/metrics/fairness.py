"""Fairness metrics as functions of one table of counts.

Every metric except the AUC depends only on the number of rows for each (group pattern, label,
prediction). A table may have leading axes, e.g. one per bootstrap draw or per λ.

To add a metric: a function of the rates and one line in :data:`METRICS`; results, intervals, tables and the page
Trade-off follow. Outside the package: one file and :func:`register`.

A rate without rows is NaN, "not estimable", and so is every gap that needs it; it is never 0,
which would mean perfectly fair.

Notation: n samples, c classes, p group patterns, g groups, k classes that count as "positive" in
turn (k = 1, class 1, for two classes; one-vs-rest for more, k = c minus the classes that
`scored_classes` leaves out), "…" any leading axes.
"""

from collections.abc import Callable, Mapping
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fairprog_core.common.registry import add
from fairprog_core.common.types import Floats, Groups
from fairprog_core.metrics.counts import by_group, weigh

MIN_ROWS = 5  # a rate over fewer rows has a standard error up to .22: not estimable
MIN_INTERVAL_ROWS = 60  # with fewer rows in the smallest cell, no known interval of a gap covers what it should
COLLAPSED_BELOW = 0.02  # a cell with a lower accuracy is lost …
HAD_BEFORE = 0.1  # … if the base's accuracy in it is at least this
_TOLERANCE = 1e-9  # weighted sums over the same rows differ by rounding


class Rates(NamedTuple):
    """The rates that the metrics are computed from; index 0 of the axis 1+g is "all rows".

    Attributes:
        accuracy: (…, 1+g).
        cell_accuracy: (…, g, c), accuracy within a group and a label; of the classes that count.
        selection: (…, 1+g, k), share predicted as the class; of all classes.
        true_positive: (…, 1+g, k), share predicted as the class among rows of the class.
        false_positive: (…, 1+g, k), share predicted as the class among rows of other classes.
    """

    accuracy: Floats
    cell_accuracy: Floats
    selection: Floats
    true_positive: Floats
    false_positive: Floats


class Metric(NamedTuple):
    """A metric: its function of the rates, and which rows it requires.

    ``needs`` is "rows" (any), "groups" (rows of every group) or "cells" (of every group × label).
    ``is_gap``: 0 is best; otherwise 1 is best. ``title``: its name on the screen. Intervals take a metric for convex or
    concave in the rates, as largest differences, means of absolute ones and smallest rates are; and a gap for one that
    doubles where all differences of rates do, which a ratio of rates does not. A metric is also computed on rates below
    0 and above 1, see `fairprog_core.metrics.intervals`.
    """

    of: Callable[[Rates], Floats]
    needs: Literal["rows", "groups", "cells"]
    is_gap: bool
    title: str


def scored_classes(counts: ArrayLike, groups: Groups, *, min_rows: int = MIN_ROWS) -> NDArray[np.bool_]:
    """Mask (c,) of the classes that count in the metrics over cells.

    Of more than two classes, those with at least ``min_rows`` rows in every group: a class that is too rare in one
    group is left out of the one-vs-rest mean, so that the other classes stay estimable. Of two classes, or if all
    are too rare, all count, and the metrics may not be estimable.

    Args:
        counts: (p, c, c) rows, not weights.
        groups: the g groups over the p patterns.
        min_rows: the smallest number of rows for a rate.
    """
    cells = by_group(counts, groups).sum(axis=-1)  # (g, c)
    is_known = (cells >= min_rows).all(axis=0)
    return np.asarray(is_known if len(is_known) > 2 and is_known.any() else np.ones_like(is_known))


def rates(table: ArrayLike, groups: Groups, classes: NDArray[np.bool_] | None = None) -> Rates:
    """All rates of a table.

    Args:
        table: (…, p, c, c) counts or weighted counts `[pattern, label, prediction]`.
        groups: the g groups over the p patterns.
        classes: (c,) mask of the classes that count; None: all.
    """
    cells = np.asarray(table, dtype=np.float64)
    both = np.concatenate([cells.sum(axis=-3, keepdims=True), by_group(cells, groups)], axis=-3)  # (…, 1+g, c, c)
    right = np.diagonal(both, axis1=-2, axis2=-1)  # (…, 1+g, c)
    of_label, predicted = both.sum(axis=-1), both.sum(axis=-2)
    n = of_label.sum(axis=-1, keepdims=True)
    counting = np.ones(cells.shape[-1], dtype=bool) if classes is None else classes
    positive, every = (slice(1, 2), slice(1, 2)) if cells.shape[-1] == 2 else (counting, slice(None))
    return Rates(
        accuracy=ratio(right.sum(axis=-1), n[..., 0]),
        cell_accuracy=ratio(right, of_label)[..., 1:, counting],
        selection=ratio(predicted, n)[..., every],
        true_positive=ratio(right, of_label)[..., positive],
        false_positive=ratio(predicted - right, n - of_label)[..., positive],
    )


def accuracy(rates: Rates) -> Floats:
    """Share of rows whose prediction is the label."""
    return np.asarray(rates.accuracy[..., 0])


def demographic_parity_difference(rates: Rates) -> Floats:
    """max_g p_g − min_g p_g, p_g = P(Ŷ=1 | g); fairlearn's definition."""
    return _class_mean(_spread(rates.selection))


def equalized_odds_difference(rates: Rates) -> Floats:
    """max(ΔTPR, ΔFPR), Δ = max − min over groups; fairlearn's definition."""
    return _class_mean(np.maximum(_spread(rates.true_positive), _spread(rates.false_positive)))


def average_abs_odds_difference(rates: Rates) -> Floats:
    """½(ΔTPR + ΔFPR); AIF360's definition, fairlearn's ``agg="mean"``."""
    return _class_mean(_spread(rates.true_positive) + _spread(rates.false_positive)) / 2


def paper_dp(rates: Rates) -> Floats:
    """mean_g |p − p_g|. Source: the authors' "ED_PO1_AcrossZ"."""
    return _class_mean(_deviation(rates.selection))


def paper_eo(rates: Rates) -> Floats:
    """½(mean_g |FPR − FPR_g| + mean_g |FNR − FNR_g|).

    Source: the authors' "ED_FR_AcrossZ"; their CelebA output and Figure 3 omit the ½.
    """
    return _class_mean(_deviation(rates.false_positive) + _deviation(rates.true_positive)) / 2


def worst_group_accuracy(rates: Rates) -> Floats:
    """min over (group, label) of accuracy. Source: the authors' "Min_ACC_AcrossZY", WILDS."""
    return np.asarray(rates.cell_accuracy.min(axis=(-2, -1)))


METRICS: dict[str, Metric] = {
    "accuracy": Metric(accuracy, "rows", is_gap=False, title="Accuracy"),
    "demographic_parity_difference": Metric(
        demographic_parity_difference, "groups", is_gap=True, title="Demographic-parity gap"
    ),
    "equalized_odds_difference": Metric(
        equalized_odds_difference, "cells", is_gap=True, title="Equalized-odds gap (maximum)"
    ),
    "average_abs_odds_difference": Metric(
        average_abs_odds_difference, "cells", is_gap=True, title="Equalized-odds gap"
    ),
    "paper_dp": Metric(paper_dp, "groups", is_gap=True, title="Demographic-parity gap (paper)"),
    "paper_eo": Metric(paper_eo, "cells", is_gap=True, title="Equalized-odds gap (paper)"),
    "worst_group_accuracy": Metric(worst_group_accuracy, "cells", is_gap=False, title="Accuracy of the worst cell"),
}


def register(key: str, metric: Metric) -> None:
    """Add a metric of another package; see ``common.plugins``.

    Raises:
        ConfigError: the key exists already or is not valid.
    """
    add(METRICS, key, metric, noun="metric")


def gaps() -> tuple[str, ...]:
    """The metrics that are gaps: 0 if all groups are treated equally."""
    return tuple(name for name, metric in METRICS.items() if metric.is_gap)


def evaluate(
    counts: ArrayLike, weight: ArrayLike, groups: Groups, classes: NDArray[np.bool_] | None = None
) -> dict[str, Floats]:
    """Every metric of `METRICS`, each with the table's leading axes; NaN if a required group or cell has no rows.

    Args:
        counts: (…, p, c, c) rows by `[pattern, label, prediction]`.
        weight: (p, c), or ones for a natural mix.
        groups: the g groups over the p patterns.
        classes: (c,) mask of the classes that count, see `scored_classes`; None: all.
    """
    all_rates = rates(weigh(counts, weight), groups, classes)
    return {name: metric.of(all_rates) for name, metric in METRICS.items()}


def estimable(counts: ArrayLike, groups: Groups, *, min_rows: int = MIN_ROWS) -> Mapping[str, bool]:
    """By metric, whether every group or cell that it requires has at least ``min_rows`` rows.

    Args:
        counts: (p, c, c) rows, not weights.
        groups: the g groups over the p patterns.
        min_rows: the smallest number of rows for a rate.
    """
    cells = by_group(counts, groups).sum(axis=-1)  # (g, c)
    classes = scored_classes(counts, groups, min_rows=min_rows)
    fewest = {"rows": np.asarray(counts).sum(), "groups": cells.sum(axis=-1).min(), "cells": cells[:, classes].min()}
    return {name: bool(fewest[metric.needs] >= min_rows) for name, metric in METRICS.items()}


class SmallestCell(NamedTuple):
    """The group, or group and label, with the fewest rows of those that a metric requires.

    Attributes:
        n: its rows.
        group: its index.
        label: its index; None if the metric requires a group.
    """

    n: int
    group: int
    label: int | None = None


def smallest_cell(cells: Floats, metric: Metric, classes: NDArray[np.bool_]) -> SmallestCell:
    """The smallest cell of rows (g, c) by group and label that a metric of groups or cells requires.

    Args:
        cells: (g, c) rows.
        metric: with ``needs`` "groups" or "cells".
        classes: (c,) mask of the classes that count.
    """
    if metric.needs == "groups":
        of_group = cells.sum(axis=-1)
        return SmallestCell(int(of_group.min()), group=int(of_group.argmin()))
    counting = np.where(classes, cells, np.inf)
    group, label = (int(i) for i in np.unravel_index(counting.argmin(), counting.shape))
    return SmallestCell(int(cells[group, label]), group, label)


def majority_accuracy(table: ArrayLike) -> Floats:
    """Accuracy of always predicting the most frequent label of a table (…, p, c, c)."""
    of_label = np.asarray(table, dtype=np.float64).sum(axis=(-3, -1))  # (…, c)
    return ratio(of_label.max(axis=-1), of_label.sum(axis=-1))


def collapsed(
    counts: ArrayLike, weight: ArrayLike, groups: Groups, *, base: ArrayLike | None = None, min_rows: int = MIN_ROWS
) -> NDArray[np.bool_]:
    """Whether a classifier has collapsed, so that a small gap means nothing: a constant classifier has every gap 0.

    True if accuracy is at or below that of the majority class, or if a (group, label) cell
    of at least ``min_rows`` rows has accuracy below `COLLAPSED_BELOW` (.02), while the base's is at
    least `HAD_BEFORE` (.1): with many classes there are some that the base itself never predicts.

    Args:
        counts: (…, p, c, c) rows.
        weight: (p, c).
        groups: the g groups over the p patterns.
        base: (p, c, c) the base's counts on the same rows; None: every cell can count as lost.
        min_rows: smaller cells are ignored, because a few wrong rows are not a collapse.
    """
    table = weigh(counts, weight)
    now = rates(table, groups)
    is_checked = by_group(counts, groups).sum(axis=-1) >= min_rows  # (…, g, c)
    if base is not None:
        is_checked &= rates(weigh(base, weight), groups).cell_accuracy >= HAD_BEFORE
    has_lost_cell = (is_checked & (now.cell_accuracy < COLLAPSED_BELOW)).any(axis=(-2, -1))
    is_majority = accuracy(now) <= majority_accuracy(table) + _TOLERANCE
    return np.asarray(has_lost_cell | is_majority)


def ratio(part: Floats, whole: Floats, *, empty: float = np.nan) -> Floats:
    """part / whole; ``empty`` where the whole is not above 0 (NaN: not estimable)."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(whole > 0, part / whole, empty)


def _spread(rate: Floats) -> Floats:
    """(…, 1+g, k) -> (…, k): largest minus smallest rate of the groups; NaN if there is only one group."""
    groups = rate[..., 1:, :]
    if groups.shape[-2] < 2:
        return np.full(groups[..., 0, :].shape, np.nan)
    return np.asarray(groups.max(axis=-2) - groups.min(axis=-2))


def _deviation(rate: Floats) -> Floats:
    """(…, 1+g, k) -> (…, k): mean over groups of the absolute difference to the rate of all rows."""
    return np.asarray(np.abs(rate[..., 1:, :] - rate[..., :1, :]).mean(axis=-2))


def _class_mean(per_class: Floats) -> Floats:
    """(…, k) -> (…): mean of one-vs-rest."""
    return np.asarray(per_class.mean(axis=-1))
