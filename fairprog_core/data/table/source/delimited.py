"""Tables of cells between separators: CSV, TSV and their relatives."""

import codecs
import csv
from collections.abc import Iterator
from io import BufferedReader
from typing import TYPE_CHECKING

import numpy as np

from fairprog_core.common.errors import DataError, shorten
from fairprog_core.common.files.pictures.place import UNREADABLE
from fairprog_core.data.table.source.packed import Packed
from fairprog_core.data.table.source.rows import BrokenRow, Chunk, ColumnNames
from fairprog_core.data.table.source.utf8 import WRONG, Utf8

if TYPE_CHECKING:
    import pyarrow as pa

SEPARATORS = {",": "commas", "\t": "tabs", ";": "semicolons", "|": "vertical bars"}
_BLOCK = 4 << 20  # bytes per read; no row may be longer
_START = 1 << 20  # bytes in which the header must end
_MARKS = {codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}


class Delimited:
    """A table whose first row names the columns."""

    def __init__(self, file: Packed) -> None:
        """Read the header.

        Raises:
            DataError: there is none.
        """
        self._file = file
        start = file.start(_START)
        self._encoding = next((name for mark, name in _MARKS.items() if start.startswith(mark)), "utf-8")
        lines = _lines(start, self._encoding)
        self.separator = _separator(lines)
        try:
            self.columns: ColumnNames = tuple(next(csv.reader(lines, delimiter=self.separator), []))
        except csv.Error as error:
            raise DataError(f"{file.name} has no row of column names ({shorten(error, 60)}).") from error
        if any("\ufffd" in name for name in self.columns):
            raise DataError(f"{file.name}: the names of its columns are not UTF-8; save the file as UTF-8.")
        self.about = "" if self.separator in ",\t" else f"Its cells are separated by {SEPARATORS[self.separator]}."

    def chunks(self, columns: ColumnNames) -> Iterator[Chunk]:
        """All rows, some at a time; the header is row 1."""
        import pyarrow as pa
        import pyarrow.csv as pc

        ragged: list[BrokenRow] = []
        skipped = 0

        def skip(row: pc.InvalidRow) -> str:
            ragged.append(
                BrokenRow(row.number or 0, f"has {row.actual_columns} cells for {row.expected_columns} columns")
            )
            return "skip"

        done = 1  # the header
        try:
            with self._file.open() as raw, BufferedReader(Utf8(raw, self._encoding), _BLOCK) as text:
                reader = pc.open_csv(
                    text,
                    pc.ReadOptions(use_threads=False, block_size=_BLOCK),
                    pc.ParseOptions(delimiter=self.separator, newlines_in_values=True, invalid_row_handler=skip),
                    pc.ConvertOptions(include_columns=columns, column_types=dict.fromkeys(columns, pa.string())),
                )
                for blocks, batch in enumerate(reader, 1):
                    numbers = np.arange(done + 1, done + 1 + len(batch))
                    broken, skipped = ragged[skipped:], len(ragged)
                    for each in broken:  # a row that was left out moves those behind it
                        numbers[numbers >= each.row] += each.row > 0
                    done += len(batch) + len(broken)
                    cells = {}
                    for name in columns:
                        cells[name], wrong = _texts(batch[name])
                        reason = f"{shorten(name, 40)} is not UTF-8; save the file as UTF-8"
                        broken += [BrokenRow(int(numbers[i]), reason) for i in wrong]
                    yield Chunk(numbers, cells, broken, self._file.share(blocks * _BLOCK))
        except pa.ArrowInvalid as error:
            if "Empty CSV" in str(error):
                return
            raise DataError(f"{self._file.name} cannot be read as a table ({shorten(error, 120)}).") from error
        except (*UNREADABLE, csv.Error, pa.ArrowException) as error:
            raise DataError(f"{self._file.name} cannot be read as a table ({shorten(error, 120)}).") from error
        if len(ragged) > skipped:
            yield Chunk(np.empty(0, np.int64), {name: pa.array([], pa.large_string()) for name in columns},
                        ragged[skipped:])  # fmt: skip


def has_cells(file: Packed) -> bool:
    """Whether the first rows have two or more cells, and most of them as many as the header."""
    lines = _lines(file.start(_START), "utf-8")
    return len(lines) > 1 and max(_fit(lines, each) for each in SEPARATORS)[0] == 1


def _lines(start: bytes, encoding: str) -> list[str]:
    """The first rows; the last one is left out where it may be cut."""
    text = start.decode("utf-8-sig" if encoding == "utf-8" else encoding, errors="replace")
    lines = text.splitlines(keepends=True)[:40]
    return lines[:-1] if len(lines) > 1 and len(start) == _START else lines


def _separator(lines: list[str]) -> str:
    """What separates the cells: what makes the most columns that the rows below the header have too."""
    return max(SEPARATORS, key=lambda each: _fit(lines, each))


def _fit(lines: list[str], separator: str) -> tuple[float, int]:
    """Share of the rows with as many cells as the header, 0 for a header of one; and the number of cells."""
    try:
        rows = [row for row in csv.reader(lines, delimiter=separator) if row][:20]
    except csv.Error:
        return 0.0, 0
    n = len(rows[0]) if rows else 0
    if n < 2:
        return 0.0, n
    alike = sum(len(row) == n for row in rows) / len(rows)
    return (1.0 if alike > 0.6 else alike), n


def _texts(cells: "pa.Array") -> "tuple[pa.Array, list[int]]":
    """The cells, those that were no UTF-8 as null; and the places of these."""
    import pyarrow as pa
    import pyarrow.compute as pc

    wrong = pc.match_substring(cells, WRONG)
    if not pc.any(wrong).as_py():
        return cells.cast(pa.large_string()), []
    return pc.if_else(wrong, None, cells).cast(pa.large_string()), pc.indices_nonzero(wrong).to_pylist()
