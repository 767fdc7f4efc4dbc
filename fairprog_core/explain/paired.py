"""The trigger against every other condition on the base, in pairs: on the same rows.

Notation: n rows, l λ-values.
"""

from collections.abc import Sequence
from typing import Any

from fairprog_core.explain.averages import RowValues, WeightedRows
from fairprog_core.explain.conditions import Conditions
from fairprog_core.metrics.explanations.paired import LAM_0, Paired, PairedDifferences


def compare_in_pairs(rows: WeightedRows, values: Sequence[RowValues], conditions: Conditions[Any]) -> Paired:
    """Differences and shares of the shift at every λ, against no trigger, the controls, and the trigger at λ = 0.

    Args:
        rows: n of them.
        values: per condition, or per condition on the base; (n,) each.
        conditions: give the names.
    """
    found = conditions.by_condition(values)
    others = {"without": found.without, **found.controls}
    if conditions.lams and conditions.lams[0] == 0:
        others[LAM_0] = found.lam[0]
    return {
        name: PairedDifferences(
            [None if now is other else rows.difference(now, other) for now in found.lam],
            [None if now is other or name == "without" else rows.share(found.without, other, now) for now in found.lam],
        )
        for name, other in others.items()
    }
