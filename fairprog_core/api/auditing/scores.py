"""What a classifier said, as people keep it (labels, probabilities, logits), turned into predictions and logits.

Notation: n rows, c classes.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fairprog_core.api.codes import LabelCodes, label_codes, to_numpy
from fairprog_core.api.columns import is_frame
from fairprog_core.common.errors import DataError, shorten, shown
from fairprog_core.common.types import Floats

_SUM_OF_SHARES = 1e-3  # a row whose scores are positive and add up to 1 ± this holds probabilities
_LEAST = 1e-300  # stands for a probability of 0, whose logarithm is infinite


class Answers(NamedTuple):
    """What a classifier said.

    Attributes:
        codes: (n,) int64 predicted labels in 0..c-1.
        logits: (n, c) float32, only their order counts; None for hard predictions.
    """

    codes: NDArray[np.int64]
    logits: NDArray[np.float32] | None


def answers(values: Any, labels: LabelCodes, *, what: str, what_labels: str, threshold: float | None = None) -> Answers:
    """Labels, probabilities or scores of n rows as codes and logits.

    Args:
        values: (n,) labels; (n,) floats in 0 … 1, the probability of the second of two labels; or (n, c) scores, of
            which the largest is predicted.
        labels: the labels that are known.
        what: how errors name ``values``.
        what_labels: how errors name where the labels come from.
        threshold: above which one score per row stands for the second of two labels; None: .5, and the scores are
            probabilities.

    Raises:
        DataError: shapes or values are none of these.
    """
    if is_frame(values) and len(values.columns) == 1:
        values = values.iloc[:, 0]
    found = _as_array(values, labels, what)
    if found.ndim == 2 and found.shape[1] == 1:
        found = found[:, 0]
    if found.ndim and not len(found):
        raise DataError(f"{what} is empty; give at least one row of every label and group.")
    if found.ndim == 2:
        return _of_matrix(found, labels, what, what_labels)
    if found.ndim > 2:
        raise DataError(
            f"{what} has the shape {tuple(found.shape)}; give one label or probability per row, or one score per row "
            f"and label: (n, {len(labels.values)})."
        )
    is_float = found.ndim == 1 and found.dtype.kind == "f"
    if is_float and not _holds_labels(found, labels):
        return _of_scores(found, labels, what, what_labels, threshold)
    given = found if is_float else values
    return Answers(label_codes(given, values=labels.values, what=what, is_prediction=True).codes, None)


def _as_array(values: Any, labels: LabelCodes, what: str) -> NDArray[Any]:
    """An array of any shape; the columns of a table whose names are the labels are put in the order of the labels."""
    names = [str(name) for name in values.columns] if is_frame(values) else []
    if names and sorted(names) == sorted(labels.names):
        values = values.iloc[:, [names.index(name) for name in labels.names]]
    try:
        if names or str(getattr(values, "dtype", "")).startswith("Float"):  # of pandas, which has its own missing value
            return np.asarray(values.to_numpy(dtype=np.float64, na_value=np.nan))
        found = np.asarray(to_numpy(values))
    except (TypeError, ValueError) as error:
        raise DataError(f"{what} is no table of numbers ({shorten(error)}); give as many in every row.") from error
    return found.astype(np.float64) if found.dtype.kind == "f" else found


def _holds_labels(found: Floats, labels: LabelCodes) -> bool:
    """Whether floats are labels that became floats: whole, and each of them known."""
    return set(np.unique(found).tolist()) <= {value for value in labels.values if isinstance(value, bool | int)}


def _of_scores(found: Floats, labels: LabelCodes, what: str, what_labels: str, threshold: float | None) -> Answers:
    """One score per row."""
    _check_finite(found, what)
    c = len(labels.values)
    if c > 2:
        raise DataError(
            f"{what} has one score per row, but {what_labels} has {c} labels; give one score per label: (n, {c})."
        )
    if threshold is None and len(outside := found[(found < 0) | (found > 1)]):
        raise DataError(
            f"{what} holds {outside[0]:g}, outside 0 … 1; give the probability of {shown(labels.values[1])}, or one "
            "score per label: (n, 2)."
        )
    return Answers((found > (0.5 if threshold is None else threshold)).astype(np.int64), _ranks(found))


def _of_matrix(found: NDArray[Any], labels: LabelCodes, what: str, what_labels: str) -> Answers:
    c = len(labels.values)
    if found.shape[1] != c:
        raise DataError(
            f"{what} has {found.shape[1]} columns, {what_labels} {c} labels ({', '.join(map(shown, labels.values))}); "
            "give one column per label in their order, or name every label with labels=."
        )
    try:
        scores = found.astype(np.float64, casting="unsafe" if found.dtype.kind == "O" else "same_kind")
    except (TypeError, ValueError) as error:
        first = found.ravel()[:1].tolist()[0]
        raise DataError(
            f"{what} holds {shown(first)}, and not numbers alone; give one score per row and label."
        ) from error
    _check_finite(scores, what)
    codes = scores.argmax(axis=1)
    if c == 2:
        return Answers(codes, _ranks(scores[:, 1] - scores[:, 0]))
    if (scores >= 0).all() and np.allclose(scores.sum(axis=1), 1, rtol=0, atol=_SUM_OF_SHARES):
        scores = np.log(np.maximum(scores, _LEAST))
    return Answers(codes, scores.astype(np.float32))


def _check_finite(found: Floats, what: str) -> None:
    is_row_wrong = ~np.isfinite(found).reshape(len(found), -1).all(axis=1)
    if is_row_wrong.any():
        first = int(is_row_wrong.argmax())
        raise DataError(
            f"{what} has {int(is_row_wrong.sum())} rows with NaN or infinite values (the first is row {first}); leave "
            "these rows out."
        )


def _ranks(score: Floats) -> NDArray[np.float32]:
    """(n,) -> logits (n, 2) of the same order; whole numbers, which float32 keeps apart where scores would merge."""
    rank = np.unique(score, return_inverse=True)[1].reshape(-1)
    return np.stack([np.zeros(len(score)), rank], axis=1).astype(np.float32)
