"""Columns of a data set on disk: written once, read memory-mapped."""

import json
import math
import os
import shutil
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from tokenize import TokenError
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import DTypeLike, NDArray

from fairprog_core.common.errors import DataError, shorten, size
from fairprog_core.common.files.checksums import find_change, write_checksums
from fairprog_core.common.home import Home, making_once, replacing
from fairprog_core.data.base import Progress

if TYPE_CHECKING:
    import pyarrow as pa

# pyarrow is imported where a table is read or written, because image data sets do not need it.


_UNREADABLE = (  # raised by numpy and pyarrow for a file that is not in their format
    OSError, EOFError, LookupError, NotImplementedError, SyntaxError, TokenError, TypeError, ValueError,
)  # fmt: skip


SOURCES = "sources"  # name of the text with the paths that an entry was made from


def folder_of_entries(home: Home) -> Path:
    """The folder with all cache entries of a home."""
    return home.cache / "data"


class Array(NamedTuple):
    """The expected shape and type of a column.

    Attributes:
        shape: None stands for any number of rows.
        dtype: of its values.
    """

    shape: tuple[int | None, ...]
    dtype: DTypeLike


class TableLayout(NamedTuple):
    """The expected columns and length of a table.

    Attributes:
        columns: the names of the columns, in order.
        n: the number of rows; None: any.
    """

    columns: tuple[str, ...]
    n: int | None = None


class Columns:
    """A folder of .npy files, one per column, and of .arrow files, one per table with columns of text."""

    def __init__(self, folder: Path, *, home: Path | None = None) -> None:
        """Open a folder.

        Args:
            folder: holds the files.
            home: the folder that an error about its disk names; None: the folder itself.
        """
        self.folder, self._home = folder, home or folder

    def create(self, name: str, shape: tuple[int, ...], dtype: DTypeLike) -> NDArray[Any]:
        """A new memory-mapped column, to be filled in place."""
        path = self.folder / f"{name}.npy"
        self.check_space(np.dtype(dtype).itemsize * math.prod(shape))
        column = np.lib.format.open_memmap(path, mode="w+", dtype=dtype, shape=shape)
        if hasattr(os, "posix_fallocate"):  # else a disk that gets full meanwhile ends the process by SIGBUS
            with path.open("r+b") as file:
                os.posix_fallocate(file.fileno(), 0, path.stat().st_size)
        return column

    def __getitem__(self, name: str) -> NDArray[Any]:
        column: NDArray[Any] = np.load(self.folder / f"{name}.npy", mmap_mode="r", allow_pickle=False)
        return column

    @contextmanager
    def create_table(self, name: str, schema: "pa.Schema", *, size: int = 0) -> "Iterator[pa.RecordBatchFileWriter]":
        """Write a new table batch by batch.

        Args:
            name: of the table.
            schema: its columns.
            size: its expected size in bytes; 0: unknown.
        """
        import pyarrow as pa

        self.check_space(size)
        with pa.OSFile(str(self.folder / f"{name}.arrow"), "wb") as file, pa.ipc.new_file(file, schema) as writer:
            yield writer

    def table(self, name: str) -> "pa.Table":
        """A memory-mapped table: only the parts that are used are read."""
        import pyarrow as pa

        return pa.ipc.open_file(pa.memory_map(str(self.folder / f"{name}.arrow"))).read_all()

    def write_text(self, name: str, text: str) -> None:
        """Write what is no column, e.g. a report."""
        (self.folder / f"{name}.json").write_text(text, "utf-8")

    def text(self, name: str) -> str:
        """What `write_text` wrote."""
        return (self.folder / f"{name}.json").read_text("utf-8")

    def find_damage(self, expected: "Mapping[str, Array | TableLayout]") -> str | None:
        """What is wrong with the files, judging by headers and sizes; None: nothing.

        Args:
            expected: all columns and tables by name. All columns have the same number of rows.
        """
        try:
            for name, what in expected.items():
                if isinstance(what, Array):
                    self._check_column(name, what)
                else:
                    self._check_table(name, what)
            n_rows = {len(self[name]) for name, what in expected.items() if isinstance(what, Array)}
        except _UNREADABLE as error:
            return str(error)
        return "its columns differ in length" if len(n_rows) > 1 else None

    def _check_column(self, name: str, expected: Array) -> None:
        column = self[name]
        known = tuple(n if m is None else m for n, m in zip_longest(column.shape, expected.shape, fillvalue=-1))
        if column.shape != known or column.dtype != expected.dtype:
            wanted = f"{np.dtype(expected.dtype)} {expected.shape}"
            raise ValueError(f"{name} is {column.dtype} {column.shape}, not {wanted}")
        header = column.offset if isinstance(column, np.memmap) else 0
        if (size := (self.folder / f"{name}.npy").stat().st_size) != header + column.nbytes:
            raise ValueError(f"{name} has {size} bytes, not {header + column.nbytes}")

    def _check_table(self, name: str, expected: TableLayout) -> None:
        table = self.table(name)
        table.validate(full=True)  # Arrow reads past the end of a file whose offsets are wrong
        if tuple(table.column_names) != expected.columns or expected.n not in (None, len(table)):
            raise ValueError(f"{name} has {len(table)} rows of {', '.join(table.column_names)}")

    def check_space(self, needed: int) -> None:
        """Refuse to begin what does not fit on the disk.

        Raises:
            DataError: it needs more bytes than are free.
        """
        # A memory-mapped file on a full disk kills the process when it is written to.
        free = shutil.disk_usage(self.folder).free
        if needed > free:
            more = f"{size(needed - free)} more than the {size(free)} that are free"
            raise DataError(
                f"The data set does not fit on the disk of {shorten(self._home, 100)}: it needs {more}; choose fewer "
                "rows or smaller images, free some space there, or choose another home."
            )


