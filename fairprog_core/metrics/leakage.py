"""A fresh auditor: how much about Z can new attackers still predict from a classifier's logits?

The discriminator that a trigger was trained against may be fooled although the signal is still there.
So attackers that took no part in the training get the logits (their differences: adding a constant to
all of them changes nothing), for equalized odds within each label, and predict the probability of every
group. They are cross-validated: every row is predicted by attackers that were not trained on it.

**Leakage** = entropy of Z − cross-entropy of the attackers' predictions, in bits; within each label
for equalized odds, so H(Z | Y) − cross-entropy. Chance is 0: an attacker that knows only the shares of
the groups. A perfect attacker reaches the entropy. Leakage is a lower bound of I(Z; logits [| Y]);
below 0 an attacker learned noise. All shares follow the natural mix.

Disjoint groups that cover all rows are one question with g answers. Overlapping groups are one
binary question each, and every number is the mean over them, as in the discriminator's loss.
Methods without logits are audited by their predictions. Intervals are over the audited rows; they
do not include the variance from another choice of folds.

Notation: n samples, c classes, g groups, q questions, a attackers, d features.
"""

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from typing_extensions import TypedDict  # pydantic supports typing.TypedDict only from Python 3.12 on

from fairprog_core.common.types import Floats, Groups, Predictions
from fairprog_core.data.base import cell_numbers, draw_evenly
from fairprog_core.metrics.intervals import LEVEL_Z, Estimate, EstimateJson

# scikit-learn is imported where an attacker is fitted: the page server does not need its 60 MB.

ATTACKERS = ("logistic", "mlp", "boosting")
FOLDS = 5
MAX_ROWS = 5_000  # larger splits are subsampled to this, evenly over the (z, y) cells, and weighted back
MIN_ROWS = 2 * FOLDS  # a group with fewer rows within a label is left out for that label
_FEW = 500  # with fewer rows and two answers, exact splits find more than binned ones; with more they are slower
_BINS = 63  # of a feature, for the trees
_HIDDEN = 16  # units of the network
_DECAY = 0.1  # L2 penalty of the network's weights, in rows
_LEAST = 1e-6  # lower bound of predicted probabilities, so that no single row dominates the mean

Codes = NDArray[np.int64]


class AttackScores(NamedTuple):
    """Scores of the attackers' predictions by row; NaN where the row's group is too small.

    Attributes:
        gain: (a, n) bits saved compared with predicting the groups' shares.
        is_right: (a, n) 1 where the most likely group is the row's group.
        surprise: (n,) cost in bits of predicting the groups' shares.
        is_usual: (n,) 1 where the row's group is the most frequent one.
    """

    gain: Floats
    is_right: Floats
    surprise: Floats
    is_usual: Floats


class LeakageJson(TypedDict):
    """Leakage as JSON: bits, accuracy, the change against the base, and the bits of every attacker."""

    bits: EstimateJson
    accuracy: EstimateJson
    delta: EstimateJson | None
    attackers: dict[str, EstimateJson]
    entropy: float
    chance: float
    n: int


@dataclass(frozen=True)
class Leakage:
    """The leakage of one classifier.

    Attributes:
        gain: (n,) bits that the strongest attacker saves on a row.
        is_right: (n,) share of the questions that the strongest attacker answers correctly.
        gains: (a, n) bits that every attacker saves.
        entropy: H(Z), or H(Z | Y), in bits: the leakage to a perfect attacker.
        chance: accuracy of always predicting the most frequent group, within the label if that is given.
        weight: (n,) natural mix, sums to one.
        cell: (n,) index of the row's (z, y) cell; all 0 if the cell sizes are not fixed by design.
        row: (n,) index of the row in its split.
    """

    gain: Floats
    is_right: Floats
    gains: Floats
    entropy: float
    chance: float
    weight: Floats
    cell: Codes
    row: Codes

    def mean(self, values: Floats) -> Estimate:
        """The mean over the natural mix of one value per row (n,), and its 95 % interval, stratified by cell."""
        mean, variance = float(self.weight @ values), 0.0
        for code in np.unique(self.cell):
            weight, value = self.weight[self.cell == code], values[self.cell == code]
            if not weight.any():  # a cell with share 0 in the natural mix
                continue
            centred = value - np.average(value, weights=weight)
            variance += float((weight**2) @ centred**2) * len(value) / max(len(value) - 1, 1)
        half = LEVEL_Z * variance**0.5
        return Estimate(mean, (mean - half, mean + half))

    def to_json(self, base: "Leakage | None" = None) -> LeakageJson:
        """The leakage as JSON.

        Args:
            base: the leakage of the base on the same rows; None for the base itself.

        Returns:
            ``bits``, ``accuracy``, ``delta`` (bits minus the base's, paired by row; None for the base) and
            ``attackers`` (bits of each), as {"value", "ci"}; ``entropy`` (the maximum of bits), ``chance``
            (accuracy of the most frequent group), ``n`` (audited rows).
        """
        by_attacker = zip(ATTACKERS, self.gains, strict=True)
        return {
            "bits": self.mean(self.gain).to_json(),
            "accuracy": self.mean(self.is_right).to_json(),
            "delta": None if base is None else self.mean(self.gain - base.gain).to_json(),
            "attackers": {name: self.mean(gain).to_json() for name, gain in by_attacker},
            "entropy": self.entropy,
            "chance": self.chance,
            "n": len(self.gain),
        }


