"""The conditions that are compared: no trigger, two controls, the trigger at every λ, and rivals.

Notation: m gallery rows, l λ-values.
"""

from collections.abc import Iterable, Sequence
from typing import Any, ClassVar, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

C = TypeVar("C")
T = TypeVar("T")


class Rival(NamedTuple):
    """A classifier with weights of its own, which is looked into beside a trigger; frozen.

    Source: figures 8 to 10 of the paper, which set AdvIn between the base and the trigger.

    Attributes:
        method: the registry's key of the method that trained it; its key in results and in the gallery's file.
        lam: at which it was trained: the λ that was chosen on validation.
        classifier: made as the base was, so that it reads what the base reads.
        is_collapsed: whether its point of the curve has collapsed: what it looks at then says little.
    """

    method: str
    lam: float
    classifier: Any
    is_collapsed: bool = False

    @property
    def name(self) -> str:
        """For the screen."""
        return f"{self.method.replace('_', ' ')} at λ = {self.lam:g}"


class Conditions(list[C]):
    """No trigger, two controls, then the trigger at every λ, then rivals without a trigger; in this order.

    Attributes:
        controls: keys of the two controls, in results and in the gallery's file.
        lams: the l values of λ.
        rivals: what stands beside the base, if anything.
    """

    controls: ClassVar[tuple[str, str]]

    def __init__(self, conditions: Iterable[C], lams: Sequence[float], rivals: Sequence[Rival] = ()) -> None:
        super().__init__(conditions)
        self.lams, self.rivals = list(lams), list(rivals)

    @property
    def on_base(self) -> list[C]:
        """The conditions under which the base is asked: all but the rivals."""
        return self[: 3 + len(self.lams)]

    def nearest(self, lam: float) -> int:
        """The number of the condition whose λ is nearest."""
        return 3 + int(np.argmin([abs(lam - other) for other in self.lams]))

    def by_condition(self, values: Sequence[T]) -> dict[str, Any]:
        """One value per condition, or per condition on the base -> {"without", the controls, "lam": [...], rivals}."""
        without, first, second, *others = values
        lam, beside = others[: len(self.lams)], others[len(self.lams) :]
        controls = dict(zip(self.controls, (first, second), strict=True))
        return {"without": without, **controls, "lam": lam, **dict(zip((one.method for one in self.rivals), beside))}

    def describe_rivals(self) -> dict[str, Any]:
        """For results and the gallery's description: {"rivals": λ by method}, nothing where there are none.

        Methods of those that have collapsed are in "collapsed_rivals", where there are any.
        """
        collapsed = [one.method for one in self.rivals if one.is_collapsed]
        rivals = {"rivals": {one.method: one.lam for one in self.rivals}} if self.rivals else {}
        return rivals | ({"collapsed_rivals": collapsed} if collapsed else {})

    def stacked(self, name: str, values: Sequence[NDArray[Any] | None]) -> dict[str, NDArray[Any]]:
        """Arrays (m, …) per condition -> ``<name>`` (m, l, …) of the trigger, ``<name>_<key>`` (m, …) of the others.

        None, which those of the trigger cannot be, is left out.
        """
        found = self.by_condition(values)
        alone = {f"{name}_{key}": value for key, value in found.items() if key != "lam" and value is not None}
        return {name: np.stack(found["lam"], axis=1), **alone}
