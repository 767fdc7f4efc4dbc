"""One value per condition: without a trigger, with each control, with the trigger at every λ, and for each rival.

Notation: l λ-values.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Generic, TypeAlias, TypeVar

from pydantic import JsonValue, TypeAdapter

from fairprog_core.common.records import Mean

CONTROLS = ("untrained", "black", "random_words", "neutral_words")  # of pictures, and of texts
JsonObject: TypeAlias = dict[str, JsonValue]
UncheckedJson: TypeAlias = Mapping[str, Any]  # of a file; what is read from it is checked
T = TypeVar("T")
U = TypeVar("U")


@dataclass(frozen=True)
class ByCondition(Generic[T]):
    """One value per condition.

    Attributes:
        without: of the base classifier without a trigger.
        controls: with triggers that were not trained, by the names in `CONTROLS`.
        lam: (l,) with the trigger at every λ.
        rivals: of classifiers with weights of their own, by method.
    """

    without: T
    controls: dict[str, T]
    lam: list[T]
    rivals: dict[str, T] = field(default_factory=dict)

    def alone(self) -> dict[str, T]:
        """The values of all conditions but those with the trigger, by their keys in JSON."""
        return {"without": self.without, **self.controls, **self.rivals}

    def apply(self, function: Callable[[T], U]) -> "ByCondition[U]":
        """The function of every value."""
        return ByCondition(
            function(self.without),
            {name: function(value) for name, value in self.controls.items()},
            [function(value) for value in self.lam],
            {name: function(value) for name, value in self.rivals.items()},
        )

    def to_json(self) -> dict[str, T | list[T]]:
        """As results have it: {"without", each control, "lam": [...], each rival}."""
        return {"without": self.without, **self.controls, "lam": self.lam, **self.rivals}

    @classmethod
    def from_json(cls, values: UncheckedJson, kind: TypeAdapter[T]) -> "ByCondition[T]":
        """Read what `to_json` gave; keys that are no control are rivals.

        Args:
            values: of the JSON.
            kind: of one value.

        Raises:
            ValueError: a value is missing, or of another kind.
        """
        if not isinstance(values, Mapping) or not isinstance(values.get("lam"), list) or "without" not in values:
            raise ValueError(f"{values!r:.60} has no values by condition")
        alone = {name: kind.validate_python(value) for name, value in values.items() if name != "lam"}
        without = alone.pop("without")
        controls = {name: alone.pop(name) for name in list(alone) if name in CONTROLS}
        return cls(without, controls, [kind.validate_python(value) for value in values["lam"]], alone)


Means: TypeAlias = ByCondition[Mean | None]  # None: there was no row to average over


@cache
def mean_kind() -> TypeAdapter[Mean | None]:
    """What checks one mean of the JSON."""
    return TypeAdapter(Mean | None)


def means_from_json(values: UncheckedJson | None) -> Means | None:
    """Means by condition; None where they were not measured.

    Raises:
        ValueError: a value is missing, or of another kind.
    """
    return ByCondition.from_json(values, mean_kind()) if values else None