def measure_leakage(predictions: Predictions, groups: Groups, *, given_label: bool, seed: int = 0) -> Leakage | None:
    """Measure how well the attackers predict Z.

    With the same rows and the same seed two classifiers are audited on the same folds, so they can be
    compared row by row. The strongest attacker of a fold is the one that did best on the *other*
    folds: choosing the best of three by its own score would be biased upward.

    Args:
        predictions: of rows that were not used for training.
        groups: the g groups over the p patterns of ``predictions.z``.
        given_label: whether the attackers know Y (equalized odds).
        seed: of the folds and the attackers.

    Returns:
        None if there are no groups to distinguish: no label has two groups of `MIN_ROWS` rows.
    """
    rows, weight = _thinned(predictions, seed)
    is_known = groups.is_known[predictions.z[rows]]
    rows, weight = rows[is_known], weight[is_known]
    y, z = predictions.y[rows], predictions.z[rows]
    cell = cell_numbers(y, z)
    fold = _folds(cell, seed)
    evidence, given = _evidence(predictions)[rows], y if given_label else np.zeros_like(y)
    with _quick_fits():
        questions = [_audit(target, given, evidence, weight, fold, seed) for target in _questions(z, groups)]
    audited = AttackScores(*(_known_mean(np.array(parts)) for parts in zip(*questions, strict=True)))
    used = np.isfinite(audited.surprise)
    if not used.any():
        return None
    audited = AttackScores(*(part[..., used] for part in audited))
    weight, fold = weight[used] / weight[used].sum(), fold[used]
    strongest = _strongest(audited.gain, weight, fold)
    is_fixed = predictions.is_stratified or len(rows) < len(predictions.y)
    return Leakage(
        gain=audited.gain[strongest, np.arange(used.sum())],
        is_right=audited.is_right[strongest, np.arange(used.sum())],
        gains=audited.gain,
        entropy=float(weight @ audited.surprise),
        chance=float(weight @ audited.is_usual),
        weight=weight,
        cell=cell[used] if is_fixed else np.zeros(used.sum(), dtype=np.int64),
        row=predictions.row[rows][used],
    )


def _thinned(predictions: Predictions, seed: int) -> tuple[Codes, Floats]:
    """The rows to audit and their weights in the natural mix."""
    y, z, n = predictions.y, predictions.z, len(predictions.y)
    if n <= MAX_ROWS:
        return np.arange(n), predictions.weight
    rows = np.sort(draw_evenly(y, z, MAX_ROWS, seed=seed))
    cell = cell_numbers(y, z)
    kept = np.bincount(cell[rows], minlength=int(cell.max()) + 1)[cell[rows]]
    return rows, predictions.weight[rows] * np.bincount(cell)[cell[rows]] / kept


def _evidence(predictions: Predictions) -> Floats:
    """(n, d) input of the attackers: centred logits (for two classes their difference), else one-hot predictions."""
    if predictions.logits is None:
        return np.eye(int(max(predictions.y_pred.max(), predictions.y.max())) + 1)[predictions.y_pred][:, 1:]
    logits = predictions.logits.astype(np.float64)
    return logits[:, 1:] - logits[:, :1] if logits.shape[1] == 2 else logits - logits.mean(axis=1, keepdims=True)


def _questions(z: Codes, groups: Groups) -> Iterator[Codes]:
    """(n,) the correct answers to each question about Z."""
    if groups.is_exclusive or groups.unknown is not None:
        yield groups.patterns.argmax(axis=1)[z]
    else:
        yield from groups.patterns[z].T.astype(np.int64)


