"""Columns of a data set on disk: made once, read memory-mapped."""

import math
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from fairprog_core.errors import DataError
from fairprog_core.home import Home, making_once, replacing


class Columns:
    """A folder of .npy files, one per column."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def create(self, name: str, shape: tuple[int, ...], dtype: DTypeLike) -> NDArray[Any]:
        """A new column on disk to be filled in place; rows never pile up in memory."""
        self._check_space(np.dtype(dtype).itemsize * math.prod(shape))
        return np.lib.format.open_memmap(self._folder / f"{name}.npy", mode="w+", dtype=dtype, shape=shape)

    def __getitem__(self, name: str) -> NDArray[Any]:
        try:
            column: NDArray[Any] = np.load(self._folder / f"{name}.npy", mmap_mode="r", allow_pickle=False)
        except (OSError, ValueError) as error:
            message = (
                f"{self._folder}: the cached column {name!r} is damaged ({error}); remove this folder and try again."
            )
            raise DataError(message) from error
        return column

    def _check_space(self, needed: int) -> None:
        # A memory-mapped file on a full disk kills the process when it is written to.
        free = shutil.disk_usage(self._folder).free
        if needed > free:
            raise DataError(
                f"{self._folder.parent}: the data set needs {needed / 1e9:.1f} GB, {free / 1e9:.1f} GB are free;"
                " choose fewer rows or smaller images, or another home."
            )


def cached(home: Home, key: str, fill: Callable[[Columns], None]) -> Columns:
    """The columns kept under ``key``; where missing, ``fill`` makes them, once among all processes."""
    folder = home.cache / "data" / key
    with making_once(folder) as is_missing:
        if is_missing:
            with replacing(folder) as part:
                part.mkdir()
                fill(Columns(part))
    return Columns(folder)
