"""Opens the table that a path names, whatever its format."""

import zipfile
from pathlib import Path
from typing import NamedTuple

from fairprog_core.common.errors import DataError, shorten
from fairprog_core.common.files.pictures.place import Place, open_zip
from fairprog_core.common.home import is_file, is_folder, user_path
from fairprog_core.data.table.source.columnar import Columnar
from fairprog_core.data.table.source.delimited import Delimited
from fairprog_core.data.table.source.hugging_face import SavedFolder, is_saved
from fairprog_core.data.table.source.json_lines import JsonLines
from fairprog_core.data.table.source.packed import Packed
from fairprog_core.data.table.source.rows import TableSource

ENDINGS = (".csv", ".tsv", ".txt", ".jsonl", ".ndjson", ".json", ".parquet", ".arrow")
_FORMATS = "a CSV, TSV, JSONL or Parquet file (also .gz or in a .zip), or a folder of datasets' save_to_disk"
_MOST = 100  # characters of a path in an error


class FoundTable(NamedTuple):
    """A table that can be read.

    Attributes:
        source: reads it.
        folder: that the table lies in, on disk or in a zip.
        names: of the table's files in the folder.
        name: what errors call the table.
        split: the column that was made from the names of its parts; empty: none.
    """

    source: TableSource
    folder: Place
    names: tuple[str, ...]
    name: str
    split: str


def find_table(path: str, scratch: Path) -> FoundTable:
    """Open a table; only its beginning is read.

    Args:
        path: of the file or folder.
        scratch: a folder for packed files that must be unpacked.

    Raises:
        DataError: there is no table that can be read.
    """
    if not path.strip():
        raise DataError(f"No table is given; set path to {_FORMATS}.")
    place = user_path(path)
    if is_folder(place):
        return _of_folder(place, scratch)
    if not is_file(place):
        raise DataError(
            f"{shorten(place, _MOST)} does not exist; give {_FORMATS}. A data set on a hub must be downloaded first."
        )
    file = Packed(place)
    folder: Place = place.parent
    name = place.name
    if file.start(4) == b"PK\x03\x04":
        folder, name = _in_zip(place)
        file = Packed(folder / name)
    return FoundTable(_source(file, scratch), folder, (name,), file.name, "")


def _of_folder(place: Path, scratch: Path) -> FoundTable:
    if is_saved(place):
        saved = SavedFolder(place, scratch)
        names = tuple(str(file.relative_to(place)) for file in saved.files)
        return FoundTable(saved, place, names, shorten(place, _MOST), saved.split)
    try:
        tables = sorted(file.name for file in place.iterdir() if _is_table(file.name))
    except OSError as error:
        raise DataError(f"{shorten(place, _MOST)} cannot be read ({shorten(error, 80)}).") from error
    name = _only(tables, place)
    file = Packed(place / name)
    return FoundTable(_source(file, scratch), place, (name,), file.name, "")


def _in_zip(file: Path) -> tuple[zipfile.Path, str]:
    """The folder in a zip that holds its only table, and the table's name."""
    root = open_zip(file)
    listed = root.root.namelist()
    if "xl/workbook.xml" in listed:
        raise DataError(f"{shorten(file, _MOST)} is an Excel file; save its sheet as CSV and give that.")
    name = _only([each for each in listed if _is_table(each)], file)
    folder, _, name = name.rpartition("/")
    return (root / f"{folder}/" if folder else root), name


def _is_table(name: str) -> bool:
    last = name.rpartition("/")[2]
    is_hidden = last.startswith(".") or name.startswith("__MACOSX/")
    return not is_hidden and last.lower().removesuffix(".gz").endswith(ENDINGS)


def _only(tables: list[str], place: Path) -> str:
    if len(tables) == 1:
        return tables[0]
    found = f"holds {len(tables)} tables ({', '.join(tables[:3])} …)" if tables else "holds no table"
    raise DataError(f"{shorten(place, _MOST)} {found}; give the path of {_FORMATS}.")


def _source(file: Packed, scratch: Path) -> TableSource:
    start = file.start(4096)
    if not start.strip():
        raise DataError(f"{file.name} is empty; give {_FORMATS}.")
    if start.startswith((b"PAR1", b"ARROW1", b"\xff\xff\xff\xff")):
        return Columnar(file, scratch)
    text = start.removeprefix(b"\xef\xbb\xbf").lstrip()
    if text.startswith(b"{"):
        return JsonLines(file)
    if text.startswith(b"["):
        raise DataError(f"{file.name} is one JSON list; write one object a line (JSONL) instead.")
    if start.count(0) > len(start) // 100 and not start.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise DataError(f"{file.name} is no table of text; give {_FORMATS}.")
    return Delimited(file)
