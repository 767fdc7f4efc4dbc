"""The attributes of Labeled Faces in the Wild: ``lfw_attributes.txt``, scores separated by tabs.

The first line is a comment; the second begins with ``#`` and names the columns: person, imagenum and 73 attributes.
"""

import csv
import io
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np

from fairprog_core.common.errors import DataError, shorten
from fairprog_core.common.files.pictures.place import UNREADABLE
from fairprog_core.data.table.source.packed import Packed
from fairprog_core.data.table.source.rows import BrokenRow, Chunk, ColumnNames

if TYPE_CHECKING:
    pass

HEADER = b"#\tperson\timagenum\t"
_ROWS = 4096  # per chunk
_FIRST_ROW = 3
_RACES = ("Asian", "White", "Black", "Indian")
LfwScores = Mapping[str, str]


class LfwAttributes:
    """The scores, with three columns more: ``file`` from person and imagenum, ``gender`` and ``race`` from scores."""

    about = ""

    def __init__(self, file: Packed) -> None:
        """Read the names of the columns.

        Raises:
            DataError: there are none.
        """
        self._file = file
        with self._lines() as lines:
            next(lines, "")
            self._names = next(lines, "").strip("\r\n").split("\t")[1:]
        self._derived: dict[str, Callable[[LfwScores], str]] = {"file": _picture}
        if "Male" in self._names:
            self._derived["gender"] = _gender
        if set(_RACES) <= set(self._names):
            self._derived["race"] = _race
        self.columns: ColumnNames = (*self._derived, *(name for name in self._names if name not in self._derived))

    def chunks(self, columns: ColumnNames) -> Iterator[Chunk]:
        """All rows, some at a time; the first below the two lines of the header has the number 3."""
        import pyarrow as pa

        first = _FIRST_ROW
        with self._lines() as lines:
            rows = islice(csv.reader(lines, delimiter="\t", quoting=csv.QUOTE_NONE), 2, None)
            while part := list(islice(rows, _ROWS)):
                numbers, texts = [], []
                broken = []
                for number, row in enumerate(part, first):
                    if len(row) != len(self._names):
                        broken.append(BrokenRow(number, f"has {len(row)} cells for {len(self._names)} columns"))
                        continue
                    scores = dict(zip(self._names, row, strict=True))
                    try:
                        texts.append([self._cell(scores, name) for name in columns])
                        numbers.append(number)
                    except ValueError:
                        broken.append(BrokenRow(number, "holds a score or an imagenum that is no number"))
                first += len(part)
                cells = {name: pa.array([row[i] for row in texts], pa.large_string()) for i, name in enumerate(columns)}
                yield Chunk(np.array(numbers, np.int64), cells, broken, self._file.share())

    def _cell(self, scores: LfwScores, name: str) -> str:
        derive = self._derived.get(name)
        return derive(scores) if derive else scores[name]

    @contextmanager
    def _lines(self) -> Iterator[io.TextIOWrapper]:
        try:
            with self._file.open() as raw, io.TextIOWrapper(raw, "utf-8", errors="replace", newline="") as lines:
                yield lines
        except (*UNREADABLE, csv.Error) as error:
            raise DataError(f"{self._file.name} cannot be read as a table ({shorten(error, 120)}).") from error


def _picture(scores: LfwScores) -> str:
    name = scores["person"].strip().replace(" ", "_")
    return f"{name}/{name}_{int(float(scores['imagenum'])):04d}.jpg"


def _gender(scores: LfwScores) -> str:
    return "male" if float(scores["Male"]) > 0 else "female"


def _race(scores: LfwScores) -> str:
    return max(_RACES, key=lambda name: float(scores[name]))
