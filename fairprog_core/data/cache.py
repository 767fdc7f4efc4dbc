"""Columns of a data set on disk: made once, read memory-mapped."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from fairprog_core.home import Home, making_once, replacing


class Columns:
    """A folder of .npy files, one per column."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def create(self, name: str, shape: tuple[int, ...], dtype: DTypeLike) -> NDArray[Any]:
        """A new column on disk to be filled in place; rows never pile up in memory."""
        return np.lib.format.open_memmap(self._folder / f"{name}.npy", mode="w+", dtype=dtype, shape=shape)

    def __getitem__(self, name: str) -> NDArray[Any]:
        column: NDArray[Any] = np.load(self._folder / f"{name}.npy", mmap_mode="r", allow_pickle=False)
        return column


def cached(home: Home, key: str, fill: Callable[[Columns], None]) -> Columns:
    """The columns kept under ``key``; where missing, ``fill`` makes them, once among all processes."""
    folder = home.cache / "data" / key
    with making_once(folder) as is_missing:
        if is_missing:
            with replacing(folder) as part:
                part.mkdir()
                fill(Columns(part))
    return Columns(folder)
