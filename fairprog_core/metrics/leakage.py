"""A fresh auditor: how much can new attackers still read about Z in what a classifier says?

The discriminator that a trigger was trained against may be fooled while the signal is still there.
So attackers who took no part in the training see the logits (their differences: a shift of all of
them says nothing), for equalized odds within each label, and say how likely every group is. They
are cross-validated: every row is judged by attackers who never saw it.

**Residual information** = entropy of Z − cross-entropy of the attackers' answers, in bits; within
each label for equalized odds, so H(Z | Y) − cross-entropy. Chance is 0: an attacker who knows the
groups' shares and nothing else. A perfect reader reaches the entropy. It bounds I(Z; logits [| Y])
from below; below 0 an attacker learned noise. All shares follow the natural mix.

Groups that cover all rows without overlap are one question with g answers. Groups that overlap are
one yes-or-no question each, and every figure is the mean over them, as the discriminator's loss is.
Methods without logits are audited by their predictions. Intervals are over the judged rows; what
other folds would change is not in them.

Notation: n samples, c classes, g groups, q questions, a attackers, d features.
"""

import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from typing_extensions import TypedDict  # pydantic reads those of typing from Python 3.12 on alone

from fairprog_core.common.types import Groups, Predictions
from fairprog_core.data.base import cell_numbers, draw_evenly
from fairprog_core.metrics.counts import Floats
from fairprog_core.metrics.intervals import Estimate, EstimateJson

# scikit-learn is imported where an attacker is fitted: 60 MB that the page server need not carry.

ATTACKERS = ("logistic", "mlp", "boosting")
FOLDS = 5
MAX_ROWS = 5_000  # of more, so many are drawn evenly over the (z, y) cells and weighted back
MIN_ROWS = 2 * FOLDS  # rows of a group within a label; with fewer it is left out there
_FEW = 500  # rows below which trees with exact splits are learned in half the time of trees with binned ones
_LEAST = 1e-6  # probability of an answer at least: one row must not decide everything
_Z = 1.959964

Codes = NDArray[np.int64]


class JudgedRows(NamedTuple):
    """Rows judged by the attackers; NaN where a row belongs to a group that is too small.

    Attributes:
        gain: (a, n) bits saved against the groups' shares.
        is_right: (a, n) 1 where the most likely group is the row's.
        surprise: (n,) bits that the groups' shares alone cost.
        is_usual: (n,) 1 where the row's group is the most frequent one.
    """

    gain: Floats
    is_right: Floats
    surprise: Floats
    is_usual: Floats


class LeakageJson(TypedDict):
    """What fresh attackers read about the group: bits, accuracy, the change against the base, and every attacker."""

    bits: EstimateJson
    accuracy: EstimateJson
    delta: EstimateJson | None
    attackers: dict[str, EstimateJson]
    entropy: float
    chance: float
    n: int


