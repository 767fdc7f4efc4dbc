"""Counterfactual pairs: the same picture or text except for what the sensitive attribute Z changes.

Notation: n pairs, c classes.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fairprog_core.classifiers.predict import margin


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
