"""The test rows that all conditions of a survey see.

Notation: n rows.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fairprog_core.data.base import Dataset, Split, draw_evenly
from fairprog_core.explain.averages import Rows, natural_weight


@dataclass(frozen=True)
class Pool:
    """Rows of the test split; every beginning is drawn evenly over the cells.

    Attributes:
        row: (n,) their numbers in the split.
        split: these rows alone, n of them.
    """

    row: NDArray[np.int64]
    split: Split

    def __len__(self) -> int:
        return len(self.row)

    @property
    def cells(self) -> NDArray[np.int64]:
        """(n,) number of each row's (z, y) cell."""
        cells: NDArray[np.int64] = self.split.z * self.split.cell_share.shape[1] + self.split.y
        return cells

    def rows(self, n: int | None = None) -> Rows:
        """The first n rows (None: all), weighted to the natural mix."""
        split = self.split
        return Rows(natural_weight(split.y[:n], split.z[:n], split.cell_share), self.cells[:n])


def draw_pool(dataset: Dataset, n: int, *, seed: int) -> Pool:
    """n rows of the test split."""
    split = dataset.split("test")
    row = draw_evenly(split.y, split.z, n, seed=seed)
    return Pool(row, Split(np.array(split.x[row]), split.y[row], split.z[row], split.cell_share, is_stratified=True))
