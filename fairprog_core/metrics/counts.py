"""Count rows by (group pattern, label, prediction), and weight the table back to the natural mix.

Notation: n samples, c classes, p group patterns, g groups, "…" any leading axes.
"""

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fairprog_core.common.errors import DataError
from fairprog_core.common.types import Floats, Groups

Counts = NDArray[np.int64]


def count_table(y: ArrayLike, y_pred: ArrayLike, z: ArrayLike, *, n_patterns: int, n_classes: int) -> Counts:
    """Count rows by `[pattern, label, prediction]`.

    Args:
        y: (n,) labels in 0..c-1.
        y_pred: (…, n) predictions in 0..c-1; leading axes, e.g. one per λ, are kept.
        z: (n,) pattern codes in 0..p-1.
        n_patterns: p.
        n_classes: c.

    Returns:
        (…, p, c, c) int64.

    Raises:
        DataError: a label, prediction or pattern code is outside its range.
    """
    predicted = _checked("prediction", y_pred, n_classes)
    cell = _checked("group code", z, n_patterns) * n_classes + _checked("label", y, n_classes)
    leading = predicted.shape[:-1]
    blocks = np.arange(math.prod(leading)).reshape(*leading, 1)  # one block of counts per leading index
    code = (blocks * n_patterns * n_classes + cell) * n_classes + predicted
    shape = (*leading, n_patterns, n_classes, n_classes)
    return np.bincount(code.ravel(), minlength=math.prod(shape)).reshape(shape)


def joint_table(
    y: ArrayLike, first: ArrayLike, second: ArrayLike, z: ArrayLike, *, n_patterns: int, n_classes: int
) -> Counts:
    """Count rows by `[pattern, label, first prediction, second prediction]`: (p, c, c, c).

    Two classifiers on the same rows; the sum over the last axis is the table of the first
    classifier, the sum over the last but one that of the second.

    Args:
        y: (n,) labels.
        first: (n,) predictions of the first classifier, e.g. the base.
        second: (n,) predictions of the second classifier, e.g. with the trigger.
        z: (n,) pattern codes.
        n_patterns: p.
        n_classes: c.

    Raises:
        DataError: a label, prediction or pattern code is outside its range.
    """
    cell = _checked("group code", z, n_patterns) * n_classes + _checked("label", y, n_classes)
    pair = _checked("prediction", first, n_classes) * n_classes + _checked("prediction", second, n_classes)
    shape = (n_patterns, n_classes, n_classes, n_classes)
    return np.bincount(cell * n_classes**2 + pair, minlength=math.prod(shape)).reshape(shape)


def cell_weight(y: ArrayLike, z: ArrayLike, weight: ArrayLike, *, n_patterns: int, n_classes: int) -> Floats:
    """The weight of a row in each (pattern, label) cell; 0 for a cell without rows.

    Args:
        y: (n,) labels.
        z: (n,) pattern codes.
        weight: (n,) row weights, the same for all rows of a cell.
        n_patterns: p.
        n_classes: c.

    Returns:
        (p, c) float64.

    Raises:
        DataError: rows of one cell have different weights, or a code is outside its range.
    """
    rows = np.asarray(weight, dtype=np.float64)
    cell = _checked("group code", z, n_patterns) * n_classes + _checked("label", y, n_classes)
    size = n_patterns * n_classes
    n = np.bincount(cell, minlength=size)
    mean = np.bincount(cell, weights=rows, minlength=size) / np.maximum(n, 1)
    if not np.allclose(rows, mean[cell], rtol=1e-6, atol=0):
        raise DataError("Rows of one group and label have different weights; give all rows of such a cell the same.")
    return mean.reshape(n_patterns, n_classes)


def weigh(counts: ArrayLike, weight: ArrayLike) -> Floats:
    """The table (…, p, c, c) weighted back to the natural mix by (p, c) weights."""
    return np.asarray(counts, dtype=np.float64) * np.asarray(weight, dtype=np.float64)[..., None]


def by_group(table: ArrayLike, groups: Groups) -> Floats:
    """Sum a table (…, p, c, c) over the patterns of each group: (…, g, c, c)."""
    summed: Floats = np.einsum("...pij,pg->...gij", np.asarray(table, np.float64), groups.patterns.astype(np.float64))
    return summed


def _checked(what: str, values: ArrayLike, limit: int) -> Counts:
    """The codes as int64; raises a DataError unless all are in 0..limit-1."""
    codes = np.asarray(values, dtype=np.int64)
    if codes.size and (codes.min() < 0 or codes.max() >= limit):
        found = codes.min() if codes.min() < 0 else codes.max()
        raise DataError(
            f"Found the {what} {found}, allowed are 0 … {limit - 1}; check the data set's labels and groups."
        )
    return codes
