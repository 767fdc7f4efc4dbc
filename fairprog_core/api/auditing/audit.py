"""``fp.audit``: every metric of a classifier's predictions with its interval, computed as a study computes them.

Notation: n rows, c classes, g groups.
"""

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from fairprog_core.api.auditing.page import Beside, to_html, to_text
from fairprog_core.api.auditing.scores import Answers, answers
from fairprog_core.api.codes import (
    GroupCodes,
    LabelCodes,
    check_same_length,
    check_same_order,
    group_codes,
    label_codes,
    to_numpy,
)
from fairprog_core.common.errors import DataError, shown
from fairprog_core.common.types import Floats, Groups, Predictions
from fairprog_core.metrics.intervals import DRAWS
from fairprog_core.metrics.point import Point
from fairprog_core.metrics.report import majority_accuracy, report
from fairprog_core.results.weak_base import find_weak_base

_FEWEST_DRAWS = 100  # fewer tell nothing of the outer 5 %
_OF_A_STUDY = {
    "method", "trigger", "criterion", "lam", "seed", "tuning_ratio", "delta", "changes", "levelling", "artifacts",
    "audit",
}  # fmt: skip


@dataclass(frozen=True, eq=False, repr=False)
class Audit(Mapping[str, Any]):
    """Every metric of a classifier on rows of one's own; a table in a notebook and in a terminal.

    The keys are those of a point in ``result.json``: "n"; every metric and "<metric>_ci", its 95 % interval
    [low, high], None where it cannot be estimated; "noise_gap", by gap what noise alone would show; "collapsed";
    "counts", rows by [group, label, prediction]; "group_rates" and "intersections", the rates of every group and of
    combined groups; "groups" and "labels", their names; "left_out", labels that are too rare in a group;
    "majority_accuracy", the accuracy of always predicting the most frequent label; "weak_base", how weak a classifier
    is that does not exceed it, else None; and "n_without_group", the rows that are in no group, which count for the
    accuracy alone. All values are plain, so ``json.dumps(dict(audit))`` writes them.

    Attributes:
        point: the same as an object, as `Result.points` has it.
        beside: "majority_accuracy", "weak_base" and "n_without_group", see above.
    """

    point: Point
    beside: Beside

    @cached_property
    def _values(self) -> dict[str, Any]:
        values = {name: value for name, value in self.point.to_json().items() if name not in _OF_A_STUDY}
        return values | self.beside._asdict()

    @property
    def majority_accuracy(self) -> float:
        """See above."""
        return self.beside.majority_accuracy

    def __getitem__(self, name: str) -> Any:
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        return to_text(self.point, self.beside)

    def _repr_html_(self) -> str:
        return to_html(self.point, self.beside)


