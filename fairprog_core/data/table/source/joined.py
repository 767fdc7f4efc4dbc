"""A table whose rows get the columns of a second table, by the names of the pictures."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING

from fairprog_core.common.errors import DataError, shorten
from fairprog_core.common.files.pictures.names import is_picture
from fairprog_core.data.table.source.rows import Chunk, ColumnNames, TableSource

if TYPE_CHECKING:
    import pyarrow as pa

_KEYS = (
    "file", "filename", "file_name", "image", "image_id", "img", "img_filename", "picture", "photo", "path", "name",
    "id",
)  # fmt: skip
_FEW = 50  # first cells, by which a column of file names is known


class Joined:
    """The first table's rows; those without a row in the second one have empty cells.

    A row of the second one belongs to the picture of the same path; endings do not count. One of the two paths may have
    more folders in front: "7" and "photos/train/7.png" belong to "train/7.jpg", "test/7.jpg" does not.
    """

    def __init__(self, first: TableSource, second: TableSource, *, name: str) -> None:
        """Find the columns of the file names.

        Args:
            first: whose rows are kept.
            second: whose columns are added; one with a name that the first has too gets "_2" behind it.
            name: of the second one, for errors.

        Raises:
            DataError: a table has no column of file names.
        """
        self._first, self._second, self._name = first, second, name
        self._key, self._other = _key_column(first, "the first table"), _key_column(second, name)
        self._names: dict[str, str] = {}  # by column the column of the second table
        for column in second.columns:
            if column != self._other:
                self._names[f"{column}_2" if column in first.columns else column] = column
        self.columns: ColumnNames = (*first.columns, *self._names)
        self.about = first.about

    def chunks(self, columns: ColumnNames) -> Iterator[Chunk]:
        """All rows of the first table, some at a time."""
        import pyarrow as pa

        added = {name: self._names[name] for name in columns if name in self._names}
        own = tuple(name for name in columns if name not in added)
        index, values, notes = self._read(tuple(dict.fromkeys(added.values())))
        used: set[int | None] = set()
        n_alone = n_again = 0
        for chunk in self._first.chunks(tuple(dict.fromkeys((*own, self._key)))):
            rows = [_row(name, index) for name in chunk.cells[self._key].to_pylist()]
            n_alone += rows.count(None)
            for row in rows:
                n_again += row in used
                used |= {row} - {None}
            places = pa.array(rows, pa.int64())
            cells = {name: chunk.cells[name] for name in own}
            cells |= {name: values[column].take(places) for name, column in added.items()}
            notes_now = [f"{n_alone:,} pictures have no row in {self._name}."] if n_alone else []
            notes_now += [f"{n_again:,} pictures share a row of {self._name} with another one."] if n_again else []
            self.about = " ".join(filter(None, [self._first.about, *notes, *notes_now]))
            yield replace(chunk, cells=cells)

    def _read(self, columns: ColumnNames) -> "tuple[dict[str, int], dict[str, pa.Array], list[str]]":
        """By file name the row of the second table, its columns, and what was noticed."""
        import pyarrow as pa

        index: dict[str, int] = {}
        ends: dict[str, int] = {}  # by the end of a path, with a null byte before it
        parts: dict[str, list[pa.Array]] = {name: [] for name in columns}
        n = n_twice = 0
        for chunk in self._second.chunks(tuple(dict.fromkeys((self._other, *columns)))):
            for cell in chunk.cells[self._other].to_pylist():
                key = _plain(cell)
                n_twice += key in index
                index.setdefault(key, n)
                for end in _ends(key):
                    ends[f"\0{end}"] = -1 if f"\0{end}" in ends else n  # of two pictures: of none
                n += 1
            for name in columns:
                parts[name].append(chunk.cells[name])
        index |= {end: row for end, row in ends.items() if row >= 0}
        empty = pa.array([], pa.large_string())
        values = {name: pa.chunked_array(part or [empty]).combine_chunks() for name, part in parts.items()}
        notes = [f"{n_twice:,} rows of {self._name} name a picture again; its first row counts."] if n_twice else []
        return index, values, notes


def _row(name: str | None, index: Mapping[str, int]) -> int | None:
    """The row of a picture."""
    path = _plain(name)
    keys = (path, *_ends(path), f"\0{path}")
    return next((index[key] for key in keys if key in index), None)


def _plain(cell: str | None) -> str:
    """A path without its ending."""
    path = (cell or "").strip().replace("\\", "/").removeprefix("./")
    return path.rpartition(".")[0] if is_picture(path) else path


def _ends(path: str) -> Iterator[str]:
    """A path without its first folder, without its first two, and so on."""
    while "/" in path:
        path = path.partition("/")[2]
        yield path


def _key_column(source: TableSource, what: str) -> str:
    """The column of the file names: of paths of pictures, else one with a usual name.

    Raises:
        DataError: there is none.
    """
    columns = tuple(name for name in source.columns[:200] if source.columns.count(name) == 1)
    chunks = source.chunks(columns)
    start = list(islice(chunks, 1))
    chunks.close()  # type: ignore[attr-defined]
    for name in columns if start else ():
        cells = [cell for cell in start[0].cells[name].slice(0, _FEW).to_pylist() if cell]
        if cells and all(map(is_picture, cells)):
            return name
    for known in _KEYS:
        if found := next((name for name in columns if name.strip().lower() == known), None):
            return found
    raise DataError(
        f"{shorten(what, 100)} has no column of file names, by which also could be joined; it has "
        f"{shorten(', '.join(columns), 100)}."
    )
