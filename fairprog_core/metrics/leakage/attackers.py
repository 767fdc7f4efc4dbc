"""The attackers: a linear model, a small network and boosted trees, which predict the groups from logits.

scikit-learn is imported where an attacker is fitted: the page server does not need its 60 MB.

Notation: n rows, d features, a attackers.
"""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
from numpy.typing import NDArray

from fairprog_core.common.types import Floats
from fairprog_core.metrics.leakage.small_network import SmallNetwork

ATTACKERS = ("logistic", "mlp", "boosting")
_FEW = 500  # with fewer rows and two answers, exact splits find more than binned ones; with more they are slower
_BINS = 63  # of a feature, for the trees
_LEAST = 1e-6  # lower bound of predicted probabilities, so that no single row dominates the mean

Codes = NDArray[np.int64]


@contextmanager
def quick_fits() -> Iterator[None]:
    """One thread, which is faster for so few rows and deterministic, and no checks of our numbers."""
    from sklearn import config_context
    from sklearn.exceptions import ConvergenceWarning
    from threadpoolctl import threadpool_limits

    checks = config_context(assume_finite=True, skip_parameter_validation=True)
    with threadpool_limits(1), checks, warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # a line that separates the groups grows without end
        yield


def attack(features: Floats, answer: Codes, weight: Floats, train: Codes, test: Codes, seed: int) -> Floats:
    """Probabilities of the answers, from attackers that are fitted on some rows.

    Args:
        features: (n, d), standardised.
        answer: (n,) codes.
        weight: (n,) of the rows.
        train: the rows to fit on.
        test: the rows to predict.
        seed: of the attackers.

    Returns:
        (a, test rows, answers), at least `_LEAST` each; a row sums to 1.
    """
    from sklearn.ensemble import GradientBoostingClassifier, HistGradientBoostingClassifier
    from sklearn.linear_model import LogisticRegression

    # for two answers, 30 trees find as much as 60 of half the rate; for more, a few thousandths of a bit less
    is_binary = len(np.unique(answer)) == 2
    n_trees, rate = (30, 0.1) if is_binary else (50, 0.06)
    trees = {"learning_rate": rate, "max_leaf_nodes": 6, "min_samples_leaf": 40, "random_state": seed}
    models = [(LogisticRegression(), features), (SmallNetwork(seed=seed), features)]
    if is_binary and len(train) < _FEW:
        models += [(GradientBoostingClassifier(n_estimators=n_trees, max_depth=None, **trees), features)]
    else:
        boosting = HistGradientBoostingClassifier(max_iter=n_trees, max_bins=_BINS, **trees)
        models += [(boosting, _binned(features, weight, train))]
    predicted = np.full((len(ATTACKERS), len(test), int(answer.max()) + 1), _LEAST)
    for (model, given), of_model in zip(models, predicted, strict=True):
        model.fit(given[train], answer[train], sample_weight=weight[train])
        of_model[:, model.classes_] = np.maximum(model.predict_proba(given[test]), _LEAST)
    return np.asarray(predicted / predicted.sum(axis=-1, keepdims=True))


def _binned(features: Floats, weight: Floats, train: Codes) -> Floats:
    """(n, d) every feature as the number of its bin; one with at most `_BINS` training values stays as it is.

    The bins are those that `HistGradientBoostingClassifier` makes, of equal weight over the training rows. For
    weighted rows it searches every edge by itself, which takes several times as long as growing the trees.
    """
    binned = features.copy()
    for column in binned.T:
        values = np.sort(column[train])
        if (np.diff(values) > 0).sum() >= _BINS:
            order = train[column[train].argsort()]
            height = weight[order].cumsum()
            edges = column[order[np.searchsorted(height, height[-1] * np.arange(1, _BINS) / _BINS)]]
            column[:] = np.searchsorted(np.unique(edges), column)
    return binned