@dataclass(frozen=True)
class Leakage:
    """What the attackers read in one classifier.

    Attributes:
        gain: (n,) bits that the strongest attacker saves on a row.
        is_right: (n,) share of the questions that it answers right.
        gains: (a, n) bits of every attacker.
        entropy: H(Z), or H(Z | Y), in bits: what a perfect reader would save.
        chance: accuracy of always naming the most frequent group, of the label where it is known.
        weight: (n,) natural mix, sums to one.
        cell: (n,) number of the row's (z, y) cell; all 0 if their sizes are not fixed by design.
        row: (n,) number of the row in its split.
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
        """The natural mean of one number per row (n,) and its 95 % interval, within cells of fixed size."""
        mean, variance = float(self.weight @ values), 0.0
        for code in np.unique(self.cell):
            weight, value = self.weight[self.cell == code], values[self.cell == code]
            if not weight.any():  # drawn, but of no share in the natural mix
                continue
            centred = value - np.average(value, weights=weight)
            variance += float((weight**2) @ centred**2) * len(value) / max(len(value) - 1, 1)
        half = _Z * variance**0.5
        return Estimate(mean, (mean - half, mean + half))

    def to_json(self, base: "Leakage | None" = None) -> LeakageJson:
        """The reading as JSON.

        Args:
            base: what was read in the base on the same rows; None for the base itself.

        Returns:
            ``bits``, ``accuracy``, ``delta`` (bits against the base, paired by row; None for the base) and
            ``attackers`` (bits of each), as {"value", "ci"}; ``entropy`` (the most bits), ``chance``
            (accuracy without reading), ``n`` (rows judged).
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
    """Let the attackers read Z.

    With the same rows and the same seed two classifiers are judged on the same folds, so they can be
    compared row by row. The strongest attacker of a fold is the one that did best on the *other*
    folds: the best of three by its own score would look better than it is.

    Args:
        predictions: of the rows that nobody was trained on.
        groups: the g groups over the p patterns of ``predictions.z``.
        given_label: whether the attackers know Y (equalized odds).
        seed: of the folds and the attackers.

    Returns:
        None if there is nothing to tell apart: no label has two groups of `MIN_ROWS` rows.
    """
    rows, weight = _thinned(predictions, seed)
    y, z = predictions.y[rows], predictions.z[rows]
    cell = cell_numbers(y, z)
    fold = _folds(cell, seed)
    evidence, given = _evidence(predictions)[rows], y if given_label else np.zeros_like(y)
    questions = [_judge(asked, given, evidence, weight, fold, seed) for asked in _questions(z, groups)]
    judged = JudgedRows(*(_known_mean(np.array(parts)) for parts in zip(*questions, strict=True)))
    used = np.isfinite(judged.surprise)
    if not used.any():
        return None
    judged = JudgedRows(*(part[..., used] for part in judged))
    weight, fold = weight[used] / weight[used].sum(), fold[used]
    strongest = _strongest(judged.gain, weight, fold)
    is_fixed = predictions.is_stratified or len(rows) < len(predictions.y)
    return Leakage(
        gain=judged.gain[strongest, np.arange(used.sum())],
        is_right=judged.is_right[strongest, np.arange(used.sum())],
        gains=judged.gain,
        entropy=float(weight @ judged.surprise),
        chance=float(weight @ judged.is_usual),
        weight=weight,
        cell=cell[used] if is_fixed else np.zeros(used.sum(), dtype=np.int64),
        row=predictions.row[rows][used],
    )


def _thinned(predictions: Predictions, seed: int) -> tuple[Codes, Floats]:
    """The rows to judge and their weights in the natural mix."""
    y, z, n = predictions.y, predictions.z, len(predictions.y)
    if n <= MAX_ROWS:
        return np.arange(n), predictions.weight
    rows = np.sort(draw_evenly(y, z, MAX_ROWS, seed=seed))
    cell = cell_numbers(y, z)
    kept = np.bincount(cell[rows], minlength=int(cell.max()) + 1)[cell[rows]]
    return rows, predictions.weight[rows] * np.bincount(cell)[cell[rows]] / kept


def _evidence(predictions: Predictions) -> Floats:
    """(n, d) what the attackers see: centred logits, the last of which follows from the others; or one-hot answers."""
    if predictions.logits is None:
        return np.eye(int(max(predictions.y_pred.max(), predictions.y.max())) + 1)[predictions.y_pred][:, 1:]
    logits = predictions.logits.astype(np.float64)
    return logits[:, 1:] - logits[:, :1] if logits.shape[1] == 2 else logits - logits.mean(axis=1, keepdims=True)


def _questions(z: Codes, groups: Groups) -> Iterator[Codes]:
    """(n,) answers to each question about Z."""
    if groups.is_exclusive:
        yield groups.patterns.argmax(axis=1)[z]
    else:
        yield from groups.patterns[z].T.astype(np.int64)


def _folds(cell: Codes, seed: int) -> Codes:
    """(n,) fold of every row: rows of a cell in random order take turns."""
    order = np.lexsort((np.random.default_rng(seed).random(len(cell)), cell))
    fold = np.empty(len(cell), dtype=np.int64)
    fold[order] = np.arange(len(cell)) % FOLDS
    return fold


