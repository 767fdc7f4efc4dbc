"""The conditions that are compared: no trigger, two controls, the trigger at every λ, and rivals.

Notation: n rows, m gallery rows, l λ-values, c classes, p group patterns.
"""

from collections.abc import Iterable, Sequence
from typing import Any, ClassVar, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from fairprog_core.classifiers.base import Classifier
from fairprog_core.common.types import Groups
from fairprog_core.data.base import Split
from fairprog_core.metrics.counts import cell_weight, count_table
from fairprog_core.metrics.explanations.by_condition import ByCondition
from fairprog_core.metrics.explanations.gallery import GalleryArrays, RivalsNote, rivals_note
from fairprog_core.metrics.fairness import collapsed

FEWEST_ROWS = 60  # fewer say too little about whether a control has collapsed …
FEWEST_IN_CELL = 20  # … and whether a cell is lost: five rows of a cell with accuracy .4 are all wrong in 8 of 100
C = TypeVar("C")
T = TypeVar("T")


class Rival(NamedTuple):
    """A frozen classifier with weights of its own, explained on the same rows as the trigger.

    Source: figures 8 to 10 of the paper, which set AdvIn between the base and the trigger.

    Attributes:
        method: registry key of the method that trained it; its key in results and in the gallery's file.
        lam: the λ at which it was trained, chosen on validation.
        classifier: built as the base was, so that it takes the same inputs.
        is_collapsed: whether its point of the curve has collapsed: its explanation then means little.
    """

    method: str
    lam: float
    classifier: Classifier
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
        rivals: other classifiers to compare with; may be empty.
    """

    controls: ClassVar[tuple[str, str]]

    def __init__(self, conditions: Iterable[C], lams: Sequence[float], rivals: Sequence[Rival] = ()) -> None:
        super().__init__(conditions)
        self.lams, self.rivals = list(lams), list(rivals)

    @property
    def on_base(self) -> list[C]:
        """The conditions that use the base classifier: all but the rivals."""
        return self[: 3 + len(self.lams)]

    def nearest(self, lam: float) -> int:
        """The number of the condition whose λ is nearest."""
        return 3 + int(np.argmin([abs(lam - other) for other in self.lams]))

    def by_condition(self, values: Sequence[T]) -> ByCondition[T]:
        """One value per condition, or per condition on the base, by name."""
        without, first, second, *others = values
        lam, of_rivals = others[: len(self.lams)], others[len(self.lams) :]
        controls = dict(zip(self.controls, (first, second), strict=True))
        return ByCondition(without, controls, lam, dict(zip((rival.method for rival in self.rivals), of_rivals)))

    def describe_rivals(self) -> RivalsNote:
        """λ by method of the rivals, and which of them have collapsed."""
        collapsed = [rival.method for rival in self.rivals if rival.is_collapsed]
        return rivals_note({rival.method: rival.lam for rival in self.rivals}, collapsed)

    def stacked(self, name: str, values: Sequence[NDArray[Any] | None]) -> GalleryArrays:
        """Arrays (m, …) per condition -> ``<name>`` (m, l, …) of the trigger, ``<name>_<key>`` (m, …) of the others.

        A value may be None, except with the trigger; its array is left out.
        """
        found = self.by_condition(values)
        of_trigger = [value for value in found.lam if value is not None]
        alone = {f"{name}_{key}": value for key, value in found.alone().items() if value is not None}
        return {name: np.stack(of_trigger, axis=1), **alone}


def find_collapsed(
    split: Split, logits: Sequence[NDArray[np.floating]], names: Sequence[str], *, groups: Groups
) -> list[str] | None:
    """The controls that have collapsed on some rows; None where these are too few to tell.

    Args:
        split: the rows, n of them.
        logits: (n, c) without a trigger, then of every control.
        names: of the controls.
        groups: over the p patterns.
    """
    if len(split.y) < FEWEST_ROWS:
        return None
    shape = {"n_patterns": len(groups.patterns), "n_classes": logits[0].shape[1]}
    without, *controls = (count_table(split.y, each.argmax(1), split.z, **shape) for each in logits)
    weight = cell_weight(split.y, split.z, split.weight, **shape)
    pairs = zip(names, controls, strict=True)
    return [name for name, counts in pairs if collapsed(counts, weight, groups, base=without, min_rows=FEWEST_IN_CELL)]
