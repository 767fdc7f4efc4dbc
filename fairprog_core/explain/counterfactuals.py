"""Counterfactual pairs: the same picture or text except for what the sensitive attribute Z changes.

Notation: n pairs, c classes.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fairprog_core.classifiers.predict import margin
from fairprog_core.explain.averages import RowValues, WeightedRows
from fairprog_core.explain.conditions import Conditions
from fairprog_core.explain.paired import compare_in_pairs
from fairprog_core.metrics.explanations.averages import CounterfactualMeans
from fairprog_core.metrics.explanations.paired import Paired


class PairDifferences(NamedTuple):
    """How the outputs differ within n pairs: logit_difference (n,) signed, flips (n,) bool."""

    logit_difference: NDArray[np.float64]
    flips: NDArray[np.bool_]


def compare(first: NDArray[np.float32], second: NDArray[np.float32], y: NDArray[np.int64]) -> PairDifferences:
    """Logits (n, c) of both inputs of every pair -> margin of the first minus that of the second, and flips.

    With two classes the margin is that of class 1 (logit₁ − logit₀); with more it is that of the
    pair's label y (n,) against the largest other logit.
    """
    of = np.ones_like(y) if first.shape[1] == 2 else y
    return PairDifferences(margin(first, of) - margin(second, of), first.argmax(1) != second.argmax(1))


def average_pairs(
    found: Sequence[PairDifferences], names: tuple[str, str], conditions: Conditions[Any]
) -> tuple[CounterfactualMeans, dict[str, Paired]]:
    """Mean difference and share of flips per condition, and the same against other conditions.

    All pairs count alike: their labels follow the natural mix.
    """
    n = len(found[0].flips)
    rows = WeightedRows(np.ones(n), np.zeros(n, dtype=np.int64))
    values = {
        "logit_difference": [RowValues.of(each.logit_difference) for each in found],
        "flip_share": [RowValues.of(each.flips) for each in found],
    }
    means = CounterfactualMeans(
        names=list(names),
        logit_difference=conditions.by_condition([rows.mean(each.logit_difference) for each in found]),
        flip_share=conditions.by_condition([rows.mean(each.flips) for each in found]),
    )
    return means, {name: compare_in_pairs(rows, each, conditions) for name, each in values.items()}
