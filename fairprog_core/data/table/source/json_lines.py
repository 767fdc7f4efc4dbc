"""Tables of one JSON object a line."""

import json
from collections.abc import Iterator
from itertools import islice
from typing import Any

import numpy as np

from fairprog_core.common.errors import DataError, shorten
from fairprog_core.common.files.pictures.place import UNREADABLE
from fairprog_core.data.table.source.packed import Packed
from fairprog_core.data.table.source.rows import BrokenRow, Chunk, ColumnNames

_ROWS = 4096  # per chunk
_FIRST = 1000  # lines whose keys are the columns
_LONGEST = 16 << 20  # bytes of a line


class JsonLines:
    """A table of JSON objects; a key that an object lacks is an empty cell."""

    about = ""

    def __init__(self, file: Packed) -> None:
        """Read the keys of the first lines."""
        self._file = file
        names: dict[str, None] = {}
        for _, row in islice(self._rows(), _FIRST):
            if isinstance(row, dict):
                names |= dict.fromkeys(row)
        if not names:
            raise DataError(f'{file.name}: no line holds a JSON object, such as {{"text": "…", "label": 1}}.')
        self.columns: ColumnNames = tuple(names)

    def chunks(self, columns: ColumnNames) -> Iterator[Chunk]:
        """All rows, some at a time; a row's number is that of its line."""
        import pyarrow as pa

        lines = self._rows()
        while part := list(islice(lines, _ROWS)):
            broken = [BrokenRow(number, row) for number, row in part if isinstance(row, str)]
            good = [(number, row) for number, row in part if isinstance(row, dict)]
            cells: dict[str, list[str | None]] = {name: [] for name in columns}
            for number, row in good:
                for name in columns:
                    text = _cell(row.get(name))
                    if text is ...:
                        broken.append(BrokenRow(number, f"{shorten(name, 40)} holds a list or an object"))
                    cells[name].append(None if text is ... else text)
            arrays = {name: pa.array(texts, pa.large_string()) for name, texts in cells.items()}
            yield Chunk(np.array([number for number, _ in good], np.int64), arrays, broken, self._file.share())

    def _rows(self) -> Iterator[tuple[int, dict[str, Any] | str]]:
        """The number of each line that is not empty, and its object or what is wrong with it."""
        try:
            with self._file.open() as lines:
                number = 0
                while line := lines.readline(_LONGEST):
                    number += 1
                    if line.strip():
                        yield number, _object(line.removeprefix(b"\xef\xbb\xbf") if number == 1 else line)
        except UNREADABLE as error:
            raise DataError(f"{self._file.name} cannot be read ({shorten(error, 80)}); copy it again.") from error


def _object(line: bytes) -> dict[str, Any] | str:
    try:
        row = json.loads(line)
    except UnicodeDecodeError:
        return "is not UTF-8"
    except (ValueError, RecursionError):
        return "is no JSON"
    return row if isinstance(row, dict) else "is no JSON object"


def _cell(value: Any) -> Any:
    """A JSON value as text; None for null, an ellipsis for what is no cell."""
    if value is None or isinstance(value, str):
        return value if value is None else value.encode("utf-8", "replace").decode()
    if isinstance(value, bool):
        return str(value).lower()
    return ... if isinstance(value, list | dict) else str(value)
