"""Folders and zips of pictures without a table: the rows are the pictures, the columns come from their paths."""

import hashlib
import os
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

import numpy as np

from fairprog_core.common.errors import DataError, shorten
from fairprog_core.common.files.pictures.names import is_hidden, is_picture
from fairprog_core.common.files.pictures.place import Place
from fairprog_core.data.table.source import utkface
from fairprog_core.data.table.source.rows import Chunk, ColumnNames
from fairprog_core.data.table.source.split_files import SPLITS

if TYPE_CHECKING:
    import pyarrow as pa

FILE, SPLIT = "file", "split"
_ROWS = 4096  # per chunk
_LEVELS = 6  # of folders that become columns


class PictureFolder:
    """Pictures below a folder; the first in the order of their paths has the number 1.

    ``file`` is the path. Every level of folders at which paths differ is a column: ``split`` where it has usual
    spellings of splits, else ``folder_1``, ``folder_2`` and so on. File names of UTKFace's form add columns.
    """

    about = ""

    def __init__(self, place: Place) -> None:
        """List the pictures.

        Raises:
            DataError: there are none.
        """
        self.names = sorted(_listed(place))
        if not self.names:
            raise DataError(f"{shorten(place, 100)} holds neither a table nor a picture; give the folder of the data.")
        readable = [name for name in self.names if _is_text(name)]
        if len(readable) < len(self.names):
            self.about = f"{len(self.names) - len(readable):,} pictures are left out: their names are not UTF-8."
            self.names = readable
        folders = {name.rpartition("/")[0] for name in self.names}
        self._levels = _levels(folders)
        self.split = SPLIT if SPLIT in self._levels else ""
        self._is_utkface = utkface.are_utkface([name.rpartition("/")[2] for name in self.names[:: _step(self.names)]])
        more = utkface.COLUMNS if self._is_utkface else ()
        self.columns: ColumnNames = (FILE, *self._levels, *more)

    @property
    def stamp(self) -> str:
        """A digest of the names, which are all that the rows consist of."""
        return hashlib.sha256("\0".join(self.names).encode()).hexdigest()[:16]

    def chunks(self, columns: ColumnNames) -> Iterator[Chunk]:
        """All rows, some at a time."""
        for start in range(0, len(self.names), _ROWS):
            names = self.names[start : start + _ROWS]
            numbers = np.arange(start + 1, start + 1 + len(names))
            yield Chunk(numbers, self._cells(names, columns), [], (start + len(names)) / len(self.names))

    def _cells(self, names: list[str], columns: ColumnNames) -> "dict[str, pa.Array]":
        import pyarrow as pa

        cells = {}
        paths = [name.split("/") for name in names]
        values = [utkface.values(path[-1]) for path in paths] if self._is_utkface else []
        for column in columns:
            if column == FILE:
                texts = names
            elif (level := self._levels.get(column)) is not None:
                texts = [path[level] if level < len(path) - 1 else "" for path in paths]
            else:
                place = utkface.COLUMNS.index(column)
                texts = [row[place] for row in values]
            cells[column] = pa.array(texts, pa.large_string())
        return cells


def _levels(folders: set[str]) -> dict[str, int]:
    """By column the level of folders that it holds, of the levels at which the folders differ."""
    paths = [folder.split("/") for folder in folders]
    found: dict[str, int] = {}
    for level in range(min(_LEVELS, max(map(len, paths)))):
        values = {path[level] if level < len(path) else "" for path in paths}
        if len(values) < 2:
            continue
        if SPLIT not in found and {value.lower() for value in values} <= SPLITS.keys():
            found[SPLIT] = level
        else:
            found[f"folder_{len(found.keys() - {SPLIT}) + 1}"] = level
    return found


def _listed(place: Place) -> Iterator[str]:
    """The paths of all pictures, relative to the folder. Links to folders are not followed: they may lead anywhere."""
    if isinstance(place, zipfile.Path):
        start = len(place.at)
        inside = (name[start:] for name in place.root.namelist() if name.startswith(place.at))
        yield from (name for name in inside if is_picture(name) and not is_hidden(name))
        return
    folders = [""]
    while folders:
        folder = folders.pop()
        try:
            with os.scandir(Path(place) / folder) as entries:
                for entry in entries:
                    if entry.name.startswith(".") or entry.name == "__MACOSX":
                        continue
                    if entry.is_dir(follow_symlinks=False):
                        folders.append(f"{folder}{entry.name}/")
                    elif is_picture(entry.name):
                        yield f"{folder}{entry.name}"
        except OSError as error:
            raise DataError(f"{shorten(Path(place) / folder, 100)} cannot be read ({shorten(error, 80)}).") from error


def _is_text(name: str) -> bool:
    """Whether a name can be written as UTF-8."""
    try:
        return bool(name.encode())
    except UnicodeEncodeError:
        return False


def _step(names: list[str]) -> int:
    """How many names are passed over between two of about a thousand."""
    return max(1, len(names) // 1000)


def has_pictures(place: Place) -> bool:
    """Whether there is a picture at any level below a folder."""
    return next(_listed(place), None) is not None


def first_folder_with(place: Place, names: list[str]) -> Place:
    """The folder that relative names begin in: the one given, or one directly below it that holds one of them."""
    usable = [name for name in names if name and not PurePosixPath(name).is_absolute() and ".." not in name]
    if not usable or any(_exists(place / name) for name in usable):
        return place
    try:
        below = sorted((each for each in place.iterdir() if each.is_dir()), key=lambda each: each.name)
    except (OSError, ValueError):
        return place
    return next((each for each in below if any(_exists(each / name) for name in usable)), place)


def _exists(file: Place) -> bool:
    try:
        return file.exists()
    except (OSError, ValueError):
        return False
