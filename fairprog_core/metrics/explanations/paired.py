"""Figures with the trigger, compared in pairs: the same rows under another condition.

A difference of pairs is known better than its two sides: rows that differ from each other cancel. The keys of the JSON
are new; a result without them was made before pairs were kept.

Notation: l λ-values.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from fairprog_core.common.files.json_values import plain
from fairprog_core.common.records import Mean
from fairprog_core.metrics.explanations.by_condition import JsonObject, UncheckedJson, mean_kind

LAM_0 = "lam_0"  # the trigger that was trained for accuracy alone; compared like a control


@dataclass(frozen=True)
class PairedDifferences:
    """The trigger against one other condition, on the rows that both have.

    Attributes:
        difference: (l,) with the trigger at every λ minus under the other condition.
        share: (l,) of the shift from no trigger to the trigger, the part that the other condition makes alone; None
            where the interval of that shift includes 0, and everywhere for the condition without a trigger.
    """

    difference: list[Mean | None]
    share: list[Mean | None]

    def to_json(self) -> JsonObject:
        """As results have it."""
        found: JsonObject = plain({"difference": self.difference, "share": self.share})
        return found


Paired: TypeAlias = dict[str, PairedDifferences]  # by "without", a control's name, or LAM_0


def paired_to_json(found: Mapping[str, Paired]) -> JsonObject:
    """Pairs by the figure's name; empty where there are none, so that older results stay as they are."""
    pairs = {name: {other: each.to_json() for other, each in paired.items()} for name, paired in found.items()}
    every: JsonObject = plain({"paired": pairs} if pairs else {})
    return every


def paired_from_json(values: UncheckedJson) -> dict[str, Paired]:
    """Read the key "paired" of explanations or of a probe; empty where it is missing.

    Raises:
        ValueError, KeyError, TypeError, AttributeError: a value is missing, or of another kind.
    """
    kind = mean_kind()
    return {
        name: {
            other: PairedDifferences(*([kind.validate_python(mean) for mean in each[of]] for of in _PARTS))
            for other, each in paired.items()
        }
        for name, paired in values.get("paired", {}).items()
    }


_PARTS = ("difference", "share")
