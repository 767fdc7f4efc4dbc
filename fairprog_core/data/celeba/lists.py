"""Reads CelebA's two lists, as .txt (official) or .csv (Kaggle)."""

import csv
import difflib
import io
import re
from collections.abc import Iterator, Sequence

from fairprog_core.common.errors import DataError, shorten
from fairprog_core.common.files.pictures.place import UNREADABLE, Place

_IMAGE_NAME = re.compile(r"\w[\w.-]*")  # a file name, never a path out of the folder
_PARTS = {"0": 0, "1": 1, "2": 2}
_NO = ("-1", "0")  # where an attribute is absent


def read_attributes(file: Place, names: Sequence[str]) -> dict[str, tuple[bool, ...]]:
    """The values of the named attributes, in their order, by image name.

    The first line of the official list is the number of images, which some people delete; then follow the names of the
    attributes. Kaggle's list begins with them. Values are -1 and 1, or 0 and 1 throughout.

    Raises:
        DataError: an attribute is unknown, or the list is broken; the message names the line.
    """
    lines = _lines(file)
    count, header = _head(lines, file)
    columns: list[int] = []
    values: dict[str, tuple[bool, ...]] = {}
    other = ""  # what the list has for no: -1 or 0
    for number, (image, *cells) in lines:
        if not columns:
            header = header[1:] if len(header) == len(cells) + 1 else header  # the column of names has a name too
            columns = [_column(name, header, file) for name in names]
        if len(cells) != len(header):
            raise DataError(f"{file}, line {number}: found {len(cells)} values for {len(header)} attributes.")
        chosen = [cells[column] for column in columns]
        other = other or next((cell for cell in chosen if cell in _NO), "")
        if not set(chosen) <= {other or "-1", "1"}:
            raise DataError(
                f"{file}, line {number}: found {', '.join(chosen)[:80]}; a value must be -1 or 1, or throughout 0 or 1."
            )
        values[image] = tuple(cell == "1" for cell in chosen)
    if count is not None and count != len(values):
        raise DataError(f"{file}: line 1 says '{count}' images, but {len(values)} follow; download the list again.")
    return values


def _head(lines: Iterator[tuple[int, list[str]]], file: Place) -> tuple[int | None, list[str]]:
    """The number of images, None where it is not given, and the header.

    Raises:
        DataError: the list begins with neither.
    """
    number, first = next(lines, (1, [""]))
    count = int(first[0]) if len(first) == 1 and first[0].isdecimal() else None
    if count is not None:
        number, first = next(lines, (number + 1, [""]))
    if first[1:] and set(first[1:]) <= {"-1", "0", "1"}:
        raise DataError(
            f"{file}, line {number}: found {' '.join(first)[:60]!r}; the names of the attributes must come before the "
            "rows, as in the official list; download the list again."
        )
    return count, first


def read_partition(file: Place) -> dict[int, list[str]]:
    """Image names for training (0), validation (1) and test (2), in the list's order.

    Raises:
        DataError: the list is broken; the message names the line.
    """
    parts: dict[int, list[str]] = {0: [], 1: [], 2: []}
    for number, cells in _lines(file):
        if number == 1 and file.suffix == ".csv" and not set(cells) & set(_PARTS):
            continue  # the header, which Kaggle's list has
        if len(cells) != 2 or cells[1] not in _PARTS or not _IMAGE_NAME.fullmatch(cells[0]):
            found = " ".join(cells)[:80]
            raise DataError(
                f"{file}, line {number}: found {found!r}; a line holds an image's file name and"
                " 0 (training), 1 (validation) or 2 (test)."
            )
        parts[_PARTS[cells[1]]].append(cells[0])
    return parts


def _lines(file: Place) -> Iterator[tuple[int, list[str]]]:
    """Line number and cells of every line that is not empty."""
    try:
        with file.open("rb") as raw, io.TextIOWrapper(raw, encoding="utf-8-sig", newline="") as text:
            rows = csv.reader(text) if file.suffix == ".csv" else (line.split() for line in text)
            yield from ((number, cells) for number, cells in enumerate(rows, 1) if cells)
    except (*UNREADABLE, csv.Error) as error:
        raise DataError(f"{file} cannot be read as a list ({shorten(error)}); download it again.") from error


def _column(name: str, header: Sequence[str], file: Place) -> int:
    if name in header:
        return header.index(name)
    known = {attribute.lower(): attribute for attribute in header}
    near = [known[match] for match in difflib.get_close_matches(name.lower(), known, n=4, cutoff=0.5)]
    hint = f"did you mean {' or '.join(near)}?" if near else f"it has {', '.join(header)[:800]}."
    raise DataError(f"{file} has no attribute {name!r}; {hint}")
