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

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from fairprog_core.common.types import Floats, Groups, Predictions
from fairprog_core.data.base import cell_numbers, draw_evenly
from fairprog_core.metrics.intervals import LEVEL_Z, Estimate
from fairprog_core.metrics.leakage.attackers import ATTACKERS, Codes, attack, quick_fits
from fairprog_core.metrics.point import LeakageJson

FOLDS = 5
MAX_ROWS = 5_000  # larger splits are subsampled to this, evenly over the (z, y) cells, and weighted back
MIN_ROWS = 2 * FOLDS  # a group with fewer rows within a label is left out for that label


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
    with quick_fits():
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
            predicted = attack(features, answer, weight[rows], train, test, seed)
            p_answer = predicted[:, np.arange(len(test)), answer[test]]
            audited.gain[:, rows[test]] = np.log2(p_answer) + audited.surprise[rows[test]]
            audited.is_right[:, rows[test]] = predicted.argmax(axis=-1) == answer[test]
    return audited


def _standardised(evidence: Floats, train: Codes) -> Floats:
    """(n, d) features with mean 0 and standard deviation 1 over the training rows; a constant feature becomes 0."""
    centred = evidence - evidence[train].mean(axis=0)
    spread = centred[train].std(axis=0)
    return np.asarray(centred / np.where(spread > 0, spread, 1.0))


def _strongest(gain: Floats, weight: Floats, fold: Codes) -> Codes:
    """(n,) index of the attacker that is used for a row: the best one on the other folds."""
    best = np.array([(gain[:, fold != k] @ weight[fold != k]).argmax() for k in range(FOLDS)])
    return np.asarray(best[fold])


def _known_mean(values: Floats) -> Floats:
    """(q, …) -> (…): the mean over the questions that are not NaN for a row; NaN if all are."""
    known = np.isfinite(values)
    n = known.sum(axis=0)
    return np.asarray(np.where(known, values, 0.0).sum(axis=0) / np.where(n > 0, n, np.nan))
