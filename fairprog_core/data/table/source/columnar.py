"""Tables in Parquet and Arrow files, and in the folders that Hugging Face's ``datasets`` saves."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import numpy as np

from fairprog_core.common.errors import DataError, shorten
from fairprog_core.common.files.pictures.place import UNREADABLE
from fairprog_core.data.table.source.packed import Packed
from fairprog_core.data.table.source.rows import Chunk, ColumnNames, as_text, is_plain

if TYPE_CHECKING:
    import pyarrow as pa

_ROWS = 4096  # per chunk


class Columnar:
    """A Parquet or Arrow file; the first row has the number 1."""

    about = ""

    def __init__(self, file: Packed, scratch: Path) -> None:
        """Read the names of the columns.

        Raises:
            DataError: the file is damaged.
        """
        self._file, self._scratch = file, scratch
        with self._reading():
            schema = _open(self._whole).schema
            self.columns: ColumnNames = tuple(schema.names)
            self.plain: ColumnNames = tuple(each.name for each in schema if is_plain(each.type))

    def chunks(self, columns: ColumnNames) -> Iterator[Chunk]:
        """All rows, some at a time."""
        done = 0
        with self._reading():
            n, batches = _batches(self._whole, columns)
            for batch in batches:
                batch.validate(full=True)  # Arrow reads past the end of a file whose offsets are wrong
                cells = {name: as_text(batch[name], name, self._file.name) for name in columns}
                numbers = np.arange(done + 1, done + 1 + len(batch))
                done += len(batch)
                yield Chunk(numbers, cells, [], done / n if n else 0.5)

    @contextmanager
    def _reading(self) -> Iterator[None]:
        import pyarrow as pa

        try:
            with self._file.open_anywhere(self._scratch) as whole:
                self._whole = whole
                yield
        except (*UNREADABLE, pa.ArrowException) as error:
            raise DataError(f"{self._file.name} is damaged ({shorten(error, 100)}); copy it again.") from error


def _open(whole: IO[bytes]) -> Any:
    """The reader of a file, by its first bytes."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    whole.seek(0)
    start = whole.read(6)
    whole.seek(0)
    if start.startswith(b"PAR1"):
        return _Parquet(pq.ParquetFile(whole))
    return pa.ipc.open_file(whole) if start == b"ARROW1" else pa.ipc.open_stream(whole)


class _Parquet:
    """A Parquet file with the names that the readers of Arrow files have."""

    def __init__(self, file: Any) -> None:
        self.file, self.schema = file, file.schema_arrow


def _batches(whole: IO[bytes], columns: ColumnNames) -> "tuple[int, Iterator[pa.RecordBatch]]":
    """The number of rows, 0 where it is unknown, and the rows."""
    reader = _open(whole)
    if isinstance(reader, _Parquet):
        return reader.file.metadata.num_rows, reader.file.iter_batches(_ROWS, columns=list(columns))
    if hasattr(reader, "num_record_batches"):
        n = reader.num_record_batches
        return 0, _small((reader.get_batch(i) for i in range(n)), columns)
    return 0, _small(iter(reader), columns)


def _small(batches: "Iterator[pa.RecordBatch]", columns: ColumnNames) -> "Iterator[pa.RecordBatch]":
    for batch in batches:
        part = batch.select(list(columns))
        yield from (part.slice(start, _ROWS) for start in range(0, len(part), _ROWS))
