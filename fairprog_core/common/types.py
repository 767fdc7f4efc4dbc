"""The types of rows: groups, batches, predictions.

Notation: n samples, c classes, g groups, p group patterns.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from torch import Tensor

Floats: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True)
class Groups:
    """The values of the sensitive attribute Z.

    A row has a *pattern code* z in 0..p-1; ``patterns[z]`` marks the groups that it belongs
    to. For disjoint groups that cover all rows the patterns are the identity and z is the
    group's index; overlapping groups, or rows without a group, need more patterns.

    Attributes:
        names: the g names, in the order of the columns of ``patterns``.
        patterns: (p, g) bool.
        unknown: the pattern code of rows whose group is not known, which count for accuracy alone; None: there is none.
            A pattern without groups otherwise means that its rows belong to none.
    """

    names: tuple[str, ...]
    patterns: NDArray[np.bool_]
    unknown: int | None = None

    @classmethod
    def exclusive(cls, *names: str) -> "Groups":
        """Disjoint groups that cover all rows: pattern code = group index."""
        return cls(names, np.eye(len(names), dtype=bool))

    @property
    def is_exclusive(self) -> bool:
        """Whether every row belongs to exactly one group."""
        return bool((self.patterns.sum(axis=1) == 1).all())

    @property
    def is_known(self) -> NDArray[np.bool_]:
        """(p,) whether the groups of a pattern are known."""
        known: NDArray[np.bool_] = np.arange(len(self.patterns)) != (-1 if self.unknown is None else self.unknown)
        return known


class Batch(NamedTuple):
    """A batch as tensors: x (k inputs of the classifier), y (k,) labels, z (k,) pattern codes, weight (k,).

    The weights map a batch drawn evenly over the (z, y) cells back to the natural mix; their
    mean over the natural mix is one.
    """

    x: Any
    y: "Tensor"
    z: "Tensor"
    weight: "Tensor"


@dataclass(frozen=True, eq=False)  # compared by identity: == of arrays gives no single bool
class Predictions:
    """The predictions of a classifier on the rows of one split.

    Attributes:
        logits: (n, c) float32, or None for methods without logits.
        y_pred: (n,) int64, in 0..c-1.
        y: (n,) int64, the label.
        z: (n,) int64, pattern codes.
        weight: (n,) float64, mean one; maps an evenly drawn split back to the natural mix.
        row: (n,) int64, the index of the row in its split.
        is_stratified: whether the number of rows per (z, y) cell is fixed by design.
    """

    logits: NDArray[np.float32] | None
    y_pred: NDArray[np.int64]
    y: NDArray[np.int64]
    z: NDArray[np.int64]
    weight: NDArray[np.float64]
    row: NDArray[np.int64]
    is_stratified: bool = False