def audit(
    y_true: Any,
    y_pred_or_scores: Any,
    z: Any,
    *,
    labels: Sequence[Hashable] | None = None,
    weight: Any = None,
    threshold: float | None = None,
    draws: int = DRAWS,
) -> Audit:
    """Measure a classifier's predictions: every metric with its 95 % interval, by group, and what noise would show.

    Any classifier will do: only what it predicted is needed. The numbers equal those of a study with the same
    predictions.

    Args:
        y_true: (n,) labels: integers, words or booleans; a list, an array, a tensor or a pandas Series. Of two labels
            the second in ascending order is the positive one.
        y_pred_or_scores: (n,) predicted labels; or (n,) floats in 0 … 1, the probability of the positive label, which
            is predicted above .5; or (n, c) probabilities or logits in the order of the labels, of which the largest is
            predicted. Without scores there is no area under the ROC curve.
        z: (n,) the sensitive attribute, whose values are the groups; or several columns of 0 and 1 (a DataFrame, a
            mapping, an array), one per group, which may overlap and leave rows out; or several other columns, whose
            combinations are the groups.
        labels: the c labels in their order, the positive one last of two; None: those that occur in ``y_true``.
        weight: (n,) for rows that were drawn evenly over groups and labels: the weights that bring them back to their
            natural mix, the same for all rows of a group and label. They are then resampled within groups and labels.
        threshold: the positive label is predicted where one score per row is above it, whatever the range of the
            scores; None: .5, and the scores are probabilities.
        draws: number of bootstrap resamples for the intervals.

    Raises:
        DataError: shapes or lengths do not fit; values are missing, or not allowed; there is a single label or group; a
            prediction is none of the labels.
    """
    if not isinstance(draws, int) or draws < _FEWEST_DRAWS:
        raise DataError(f"draws is {shown(draws)}; give a whole number of at least {_FEWEST_DRAWS}.")
    truth = label_codes(y_true, values=_in_order(labels), what="y_true")
    said = answers(
        y_pred_or_scores, truth, what="y_pred_or_scores", what_labels="y_true" if labels is None else "labels=",
        threshold=threshold,
    )  # fmt: skip
    groups = group_codes(z)
    columns = {"y_true": truth.codes, "y_pred_or_scores": said.codes, "z": groups.codes}
    weights = np.ones(len(truth.codes)) if weight is None else read_weights(weight)
    check_same_length(**columns, **({} if weight is None else {"weight": weights}))
    check_same_order(y_true=y_true, y_pred_or_scores=y_pred_or_scores, z=z)
    predictions = predictions_of(truth, said, groups, weights, is_stratified=weight is not None)
    return measure(predictions, groups=groups.groups, labels=truth.names, draws=draws)


def measure(predictions: Predictions, *, groups: Groups, labels: Sequence[str], draws: int = DRAWS) -> Audit:
    """Measure predictions whose rows are codes already.

    Args:
        predictions: n rows.
        groups: the g groups over the patterns of the rows.
        labels: names of the c labels.
        draws: number of bootstrap resamples for the intervals.

    Raises:
        DataError: rows of one group and label have different weights.
    """
    c = len(labels)
    point = report(predictions, groups=groups, labels=labels, method="base", draws=draws)
    n_outside = int((groups.patterns.sum(axis=1) == 0)[predictions.z].sum())
    return Audit(
        point, Beside(majority_accuracy(predictions, n_classes=c), find_weak_base(predictions, n_classes=c), n_outside)
    )


def predictions_of(
    truth: LabelCodes, said: Answers, groups: GroupCodes, weight: Floats, *, is_stratified: bool
) -> Predictions:
    """Predictions from codes.

    Args:
        truth: the labels.
        said: what the classifier predicted.
        groups: of the rows.
        weight: (n,) of the rows.
        is_stratified: whether the rows were drawn evenly over groups and labels.
    """
    rows = np.arange(len(weight))
    return Predictions(said.logits, said.codes, truth.codes, groups.codes, weight, rows, is_stratified=is_stratified)


def _in_order(labels: Any) -> Sequence[Hashable] | None:
    """The labels as Python's own values, which codes are compared with."""
    if labels is None:
        return None
    try:
        order = list(to_numpy(labels).tolist() if hasattr(labels, "tolist") else labels)
        hash(tuple(order))
    except TypeError as error:
        raise DataError(f"labels is {shown(labels)}; give a list of labels, the positive one last of two.") from error
    return order


def read_weights(weight: Any) -> Floats:
    """Weights (n,) as people keep them.

    Raises:
        DataError: they are no positive numbers, one per row.
    """
    try:
        given = np.asarray(to_numpy(weight))
        found = given.astype(np.float64, casting="unsafe" if given.dtype.kind == "O" else "same_kind")
    except (TypeError, ValueError) as error:
        raise DataError("weight holds something else than numbers; give one number per row.") from error
    if found.ndim != 1:
        raise DataError(f"weight has the shape {tuple(found.shape)}; give one number per row.")
    if not np.isfinite(found).all() or (found < 0).any() or not found.any():
        raise DataError("weight holds NaN, infinite or negative numbers, or zeros only; give positive numbers.")
    return found