def _folds(cell: Codes, seed: int) -> Codes:
    """(n,) fold of every row: rows of a cell in random order take turns."""
    order = np.lexsort((np.random.default_rng(seed).random(len(cell)), cell))
    fold = np.empty(len(cell), dtype=np.int64)
    fold[order] = np.arange(len(cell)) % FOLDS
    return fold


def _audit(target: Codes, given: Codes, evidence: Floats, weight: Floats, fold: Codes, seed: int) -> AttackScores:
    """Cross-validated attacks on one question, within each given label."""
    n = len(target)
    audited = AttackScores(*(np.full(shape, np.nan) for shape in ((len(ATTACKERS), n), (len(ATTACKERS), n), n, n)))
    for label in np.unique(given):
        sizes = np.bincount(target[given == label])
        large = np.flatnonzero(sizes >= MIN_ROWS)
        rows = np.flatnonzero((given == label) & np.isin(target, large))
        if len(large) < 2:
            continue
        answer = np.searchsorted(large, target[rows])  # 0 … number of large groups − 1
        share = np.bincount(answer, weights=weight[rows]) / weight[rows].sum()
        audited.surprise[rows] = -np.log2(share[answer])
        audited.is_usual[rows] = answer == share.argmax()
        for k in range(FOLDS):
            train, test = np.flatnonzero(fold[rows] != k), np.flatnonzero(fold[rows] == k)
            features = _standardised(evidence[rows], train)
            predicted = _attack(features, answer, weight[rows], train, test, seed)
            p_answer = predicted[:, np.arange(len(test)), answer[test]]
            audited.gain[:, rows[test]] = np.log2(p_answer) + audited.surprise[rows[test]]
            audited.is_right[:, rows[test]] = predicted.argmax(axis=-1) == answer[test]
    return audited


def _standardised(evidence: Floats, train: Codes) -> Floats:
    """(n, d) features with mean 0 and standard deviation 1 over the training rows; a constant feature becomes 0."""
    centred = evidence - evidence[train].mean(axis=0)
    spread = centred[train].std(axis=0)
    return np.asarray(centred / np.where(spread > 0, spread, 1.0))


@contextmanager
def _quick_fits() -> Iterator[None]:
    """One thread, which is faster for so few rows and deterministic, and no checks of our numbers."""
    from sklearn import config_context
    from sklearn.exceptions import ConvergenceWarning
    from threadpoolctl import threadpool_limits

    checks = config_context(assume_finite=True, skip_parameter_validation=True)
    with threadpool_limits(1), checks, warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # a line that separates the groups grows without end
        yield


def _attack(features: Floats, answer: Codes, weight: Floats, train: Codes, test: Codes, seed: int) -> Floats:
    """(a, test rows, answers) probabilities predicted by attackers that were fitted on the training rows."""
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


