"""A base that is no better than always predicting the most frequent label: found, and said in one sentence.

What is built on such a base means little. Often the order of its classes is another one than that of the data's labels.

Notation: n samples, c classes.
"""

import numpy as np
from typing_extensions import TypedDict

from fairprog_core.common.types import Floats, Predictions

_TOLERANCE = 1e-9  # weighted sums over the same rows differ by rounding


class WeakBase(TypedDict):
    """Accuracies in the natural mix, 0 … 1.

    ``swapped_accuracy`` is that of the same answers in the order of classes that fits best, where it beats always
    predicting the most frequent label; else None.
    """

    accuracy: float
    majority_accuracy: float
    swapped_accuracy: float | None


def find_weak_base(predictions: Predictions, *, n_classes: int) -> WeakBase | None:
    """How weak a base is by its predictions; None: it is better than the most frequent label."""
    table = np.zeros((n_classes, n_classes))  # [label, prediction], weighted
    np.add.at(table, (predictions.y, predictions.y_pred), predictions.weight)
    table /= table.sum()
    return weak_base(table.trace(), table.sum(axis=1).max(), _best_order(table))


def weak_base(accuracy: float, majority: float, best: float | None) -> WeakBase | None:
    """How weak a base with these accuracies is; None: it is better than the most frequent label.

    Args:
        accuracy: of the base.
        majority: of always predicting the most frequent label.
        best: of the base's answers in the order of classes that fits best; None: not known.
    """
    if accuracy > majority + _TOLERANCE:
        return None
    is_better = best is not None and best > majority + _TOLERANCE
    return WeakBase(
        accuracy=float(accuracy), majority_accuracy=float(majority),
        swapped_accuracy=float(best) if best is not None and is_better else None,
    )  # fmt: skip


def weak_base_sentence(weak: WeakBase, rows: str) -> str:
    """What has to be said of a weak base.

    Args:
        weak: its accuracies.
        rows: the rows that they are of, "validation" or "test".
    """
    how = "worse" if weak["accuracy"] < weak["majority_accuracy"] - _TOLERANCE else "no better"
    first = (
        f"The base classifier is {how} than always predicting the most frequent label: "
        f"its accuracy on the {rows} rows is {weak['accuracy']:.3f}, that of the label {weak['majority_accuracy']:.3f}"
    )
    if (swapped := weak["swapped_accuracy"]) is None:
        return f"{first}; a gap of such a base means little."
    return f"{first}. The order of its classes may be swapped: in another order its accuracy would be {swapped:.3f}."


def _best_order(table: Floats) -> float:
    """The accuracy in the order of classes that fits a table of [label, prediction] best."""
    if len(table) == 2:
        return float(max(table.trace(), table[::-1].trace()))
    from scipy.optimize import linear_sum_assignment  # type: ignore[import-untyped]

    return float(table[linear_sum_assignment(table, maximize=True)].sum())
