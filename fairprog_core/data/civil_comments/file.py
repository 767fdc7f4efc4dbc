"""The file of Civil Comments that WILDS distributes, read as a stream.

The file is comma-separated, and a comment may contain line breaks: errors count rows, not lines.
Eleven of about fifty columns are read. Scores are shares of annotators, 0 to 1; an identity without
a score (no annotator rated it) counts as not mentioned. LGBTQ and other_religions are WILDS's unions
of finer identities, already 0 or 1.
"""

import csv
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, NoReturn

import numpy as np
from numpy.typing import NDArray

from fairprog_core.common.errors import DataError, shorten
from fairprog_core.common.home import is_file, is_folder, user_path
from fairprog_core.data.base import Progress
from fairprog_core.data.cache import Columns
from fairprog_core.data.identity_words import IDENTITY_WORDS

if TYPE_CHECKING:
    import pyarrow as pa

PARTS = ("train", "val", "test")
_FILE = "all_data_with_identities.csv"
SCORES = ("toxicity", *IDENTITY_WORDS)
_COLUMNS = ("comment_text", "split", *SCORES)
_NOT_RATED = ("", "nan", "NaN", "NA")  # an identity that no annotator rated
_OTHER_SEPARATORS = {";": "semicolons", "\t": "tabs", "|": "vertical bars"}
_BLOCK = 8 << 20  # bytes per read; no comment may be longer
_HOW = (
    f"Download civilcomments v1.0 of WILDS (https://wilds.stanford.edu/get_started/), unpack {_FILE}, and give its"
    " folder as root."
)
_MOST = 70  # characters of a path in an error


def find(root: str) -> Path:
    """The file: the root itself, a file in the root, or one in a direct subfolder, as WILDS unpacks it.

    Raises:
        DataError: there is no such file.
    """
    if not root.strip():
        raise DataError(f"Civil Comments: no folder is given. {_HOW}")
    path = user_path(root)
    if is_file(path):
        return path
    if not is_folder(path):
        raise DataError(f"Civil Comments: {shorten(path, _MOST)} does not exist. {_HOW}")
    if found := next((file for file in (path / _FILE, *sorted(path.glob(f"*/{_FILE}"))) if is_file(file)), None):
        return found
    raise DataError(f"Civil Comments: {_FILE} is not in {shorten(path, _MOST)}. {_HOW}")