def _judge(asked: Codes, given: Codes, evidence: Floats, weight: Floats, fold: Codes, seed: int) -> JudgedRows:
    """One question, within each given label."""
    n = len(asked)
    found = JudgedRows(*(np.full(shape, np.nan) for shape in ((len(ATTACKERS), n), (len(ATTACKERS), n), n, n)))
    for label in np.unique(given):
        sizes = np.bincount(asked[given == label])
        large = np.flatnonzero(sizes >= MIN_ROWS)
        rows = np.flatnonzero((given == label) & np.isin(asked, large))
        if len(large) < 2:
            continue
        answer = np.searchsorted(large, asked[rows])  # 0 … number of large groups − 1
        share = np.bincount(answer, weights=weight[rows]) / weight[rows].sum()
        found.surprise[rows] = -np.log2(share[answer])
        found.is_usual[rows] = answer == share.argmax()
        for k in range(FOLDS):
            learn, judge = np.flatnonzero(fold[rows] != k), np.flatnonzero(fold[rows] == k)
            features = _standardised(evidence[rows], learn)
            said = _said(features, answer, weight[rows], learn, judge, seed)
            right = said[:, np.arange(len(judge)), answer[judge]]
            found.gain[:, rows[judge]] = np.log2(right) + found.surprise[rows[judge]]
            found.is_right[:, rows[judge]] = said.argmax(axis=-1) == answer[judge]
    return found


def _standardised(evidence: Floats, learn: Codes) -> Floats:
    """(n, d) features with mean 0 and spread 1 over the rows learned from; a constant feature becomes 0."""
    centred = evidence - evidence[learn].mean(axis=0)
    spread = centred[learn].std(axis=0)
    return np.asarray(centred / np.where(spread > 0, spread, 1.0))


def _said(features: Floats, answer: Codes, weight: Floats, learn: Codes, judge: Codes, seed: int) -> Floats:
    """(a, judged rows, answers) probabilities of attackers that learned from other rows."""
    from sklearn.ensemble import GradientBoostingClassifier, HistGradientBoostingClassifier
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression
    from sklearn.neural_network import MLPClassifier
    from threadpoolctl import threadpool_limits

    trees = {"learning_rate": 0.05, "max_leaf_nodes": 6, "min_samples_leaf": 40, "random_state": seed}
    models = (
        LogisticRegression(),
        MLPClassifier((16,), solver="lbfgs", alpha=0.1, max_iter=100, random_state=seed),
        GradientBoostingClassifier(n_estimators=60, max_depth=None, **trees)
        if len(learn) < _FEW
        else HistGradientBoostingClassifier(max_iter=60, max_bins=63, **trees),
    )
    said = np.full((len(ATTACKERS), len(judge), int(answer.max()) + 1), _LEAST)
    with threadpool_limits(1), warnings.catch_warnings():  # one thread: quick on rows this few, and the same each time
        warnings.simplefilter("ignore", ConvergenceWarning)  # the net is stopped early on purpose
        for model, of_model in zip(models, said, strict=True):
            model.fit(features[learn], answer[learn], sample_weight=weight[learn])
            of_model[:, model.classes_] = np.maximum(model.predict_proba(features[judge]), _LEAST)
    return np.asarray(said / said.sum(axis=-1, keepdims=True))


def _strongest(gain: Floats, weight: Floats, fold: Codes) -> Codes:
    """(n,) the attacker that speaks for a row: the best on the rows of the other folds."""
    best = np.array([(gain[:, fold != k] @ weight[fold != k]).argmax() for k in range(FOLDS)])
    return np.asarray(best[fold])


def _known_mean(values: Floats) -> Floats:
    """(q, …) -> (…): the mean over the questions that are known of a row, NaN where none is."""
    known = np.isfinite(values)
    n = known.sum(axis=0)
    return np.asarray(np.where(known, values, 0.0).sum(axis=0) / np.where(n > 0, n, np.nan))
