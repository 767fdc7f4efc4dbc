"""The pictures that a table names: where they lie, what they hold, and which names are refused."""

import io
from collections.abc import Sequence
from functools import cached_property, partial
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from fairprog_core.common.errors import DataError, shorten
from fairprog_core.common.files.pictures.decode import decode
from fairprog_core.common.files.pictures.place import Place, open_zip
from fairprog_core.common.files.pictures.stamp import contents
from fairprog_core.common.home import Home, is_file, is_folder, user_path

if TYPE_CHECKING:
    import pyarrow as pa


class PictureFiles:
    """The pictures below a folder or in a zip."""

    def __init__(self, root: str, beside: Place, home: Home | None = None) -> None:
        """Find the folder.

        Args:
            root: as the user wrote it; empty: ``beside``.
            beside: the folder of the table.
            home: that remembers what the pictures hold; None: `contents` is not asked for.
        """
        self._root, self._beside, self._home = root, beside, home

    @cached_property
    def place(self) -> Place:
        """The folder that the names begin in.

        Raises:
            DataError: it does not exist.
        """
        if not self._root.strip():
            return self._beside
        path = user_path(self._root)
        if is_folder(path):
            return path
        if is_file(path):
            return open_zip(path)
        raise DataError(f"root: {shorten(path, 120)} does not exist; give the folder or the zip of the pictures.")

    def contents(self, names: Sequence[str]) -> NDArray[np.uint64]:
        """(n,) a number for what each picture holds, 0 where there is none."""
        assert self._home is not None
        return contents(self.place, names, self._home)

    def read(self, name: str, size: int) -> NDArray[np.uint8]:
        """The pixels of a picture, (size, size, 3).

        Raises:
            DataError: it is missing or broken, or lies elsewhere.
        """
        if reason := outside(name):
            raise DataError(f"{shorten(name, 100)} {reason}.")
        file = self.place / name
        if isinstance(file, Path) and not self._is_inside(file):
            raise DataError(f"{shorten(name, 100)} leads out of the folder of the pictures.")
        return decode(file, size, name=name, is_scaled_early=True)

    def _is_inside(self, file: Path) -> bool:
        """Whether a file lies in the folder when links are followed."""
        try:
            return file.resolve().is_relative_to(self._resolved)
        except (OSError, RuntimeError):  # a loop of links
            return True  # opening it says what is wrong

    @cached_property
    def _resolved(self) -> Path:
        return Path(self.place).resolve() if isinstance(self.place, Path) else Path()


class PictureCells:
    """Pictures whose files are the cells of a column."""

    def __init__(self, column: "pa.ChunkedArray", numbers: NDArray[np.int64]) -> None:
        """Keep what is read from.

        Args:
            column: of the n files.
            numbers: (n,) of the rows, for errors.
        """
        self._column, self._numbers = column, numbers

    def read(self, name: str, size: int) -> NDArray[np.uint8]:
        """The pixels of a picture, (size, size, 3); its name is its place in the column.

        Raises:
            DataError: it is broken.
        """
        row = self._numbers[int(name)]
        return decode_cell(self._column[int(name)].as_py(), size, name=f"the picture of row {row}")


class _InMemory:
    """A file that is in memory, opened as one on disk is."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def open(self, mode: Literal["rb"]) -> io.BytesIO:
        return io.BytesIO(self._content)


def decode_cell(content: bytes, size: int, *, name: str) -> NDArray[np.uint8]:
    """The pixels of a picture whose file is a cell, (size, size, 3).

    Raises:
        DataError: it is broken.
    """
    return decode(_InMemory(content), size, name=name, is_scaled_early=True)


def outside(name: str) -> str:
    """Why a name cannot be that of a picture in the folder; empty: it can."""
    path = PurePosixPath(name.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts or (len(name) > 1 and name[1] == ":"):
        return "leads out of the folder of the pictures"
    return "is no file name" if "\0" in name else ""


def reader(pictures: PictureFiles | PictureCells, size: int) -> "partial[NDArray[np.uint8]]":
    """``read`` for one size."""
    return partial(pictures.read, size=size)
