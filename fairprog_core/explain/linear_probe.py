"""How well the group can be read from what the base computes: its features and its logits.

Notation: n rows, d features, c classes, p group patterns.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fairprog_core.data.base import cell_numbers, draw_evenly
from fairprog_core.explain.averages import Mean, WeightedRows
from fairprog_core.explain.base import Work
from fairprog_core.explain.conditions import Conditions

READINGS = ("reading", "reading_fixed", "reading_logits")
MOST_PATTERNS = 16  # with more there are too few rows of each, and a reader for each takes minutes


def summarise(
    features: Sequence[NDArray[np.float32]],
    logits: Sequence[NDArray[np.float32]],
    y: NDArray[np.int64],
    z: NDArray[np.int64],
    *,
    conditions: Conditions[Any],
) -> Work[dict[str, Any]]:
    """How well the pattern is read, with intervals, per condition; rows count evenly over the (z, y) cells.

    ``reading``: from the base's features, learned anew under every condition.
    ``reading_fixed``: from the features, learned under the first condition and then asked under the others.
    ``reading_logits``: from the logits, learned anew.

    Args:
        features: (n, d) per condition on the base.
        logits: (n, c) per condition on the base.
        y: labels (n,).
        z: patterns (n,); with fewer than two, or more than `MOST_PATTERNS`, all three are None.
        conditions: for labels, and for the form of the answer.

    Yields:
        Before each condition: with many features and patterns one takes seconds.
    """
    if not 2 <= len(np.unique(z)) <= MOST_PATTERNS:
        return dict.fromkeys(READINGS)
    weight = even_weight(z, y)
    rows = WeightedRows(weight, cell_numbers(y, z))
    chance = float(max(weight[z == one].sum() for one in np.unique(z)) / weight.sum())
    read, fixed = list[tuple[Mean | None, ...]](), list[LinearProbe]()
    for condition, seen, said in zip(conditions.on_base, features, logits, strict=True):
        yield f"Reading the group from the base's features, {condition.name}"
        readers = learn_to_read(seen, z, y)
        fixed = fixed or readers
        rights = ask(readers, seen, z), ask(fixed, seen, z), read_from_features(said[:, 1:] - said[:, :1], z, y)
        read.append((*(rows.mean(right) for right in rights),))
    return {
        kind: {**conditions.by_condition(means), "chance": chance}
        for kind, means in zip(READINGS, zip(*read), strict=True)
    }


class LinearProbe(NamedTuple):
    """One fold's regressions, and the rows that they did not learn from.

    Attributes:
        asked: (n,) bool, the rows to ask about.
        mean: (d,) of the features that were learned from.
        spread: (d,) their standard deviation.
        told: (d + 1, p) coefficients, one pattern against the rest.
        names: (p,) the patterns.
    """

    asked: NDArray[np.bool_]
    mean: NDArray[np.floating]
    spread: NDArray[np.floating]
    told: NDArray[np.float64]
    names: NDArray[np.int64]

    def columns(self, features: NDArray[np.floating]) -> NDArray[np.float64]:
        """Features (k, d), standardised, and a column of ones: (k, d + 1)."""
        return _with_constant((features - self.mean) / self.spread)


def learn_to_read(
    features: NDArray[np.floating], z: NDArray[np.int64], y: NDArray[np.int64], *, folds: int = 5, seed: int = 0
) -> list[LinearProbe]:
    """Logistic regressions that tell the pattern z (n,) from features (n, d), one for each fold.

    Ridge as scikit-learn's ``LogisticRegression(C=1)`` on standardised features, one against the
    rest. Rows count evenly over the (z, y) cells, so that knowing the label alone does not help.

    Args:
        features: what the regressions learn from.
        z: what they learn to tell.
        y: labels, for the weights.
        folds: of the cross-validation; a row is never asked about by a regression that learned from it.
        seed: of the folds.
    """
    fold = np.empty(len(z), dtype=np.int64)
    fold[draw_evenly(y, z, len(z), seed=seed)] = np.arange(len(z)) % folds
    weight, names = even_weight(z, y), np.unique(z)
    readers = []
    for held_out in range(folds):
        fit = fold != held_out
        reader = LinearProbe(~fit, features[fit].mean(0), features[fit].std(0) + 1e-6, np.empty(0), names)
        x = reader.columns(features[fit])[:, :-1]
        span = np.linalg.qr(x.T)[0]  # (d, min(n, d)): under a ridge the coefficients lie in what few rows span
        short = _with_constant(x @ span)
        told = np.stack([logistic_regression(short, z[fit] == name, weight[fit]) for name in names], 1)
        readers.append(reader._replace(told=np.concatenate([span @ told[:-1], told[-1:]])))
    return readers


def ask(readers: Sequence[LinearProbe], features: NDArray[np.floating], z: NDArray[np.int64]) -> NDArray[np.float64]:
    """Which rows' pattern z (n,) is told from features (n, d): 1.0 where it was, else 0.0."""
    right = np.zeros(len(z))
    for reader in readers:
        said = (reader.columns(features[reader.asked]) @ reader.told).argmax(1)
        right[reader.asked] = reader.names[said] == z[reader.asked]
    return right


def read_from_features(
    features: NDArray[np.floating], z: NDArray[np.int64], y: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Which rows' pattern z (n,) is read from features (n, d), cross-validated: 1.0 where it was, else 0.0."""
    return ask(learn_to_read(features, z, y), features, z)


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
