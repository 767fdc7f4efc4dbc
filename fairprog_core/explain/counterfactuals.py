"""Counterfactual twins: the same picture or text but for the sensitive attribute.

Notation: n pairs, c classes.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fairprog_core.explain.averages import WeightedRows
from fairprog_core.explain.base import margin
from fairprog_core.explain.conditions import Conditions


class Differences(NamedTuple):
    """What Z alone changes: logit_difference (n,) signed, flips (n,) bool."""

    logit_difference: NDArray[np.float64]
    flips: NDArray[np.bool_]


def compare(first: NDArray[np.float32], second: NDArray[np.float32], y: NDArray[np.int64]) -> Differences:
    """Logits (n, c) of both twins -> margin of the first minus margin of the second, and flips.

    With two classes the margin is that of class 1 (logit₁ − logit₀); with more it is that of the
    twins' label y (n,) against the largest other logit.
    """
    of = np.ones_like(y) if first.shape[1] == 2 else y
    return Differences(margin(first, of) - margin(second, of), first.argmax(1) != second.argmax(1))


def summarise(found: Sequence[Differences], names: tuple[str, str], conditions: Conditions[Any]) -> dict[str, Any]:
    """Mean difference and share of flips per condition; labels of pairs follow the natural mix, so all count alike."""
    n = len(found[0].flips)
    rows = WeightedRows(np.ones(n), np.zeros(n, dtype=np.int64))
    return {
        "names": list(names),
        "logit_difference": conditions.by_condition([rows.mean(one.logit_difference) for one in found]),
        "flip_share": conditions.by_condition([rows.mean(one.flips) for one in found]),
    }
