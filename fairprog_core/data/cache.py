"""Columns of a data set on disk: made once, read memory-mapped."""

import math
import shutil
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from fairprog_core.common.errors import DataError
from fairprog_core.common.home import Home, making_once, replacing
from fairprog_core.data.base import Progress

if TYPE_CHECKING:
    import pyarrow as pa

# pyarrow is imported where a table is read or written: images do without it.


class Columns:
    """A folder of .npy files, one per column, and of .arrow files, tables with columns of text."""

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

    @contextmanager
    def create_table(self, name: str, schema: "pa.Schema", *, size: int = 0) -> "Iterator[pa.RecordBatchFileWriter]":
        """Write a new table, batch after batch; rows never pile up in memory.

        Args:
            name: of the table.
            schema: its columns.
            size: bytes that it will take, as far as that is known.
        """
        import pyarrow as pa

        self._check_space(size)
        with pa.OSFile(str(self._folder / f"{name}.arrow"), "wb") as file, pa.ipc.new_file(file, schema) as writer:
            yield writer

    def table(self, name: str) -> "pa.Table":
        """A table, memory-mapped: only what is taken from it is read."""
        import pyarrow as pa

        try:
            return pa.ipc.open_file(pa.memory_map(str(self._folder / f"{name}.arrow"))).read_all()
        except (OSError, pa.ArrowException) as error:
            message = (
                f"{self._folder}: the cached table {name!r} is damaged ({error}); remove this folder and try again."
            )
            raise DataError(message) from error

    def _check_space(self, needed: int) -> None:
        # A memory-mapped file on a full disk kills the process when it is written to.
        free = shutil.disk_usage(self._folder).free
        if needed > free:
            raise DataError(
                f"{self._folder.parent}: the data set needs {needed / 1e9:.1f} GB, {free / 1e9:.1f} GB are free;"
                " choose fewer rows or smaller images, or another home."
            )


@dataclass(frozen=True)
class CacheEntry:
    """Columns kept under a content key: filled once among all processes, then read from disk.

    Attributes:
        folder: where they are kept.
        fill: creates and fills the columns, and yields how far it is.
    """

    folder: Path
    fill: Callable[[Columns], Iterator[Progress]]

    @classmethod
    def of(cls, home: Home, key: str, fill: Callable[[Columns], Iterator[Progress]]) -> "CacheEntry":
        """The entry of a home's cache under a key."""
        return cls(home.cache / "data" / key, fill)

    def prepare(self) -> Iterator[Progress]:
        """Fill the entry where it is missing; another process that needs it waits.

        Closing the generator cancels: the entry appears when it is complete, and no part of it is left otherwise.
        """
        with making_once(self.folder) as is_missing:
            if is_missing:
                with replacing(self.folder) as part:
                    part.mkdir()
                    yield from self.fill(Columns(part))

    def open(self) -> Columns:
        """The columns, filled now where they are missing."""
        deque(self.prepare(), maxlen=0)
        return Columns(self.folder)
