"""How well a linear classifier predicts the group from what the base computes: its features and its logits.

The solver is our own: scikit-learn's "newton-cholesky" gives the same figures, but takes 2.7 times as long on 64
features (1.1 times on 384), and its default solver stops early, which moves accuracies by up to .003.

Notation: n rows, d features, c classes, p group patterns.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fairprog_core.data.base import cell_numbers, draw_evenly
from fairprog_core.explain.averages import RowValues, WeightedRows
from fairprog_core.explain.base import Work
from fairprog_core.explain.conditions import Conditions
from fairprog_core.explain.paired import compare_in_pairs
from fairprog_core.metrics.explanations.probe import READINGS, LinearReading, LinearReadings

MOST_PATTERNS = 16  # with more there are too few rows of each, and fitting one probe for each takes minutes


def read_linearly(
    features: Sequence[NDArray[np.float32]],
    logits: Sequence[NDArray[np.float32]],
    y: NDArray[np.int64],
    z: NDArray[np.int64],
    *,
    conditions: Conditions[Any],
) -> Work[LinearReadings]:
    """Accuracy of predicting the pattern, with intervals, per condition; rows count evenly over the (z, y) cells.

    Args:
        features: (n, d) per condition on the base.
        logits: (n, c) per condition on the base.
        y: labels (n,).
        z: patterns (n,); with fewer than two, or more than `MOST_PATTERNS`, nothing is fitted.
        conditions: give labels for the screen and the names of the result.

    Yields:
        Before each condition: with many features and patterns one takes seconds.
    """
    if not 2 <= len(np.unique(z)) <= MOST_PATTERNS:
        return LinearReadings()
    weight = even_weight(z, y)
    rows = WeightedRows(weight, cell_numbers(y, z))
    chance = float(max(weight[z == one].sum() for one in np.unique(z)) / weight.sum())
    values: list[list[RowValues]] = [[], [], []]
    fixed: list[LinearProbe] = []
    for condition, of_rows, outputs in zip(conditions.on_base, features, logits, strict=True):
        yield f"Reading the group from the base's features, {condition.name}"
        probes = fit_probes(of_rows, z, y)
        fixed = fixed or probes
        differences = outputs[:, 1:] - outputs[:, :1]
        right = (
            is_predicted(probes, of_rows, z),
            is_predicted(fixed, of_rows, z),
            is_predicted(fit_probes(differences, z, y), differences, z),
        )
        for of_kind, is_right in zip(values, right, strict=True):
            of_kind.append(RowValues.of(is_right))
    paired = {name: compare_in_pairs(rows, each, conditions) for name, each in zip(READINGS, values, strict=True)}
    means = [conditions.by_condition([rows.ratio(*one) for one in each]) for each in values]
    first, unchanged, of_logits = (LinearReading(each, chance) for each in means)
    return LinearReadings(first, unchanged, of_logits, paired)


class LinearProbe(NamedTuple):
    """Logistic regressions of one fold, and the rows that were held out.

    Attributes:
        is_held_out: (n,) bool, the rows to evaluate on.
        mean: (d,) of the features of the other rows.
        spread: (d,) their standard deviation.
        coefficients: (d + 1, p), one pattern against the rest.
        names: (p,) the patterns.
    """

    is_held_out: NDArray[np.bool_]
    mean: NDArray[np.floating]
    spread: NDArray[np.floating]
    coefficients: NDArray[np.float64]
    names: NDArray[np.int64]

    def columns(self, features: NDArray[np.floating]) -> NDArray[np.float64]:
        """Features (k, d), standardised, and a column of ones: (k, d + 1)."""
        return _with_constant((features - self.mean) / self.spread)


def fit_probes(
    features: NDArray[np.floating], z: NDArray[np.int64], y: NDArray[np.int64], *, folds: int = 5, seed: int = 0
) -> list[LinearProbe]:
    """Logistic regressions that predict the pattern z (n,) from features (n, d), one probe for each fold.

    Ridge as scikit-learn's ``LogisticRegression(C=1)`` on standardised features, one against the
    rest. Rows count evenly over the (z, y) cells, so that knowing the label alone does not help.

    Args:
        features: inputs of the regressions.
        z: patterns to predict.
        y: labels, for the weights.
        folds: of the cross-validation; a row is predicted by the probe that was fitted without it.
        seed: of the folds.
    """
    fold = np.empty(len(z), dtype=np.int64)
    fold[draw_evenly(y, z, len(z), seed=seed)] = np.arange(len(z)) % folds
    weight, names = even_weight(z, y), np.unique(z)
    probes = []
    for held_out in range(folds):
        fit = fold != held_out
        probe = LinearProbe(~fit, features[fit].mean(0), features[fit].std(0) + 1e-6, np.empty(0), names)
        x = probe.columns(features[fit])[:, :-1]
        span = np.linalg.qr(x.T)[0]  # (d, min(n, d)): a ridge keeps the coefficients in the span of the rows
        short = _with_constant(x @ span)
        fitted = np.stack([logistic_regression(short, z[fit] == name, weight[fit]) for name in names], 1)
        probes.append(probe._replace(coefficients=np.concatenate([span @ fitted[:-1], fitted[-1:]])))
    return probes


def is_predicted(
    probes: Sequence[LinearProbe], features: NDArray[np.floating], z: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Whether the pattern z (n,) of each held-out row is predicted from features (n, d): 1.0 if so, else 0.0."""
    right = np.zeros(len(z))
    for probe in probes:
        rows = probe.is_held_out
        predicted = (probe.columns(features[rows]) @ probe.coefficients).argmax(1)
        right[rows] = probe.names[predicted] == z[rows]
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