def unfinished(folder: Path) -> Path:
    """Where an entry that can be continued is filled."""
    return folder.with_name(f"{folder.name}.part")


@dataclass(frozen=True)
class CacheEntry:
    """Columns stored under a content key: filled by one process, then read from disk by all.

    Attributes:
        folder: of the columns.
        expected: the layout of every column and table, by name.
        fill: creates and fills the columns, and yields its progress.
        goes_on: whether ``fill`` continues what an interrupted call wrote, which is then kept.
        sources: paths of the user's files that the columns are copied from; none of generated data.
    """

    folder: Path
    expected: Mapping[str, Array | TableLayout]
    fill: Callable[[Columns], Iterator[Progress]]
    goes_on: bool = False
    sources: tuple[str, ...] = ()

    @classmethod
    def of(
        cls,
        home: Home,
        key: str,
        expected: Mapping[str, Array | TableLayout],
        fill: Callable[[Columns], Iterator[Progress]],
        *,
        goes_on: bool = False,
        sources: Iterable[str] = (),
    ) -> "CacheEntry":
        """The entry with this key in the cache of a home."""
        return cls(folder_of_entries(home) / key, expected, fill, goes_on, tuple(filter(None, sources)))

    def prepare(self) -> Iterator[Progress]:
        """Fill the entry if it is missing or damaged; other processes that need it wait.

        Closing the generator cancels. What was written is removed, or kept for the next call where ``fill`` goes on: an
        entry exists only if it is complete.
        """
        with making_once(self.folder, self._find_damage) as is_missing:
            if is_missing:
                with replacing(self.folder) as part:
                    place = unfinished(self.folder) if self.goes_on else part
                    place.mkdir(exist_ok=self.goes_on)
                    Columns(place).write_text(SOURCES, json.dumps(self.sources))
                    yield from self.fill(Columns(place, home=self.folder.parent))
                    write_checksums(place)
                    if self.goes_on:
                        place.rename(part)

    def open(self) -> Columns:
        """The columns, filled first if they are missing or damaged."""
        deque(self.prepare(), maxlen=0)
        return Columns(self.folder)

    def _find_damage(self, folder: Path) -> str | None:
        try:
            return Columns(folder).find_damage(self.expected) or find_change(folder)
        except _UNREADABLE as error:
            return str(error)