def read(file: Path, out: Columns) -> Iterator[Progress]:
    """Fill one table for each official split: columns ``text``, ``toxicity`` and the eight identities.

    Texts are unchanged except that null bytes are removed, because most tools do not accept them.

    Args:
        file: as returned by ``find``.
        out: the folder for the tables.

    Yields:
        After every block the rows done and the estimated total number of rows.

    Raises:
        DataError: a column is missing, a value is not allowed (the message names the row), or the file is not a
            readable table.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    schema = pa.schema({"text": pa.string(), **dict.fromkeys(SCORES, pa.float64())})
    size, done = file.stat().st_size, 0
    with (
        out.create_table("train", schema, size=size) as train,
        out.create_table("val", schema) as val,
        out.create_table("test", schema) as test,
    ):
        for blocks, batch in enumerate(_batches(file), 1):
            where = _Where(file, done)
            part = _parts(batch, where)
            rows = pa.record_batch(
                [_texts(batch, where), *(_score(batch, name, where) for name in SCORES)], schema=schema
            )
            for name, table in zip(PARTS, (train, val, test)):
                table.write_batch(rows.filter(pc.equal(part, name)))
            done += len(batch)
            yield done, max(done, round(done * size / min(blocks * _BLOCK, size)))


class CommentRow(NamedTuple):
    """One comment, with its toxicity and identities as shares of annotators."""

    text: str
    scores: dict[str, float]


def head(file: Path, n: int) -> list[CommentRow]:
    """The first n rows; the rest of the file is not read.

    Raises:
        DataError: a column is missing, a score is not a number, or the file is not a readable table.
    """
    try:
        _check_header(file)
        with file.open(encoding="utf-8-sig", errors="replace", newline="") as lines:
            rows = list(islice(csv.DictReader(lines), n))
            return [CommentRow(row["comment_text"].replace("\0", ""), _scores(row)) for row in rows]
    except (OSError, csv.Error, ValueError, TypeError, AttributeError) as error:
        raise DataError(
            f"{shorten(file)} cannot be read as a table ({shorten(error, 80)}); download it again."
        ) from error


def _scores(row: dict[str, str]) -> dict[str, float]:
    return {name: float("0" if row[name] in _NOT_RATED else row[name]) for name in SCORES}


class _Where(NamedTuple):
    """The origin of a batch of rows: the file and the number of rows before the batch."""

    file: Path
    done: int

    def refuse(self, i: int, what: str) -> NoReturn:
        """Raise an error about row i of the batch."""
        raise DataError(f"{shorten(self.file)}, row {self.done + i + 2} (the header is row 1): {what}.")


def _batches(file: Path) -> "Iterator[pa.RecordBatch]":
    """The rows of the file, one batch per block; texts as bytes, other columns as strings."""
    import pyarrow as pa
    import pyarrow.csv as pc

    types = {**dict.fromkeys(_COLUMNS, pa.string()), "comment_text": pa.binary()}
    try:
        _check_header(file)
        with file.open("rb") as raw:
            reader = pc.open_csv(
                raw,
                pc.ReadOptions(use_threads=False, block_size=_BLOCK),
                pc.ParseOptions(newlines_in_values=True),
                pc.ConvertOptions(include_columns=_COLUMNS, column_types=types),
            )
            yield from reader
    except (OSError, csv.Error, pa.ArrowException) as error:
        raise DataError(
            f"{shorten(file)} cannot be read as a table ({shorten(error, 80)}); download it again."
        ) from error


def _check_header(file: Path) -> None:
    with file.open("rb") as raw:
        line = raw.readline(1 << 20).decode("utf-8-sig", errors="replace")
    header = next(csv.reader([line]), [])
    for separator, name in _OTHER_SEPARATORS.items():
        if set(_COLUMNS) <= {*next(csv.reader([line], delimiter=separator), [])}:
            raise DataError(f"{shorten(file, _MOST)} is separated by {name}; save it separated by commas.")
    if missing := [name for name in _COLUMNS if name not in header]:
        more = f" and {len(missing) - 3} more" if len(missing) > 3 else ""
        raise DataError(f"{shorten(file, _MOST)} has no column {', '.join(missing[:3])}{more}. {_HOW}")


def _parts(batch: "pa.RecordBatch", where: _Where) -> "pa.Array":
    import pyarrow as pa
    import pyarrow.compute as pc

    part = batch["split"]
    if (i := pc.index(pc.is_in(part, pa.array(PARTS)), False).as_py()) >= 0:
        where.refuse(i, f"split is {part[i].as_py()[:40]!r}; it must be train, val or test")
    return part


def _texts(batch: "pa.RecordBatch", where: _Where) -> "pa.Array":
    import pyarrow as pa
    import pyarrow.compute as pc

    raw = batch["comment_text"]
    try:
        return pc.replace_substring(raw.cast(pa.string()), "\0", "")
    except pa.ArrowInvalid:
        where.refuse(_first_that_fails(raw, pa.string()), "comment_text is not UTF-8; save the file as UTF-8")


def _score(batch: "pa.RecordBatch", name: str, where: _Where) -> NDArray[np.float64]:
    """Toxicity or an identity, (n,) in 0..1."""
    import pyarrow as pa
    import pyarrow.compute as pc

    text, allowed = batch[name], "it must be a number from 0 to 1"
    if name != "toxicity":
        text, allowed = pc.if_else(pc.is_in(text, pa.array(_NOT_RATED)), "0", text), f"{allowed}, or empty"
    try:
        score: NDArray[np.float64] = text.cast(pa.float64()).to_numpy()
        wrong = np.flatnonzero(~((score >= 0) & (score <= 1)))[:1]
    except pa.ArrowInvalid:
        score, wrong = np.empty(0), np.array([_first_that_fails(text, pa.float64())])
    for i in wrong:
        where.refuse(int(i), f"{name} is {text[i].as_py()[:40]!r}; {allowed}")
    return score


def _first_that_fails(values: "pa.Array", kind: "pa.DataType") -> int:
    """Index of the first value that cannot be cast, after casting all of them failed."""
    import pyarrow as pa

    for i, value in enumerate(values):
        try:
            value.cast(kind)
        except pa.ArrowInvalid:
            return i
    return 0
