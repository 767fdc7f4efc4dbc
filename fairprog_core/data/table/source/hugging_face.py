"""Folders of Hugging Face's ``save_to_disk``: Arrow files of one data set, or of one for each split."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from fairprog_core.common.errors import DataError, shorten
from fairprog_core.common.home import is_file
from fairprog_core.data.table.source.columnar import Columnar
from fairprog_core.data.table.source.packed import Packed
from fairprog_core.data.table.source.rows import Chunk, ColumnNames

STATE, SPLITS = "state.json", "dataset_dict.json"
_SPLIT = "split"  # name of the column that says which data set a row is from


def is_saved(folder: Path) -> bool:
    """Whether a folder was written by ``save_to_disk``."""
    return is_file(folder / STATE) or is_file(folder / SPLITS)


class SavedFolder:
    """A saved data set, or several of them by split; rows are numbered from 1 in each."""

    about = ""

    def __init__(self, folder: Path, scratch: Path) -> None:
        """Find the files.

        Raises:
            DataError: one is missing.
        """
        names = _read(folder / SPLITS, "splits") if is_file(folder / SPLITS) else [""]
        self._parts = {name: [Packed(file) for file in _files(folder / name)] for name in names}
        first = next((file for files in self._parts.values() for file in files), None)
        if first is None:
            raise DataError(f"{shorten(folder, 100)} names no file with rows; save the data set again.")
        self._scratch = scratch
        table = Columnar(first, scratch)
        own = table.columns
        self.split = _SPLIT if names != [""] and _SPLIT not in own else ""
        made = (self.split,) if self.split else ()
        self.columns: ColumnNames = (*own, *made)
        self.plain: ColumnNames = (*table.plain, *made)

    @property
    def files(self) -> list[Path]:
        """All files with rows."""
        return [file.place for files in self._parts.values() for file in files if isinstance(file.place, Path)]

    def chunks(self, columns: ColumnNames) -> Iterator[Chunk]:
        """All rows, some at a time."""
        import pyarrow as pa

        own = tuple(name for name in columns if name != self.split or not self.split)
        n, at = len(self.files), 0
        for split, files in self._parts.items():
            done = 0
            for file in files:
                n_rows = 0
                for chunk in Columnar(file, self._scratch).chunks(own):
                    cells = dict(chunk.cells)
                    if len(own) < len(columns):
                        cells[self.split] = pa.array([split] * len(chunk.numbers), pa.large_string())
                    share = (at + chunk.share) / n
                    yield replace(chunk, numbers=chunk.numbers + done, cells=cells, share=share)
                    n_rows = int(np.max(chunk.numbers, initial=n_rows))
                done, at = done + n_rows, at + 1


def _files(folder: Path) -> list[Path]:
    return [folder / Path(str(each["filename"])).name for each in _read(folder / STATE, "_data_files")]


def _read(file: Path, key: str) -> list:  # type: ignore[type-arg]
    """A list in one of the folder's JSON files."""
    try:
        found = json.loads(file.read_text("utf-8"))[key]
        return found if isinstance(found, list) else []
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise DataError(
            f"{shorten(file, 120)} cannot be read ({shorten(error, 60)}); save the data set again with save_to_disk."
        ) from error
