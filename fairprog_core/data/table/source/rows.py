"""Rows of a table as text, and the rows that cannot be read."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from fairprog_core.common.errors import DataError, shorten

if TYPE_CHECKING:
    import pyarrow as pa

ColumnNames = tuple[str, ...]


class BrokenRow(NamedTuple):
    """A row that is left out.

    Attributes:
        row: its number in the file, as an editor or a table program counts; 0 where it is unknown.
        reason: why it cannot be used.
    """

    row: int
    reason: str


@dataclass(frozen=True)
class Chunk:
    """Some rows of a table.

    Attributes:
        numbers: (n,) their numbers in the file.
        cells: by column n texts, or the bytes of pictures; null for a cell that is missing or cannot be read as text.
        broken: the rows that are left out, and those with a cell that cannot be read.
        share: of the file that is read with this chunk.
    """

    numbers: NDArray[np.int64]
    cells: "dict[str, pa.Array]"
    broken: list[BrokenRow] = field(default_factory=list)
    share: float = 1.0


class TableSource(Protocol):
    """A table in one format."""

    columns: ColumnNames
    about: str  # what was noticed while it was opened, e.g. an odd separator; empty: nothing

    def chunks(self, columns: ColumnNames) -> Iterator[Chunk]:
        """All rows, some at a time.

        Raises:
            DataError: the table is damaged.
        """


def is_plain(kind: "pa.DataType") -> bool:
    """Whether a column of this type holds numbers, truth values, texts, or whole picture files."""
    import pyarrow as pa

    is_binary = pa.types.is_binary(kind) or pa.types.is_large_binary(kind)
    return not (pa.types.is_nested(kind) or is_binary) or _has_pictures(kind)


def _has_pictures(kind: "pa.DataType") -> bool:
    """Whether a type is that of the pictures of Hugging Face's ``datasets``: the bytes of a file, and its path."""
    import pyarrow as pa

    return pa.types.is_struct(kind) and {each.name for each in kind} == {"bytes", "path"}


def as_text(values: "pa.Array", column: str, file: object) -> "pa.Array":
    """A column of numbers, truth values or texts as text; pictures as the bytes of their files.

    Raises:
        DataError: the column holds anything else, e.g. lists.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    kind = values.type
    if _has_pictures(kind):
        return pc.struct_field(values, "bytes").cast(pa.large_binary())
    if pa.types.is_dictionary(kind):
        values = values.dictionary_decode()
        kind = values.type
    if not is_plain(kind):
        raise DataError(
            f"{shorten(file, 100)}: the column {shorten(column, 40)} holds {shorten(kind, 60)}, no text or numbers; "
            "choose another column, or turn it into text."
        )
    return values.cast(pa.large_string())
