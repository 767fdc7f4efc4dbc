"""How well the group can be read from what the base computes: its features and its logits.

Notation: n rows, d features, c classes, p group patterns.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fairprog_core.data.base import draw_evenly
from fairprog_core.explain.averages import Rows
from fairprog_core.explain.conditions import by_condition

READINGS = ("reading", "reading_fixed", "reading_logits")


def summarise(
    features: Sequence[NDArray[np.float32]],
    logits: Sequence[NDArray[np.float32]],
    y: NDArray[np.int64],
    z: NDArray[np.int64],
) -> dict[str, Any]:
    """How well the pattern is read, with intervals, per condition; rows count evenly over the (z, y) cells.

    ``reading``: from the base's features, learned anew under every condition.
    ``reading_fixed``: from the features, learned under the first condition and then asked under the others.
    ``reading_logits``: from the logits, learned anew.

    Args:
        features: (n, d) per condition.
        logits: (n, c) per condition.
        y: labels (n,).
        z: patterns (n,); with fewer than two there is nothing to read, and all three are None.
    """
    if len(np.unique(z)) < 2:
        return dict.fromkeys(READINGS)
    weight = even_weight(z, y)
    rows = Rows(weight, z * (y.max() + 1) + y)
    chance = float(max(weight[z == one].sum() for one in np.unique(z)) / weight.sum())
    read = (
        [read_from_features(one, z, y) for one in features],
        [read_from_features(features[0], z, y, seen=one) for one in features],
        [read_from_features(one[:, 1:] - one[:, :1], z, y) for one in logits],
    )
    return {
        kind: {**by_condition([rows.mean(right) for right in rights]), "chance": chance}
        for kind, rights in zip(READINGS, read, strict=True)
    }


def read_from_features(
    features: NDArray[np.floating],
    z: NDArray[np.int64],
    y: NDArray[np.int64],
    *,
    seen: NDArray[np.floating] | None = None,
    folds: int = 5,
    seed: int = 0,
) -> NDArray[np.float64]:
    """Which rows' pattern z (n,) a logistic regression reads from features (n, d), cross-validated.

    Ridge as scikit-learn's ``LogisticRegression(C=1)`` on standardised features, one against the
    rest. Rows count evenly over the (z, y) cells, so that knowing the label alone does not help.

    Args:
        features: what the regression learns from.
        z: what it learns to tell.
        y: labels, for the weights.
        seen: features (n, d) of the same rows that it is then asked about; None: the same ones.
        folds: of the cross-validation; a row is never asked about by a regression that learned from it.
        seed: of the folds.

    Returns:
        (n,) 1.0 where the row's pattern was read, else 0.0.
    """
    fold = np.empty(len(z), dtype=np.int64)
    fold[draw_evenly(y, z, len(z), seed=seed)] = np.arange(len(z)) % folds
    weight, names = even_weight(z, y), np.unique(z)
    right = np.zeros(len(z))
    for held_out in range(folds):
        fit, test = fold != held_out, fold == held_out
        mean, spread = features[fit].mean(0), features[fit].std(0) + 1e-6
        x, asked = (
            _with_constant((values - mean) / spread) for values in (features, features if seen is None else seen)
        )
        told = [logistic_regression(x[fit], z[fit] == name, weight[fit]) for name in names]
        right[test] = names[(asked[test] @ np.stack(told, 1)).argmax(1)] == z[test]
    return right


def _with_constant(x: NDArray[np.floating]) -> NDArray[np.float64]:
    """(n, d) -> (n, d + 1), the last column ones."""
    return np.concatenate([x, np.ones((len(x), 1))], axis=1, dtype=np.float64)


def even_weight(z: NDArray[np.int64], y: NDArray[np.int64]) -> NDArray[np.float64]:
    """Weights (n,) with mean one under which every (z, y) cell that has rows counts alike."""
    _, cell, counts = np.unique(np.stack([z, y]), axis=1, return_inverse=True, return_counts=True)
    weight: NDArray[np.float64] = len(z) / (len(counts) * counts[cell.ravel()])
    return weight


def logistic_regression(
    x: NDArray[np.float64], is_one: NDArray[np.bool_], weight: NDArray[np.float64], *, steps: int = 50
) -> NDArray[np.float64]:
    """Coefficients (d + 1,) of a ridge logistic regression, by Newton's method with step halving.

    Args:
        x: (n, d + 1), the last column is the constant, which is not penalised.
        is_one: (n,) the outcome.
        weight: (n,) of the rows.
        steps: Newton steps at most.
    """
    ridge = np.ones(x.shape[1])
    ridge[-1] = 1e-9
    sign = np.where(is_one, 1.0, -1.0)

    def loss(w: NDArray[np.float64]) -> float:
        return float(weight @ np.logaddexp(0, -sign * (x @ w)) + 0.5 * ridge @ w**2)

    w, now = np.zeros(x.shape[1]), loss(np.zeros(x.shape[1]))
    for _ in range(steps):
        p = 0.5 * (1 + np.tanh(0.5 * (x @ w)))
        gradient = x.T @ (weight * (p - is_one)) + ridge * w
        hessian = (x.T * (weight * p * (1 - p))) @ x + np.diag(ridge)
        step = np.linalg.solve(hessian, gradient)
        size = 1.0
        while loss(w - size * step) > now and size > 1e-3:
            size /= 2
        w = w - size * step
        before, now = now, loss(w)
        if before - now < 1e-8 * max(1.0, before):
            break
    return w
