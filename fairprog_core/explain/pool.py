"""The test rows that all conditions of a survey see.

Notation: n rows, s image side.
"""

from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from fairprog_core.classifiers.image import to_pixels
from fairprog_core.data.base import Dataset, Split, draw_evenly
from fairprog_core.explain.averages import Rows, natural_weight


class Pool(NamedTuple):
    """Rows of the test split, on the device; every beginning is drawn evenly over the cells.

    Attributes:
        row: (n,) their numbers in the split.
        photo: (n, s, s, 3) uint8.
        x: (n, 3, s, s) in [0, 1].
        y: (n,) labels.
        z: (n,) patterns.
        regions: two names, or none.
        masks: one (n, s, s) bool per region.
        split: the test split.
    """

    row: NDArray[np.int64]
    photo: NDArray[np.uint8]
    x: Tensor
    y: NDArray[np.int64]
    z: NDArray[np.int64]
    regions: list[str]
    masks: list[Tensor]
    split: Split

    def __len__(self) -> int:
        return len(self.row)

    @property
    def cells(self) -> NDArray[np.int64]:
        """(n,) number of each row's (z, y) cell."""
        cells: NDArray[np.int64] = self.z * self.split.cell_share.shape[1] + self.y
        return cells

    def rows(self, n: int | None = None) -> Rows:
        """The first n rows (None: all), weighted to the natural mix."""
        return Rows(natural_weight(self.y[:n], self.z[:n], self.split.cell_share), self.cells[:n])


def draw_pool(dataset: Dataset, n: int, *, seed: int, device: torch.device) -> Pool:
    """n rows of the test split, with the masks of its first two regions."""
    split = dataset.split("test")
    row = draw_evenly(split.y, split.z, n, seed=seed)
    regions = dict(list(dataset.regions("test").items())[:2])
    if len(regions) < 2:
        regions = {}
    masks = [torch.from_numpy(np.array(mask[row])).to(device) for mask in regions.values()]
    photo = np.array(split.x[row])
    x = to_pixels(photo, device)
    return Pool(row, photo, x, split.y[row], split.z[row], list(regions), masks, split)
