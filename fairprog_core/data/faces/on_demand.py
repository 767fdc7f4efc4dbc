"""Pictures of a split that are drawn when they are first used, so that a training begins before all of them are there.

Notation: n rows, k of them used at once, s image side.
"""

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

MOST_BYTES = 256_000_000  # of one split in memory; larger ones are drawn to disk before the training


class PicturesOnDemand:
    """The pictures (n, s, s, 3) of a split, indexed like an array; those that are missing are drawn first.

    Args:
        shape: (n, s, s, 3).
        draw: the pictures of ascending rows, one by one.
    """

    def __init__(self, shape: tuple[int, int, int, int], draw: Callable[[NDArray[np.int64]], Iterable[Any]]) -> None:
        self.shape, self.dtype, self.ndim = shape, np.dtype(np.uint8), 4
        self._pictures: NDArray[np.uint8] = np.empty(shape, np.uint8)
        self._is_drawn = np.zeros(shape[0], bool)
        self._draw = draw

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, rows: Any) -> NDArray[np.uint8]:
        wanted = np.unique(np.arange(len(self))[rows])
        missing = wanted[~self._is_drawn[wanted]]
        for row, picture in zip(missing, self._draw(missing), strict=True):
            self._pictures[row], self._is_drawn[row] = picture, True
        found: NDArray[np.uint8] = self._pictures[rows]
        return found

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        return np.asarray(self[:], dtype)

    def settle(self, pictures: NDArray[np.uint8]) -> None:
        """Take all pictures from the cache, and free the memory."""
        self._pictures = pictures
        self._is_drawn[:] = True
