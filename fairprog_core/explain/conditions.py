"""The conditions that are compared: no trigger, two controls, and the trigger at every λ.

Notation: m gallery rows, l λ-values.
"""

from collections.abc import Iterable, Sequence
from typing import Any, ClassVar, TypeVar

import numpy as np
from numpy.typing import NDArray

C = TypeVar("C")
T = TypeVar("T")


class Conditions(list[C]):
    """No trigger, two controls, then the trigger at every λ; in this order.

    Attributes:
        controls: keys of the two controls, in results and in the gallery's file.
        lams: the l values of λ.
    """

    controls: ClassVar[tuple[str, str]]

    def __init__(self, conditions: Iterable[C], lams: Sequence[float]) -> None:
        super().__init__(conditions)
        self.lams = list(lams)

    def nearest(self, lam: float) -> int:
        """The number of the condition whose λ is nearest."""
        return 3 + int(np.argmin([abs(lam - other) for other in self.lams]))

    def by_condition(self, values: Sequence[T]) -> dict[str, Any]:
        """One value per condition -> {"without", the controls, "lam": [...]}."""
        without, first, second, *lam = values
        return {"without": without, **dict(zip(self.controls, (first, second))), "lam": lam}

    def stacked(self, name: str, values: Sequence[NDArray[Any] | None]) -> dict[str, NDArray[Any]]:
        """Arrays (m, …) per condition -> ``<name>`` (m, l, …) and ``<name>_without``, ``<name>_<control>`` (m, …).

        None, which only the first three can be, is left out.
        """
        found = self.by_condition(values)
        alone = {f"{name}_{key}": value for key, value in found.items() if key != "lam" and value is not None}
        return {name: np.stack(found["lam"], axis=1), **alone}