class SmallNetwork:
    """A hidden layer of 16 ReLUs under a softmax, fitted by L-BFGS.

    It is scikit-learn's ``MLPClassifier((16,), solver="lbfgs", alpha=0.1, max_iter=100)``: the start, the loss and
    the steps are the same, so that the probabilities agree up to rounding. It takes less than half of the time: the
    rows lie along the last axis, and a step makes few arrays. For two answers there is one logit, that of the second.

    Attributes:
        classes_: the k answers of the training rows.
    """

    classes_: NDArray[np.int64]

    def __init__(self, *, seed: int, iterations: int = 100) -> None:
        """A network that is not fitted yet: the seed of its start, and the most iterations of L-BFGS."""
        self._seed, self._iterations = seed, iterations
        self._parameters, self._n_features = np.empty(0), 0

    def fit(self, features: Floats, answer: Codes, sample_weight: Floats) -> None:
        """Fit the network to n rows.

        Args:
            features: (n, d), standardised.
            answer: (n,) codes.
            sample_weight: (n,) of any sum; the penalty counts against it.
        """
        from scipy.optimize import minimize  # type: ignore[import-untyped]

        self.classes_, self._n_features = np.unique(answer), features.shape[1]
        loss = self._loss(features, answer == self.classes_[:, None], sample_weight)
        steps = {"maxiter": self._iterations, "gtol": 1e-4}  # it is stopped early on purpose
        self._parameters = minimize(loss, self._start(), jac=True, method="L-BFGS-B", options=steps).x

    def predict_proba(self, features: Floats) -> Floats:
        """(n, k) probabilities of the answers."""
        hidden, output = self._layers(self._parameters)
        active = np.maximum(hidden[:, :-1] @ features.T + hidden[:, -1:], 0)
        logits = output[:, :-1] @ active + output[:, -1:]
        if len(self.classes_) == 2:
            logits = np.vstack([np.zeros_like(logits), logits])
        odds = np.exp(logits - logits.max(axis=0))
        return np.asarray((odds / odds.sum(axis=0)).T)

    def _loss(
        self, features: Floats, is_answer: NDArray[np.bool_], weight: Floats
    ) -> Callable[[Floats], tuple[float, Floats]]:
        """The mean cross-entropy with the penalty, and its gradient, as a function of the parameters."""
        total, n = weight.sum(), len(features)
        inputs = np.vstack([features.T, np.ones(n)])
        share, active = weight / total, np.ones((_HIDDEN + 1, n))
        back, is_active = np.empty((_HIDDEN, n)), np.empty((_HIDDEN, n), dtype=bool)
        spread = np.multiply if self._n_logits == 1 else np.matmul  # (16, logits) by (logits, n)
        decay = np.full(len(self._start()), _DECAY / total)
        for layer in self._layers(decay):
            layer[:, -1] = 0  # biases are free

        def loss(parameters: Floats) -> tuple[float, Floats]:
            hidden, output = self._layers(parameters)
            np.matmul(hidden, inputs, out=active[:-1])
            np.greater(active[:-1], 0, out=is_active)
            np.maximum(active[:-1], 0, out=active[:-1])
            cost, error = _cross_entropy(output @ active, is_answer)
            error *= share
            np.multiply(spread(output[:, :-1].T, error, out=back), is_active, out=back)
            gradient = np.concatenate([(back @ inputs.T).ravel(), (error @ active.T).ravel()])
            pull = decay * parameters
            return float(share @ cost + pull @ parameters / 2), gradient + pull

        return loss

    def _start(self) -> Floats:
        """Random parameters of both layers, in scikit-learn's order and range."""
        from sklearn.utils import check_random_state

        random, layers = check_random_state(self._seed), []
        for n_in, n_out in ((self._n_features, _HIDDEN), (_HIDDEN, self._n_logits)):
            bound = (6 / (n_in + n_out)) ** 0.5
            slopes, biases = random.uniform(-bound, bound, (n_in, n_out)), random.uniform(-bound, bound, n_out)
            layers.append(np.vstack([slopes, biases]).T.ravel())
        return np.concatenate(layers)

    @property
    def _n_logits(self) -> int:
        return 1 if len(self.classes_) == 2 else len(self.classes_)

    def _layers(self, parameters: Floats) -> tuple[Floats, Floats]:
        """(16, d + 1) and (logits, 17): views of the parameters of both layers; the last column is the bias."""
        cut = _HIDDEN * (self._n_features + 1)
        return parameters[:cut].reshape(_HIDDEN, -1), parameters[cut:].reshape(-1, _HIDDEN + 1)


def _cross_entropy(logits: Floats, is_answer: NDArray[np.bool_]) -> tuple[Floats, Floats]:
    """(n,) cost in nats of the correct answers, and its derivatives by the logits, (1, n) for two answers."""
    if len(logits) == 1:
        lead = np.where(is_answer[1], logits, -logits)
        odds = np.exp(-np.abs(lead))
        missed = np.where(lead > 0, odds, 1.0) / (1 + odds)
        return (np.log1p(odds) - np.minimum(lead, 0))[0], np.where(is_answer[1], -missed, missed)
    logits = logits - logits.max(axis=0)
    odds = np.exp(logits)
    sums = odds.sum(axis=0)
    return np.log(sums) - np.where(is_answer, logits, 0).sum(axis=0), odds / sums - is_answer


def _strongest(gain: Floats, weight: Floats, fold: Codes) -> Codes:
    """(n,) index of the attacker that is used for a row: the best one on the other folds."""
    best = np.array([(gain[:, fold != k] @ weight[fold != k]).argmax() for k in range(FOLDS)])
    return np.asarray(best[fold])


def _known_mean(values: Floats) -> Floats:
    """(q, …) -> (…): the mean over the questions that are not NaN for a row; NaN if all are."""
    known = np.isfinite(values)
    n = known.sum(axis=0)
    return np.asarray(np.where(known, values, 0.0).sum(axis=0) / np.where(n > 0, n, np.nan))
