"""Opens the table that a path names, whatever its format; one on a hub is downloaded first."""

import os
import re
from collections.abc import Generator
from pathlib import Path
from typing import NamedTuple

from fairprog_core.common.errors import DataError, shorten
from fairprog_core.common.files.hub import Download
from fairprog_core.common.files.hub_copy import copy_of, fetch_copy
from fairprog_core.common.files.pictures.names import is_hidden
from fairprog_core.common.files.pictures.place import Place, open_zip
from fairprog_core.common.files.pictures.stamp import picture_stamp
from fairprog_core.common.home import Home, is_file, is_folder, user_path
from fairprog_core.data.options.table import ON_HUB, TableOptions
from fairprog_core.data.table.source.columnar import Columnar
from fairprog_core.data.table.source.delimited import Delimited, has_cells
from fairprog_core.data.table.source.hugging_face import SavedFolder, is_saved
from fairprog_core.data.table.source.joined import Joined
from fairprog_core.data.table.source.json_lines import JsonLines
from fairprog_core.data.table.source.lfw import HEADER, LfwAttributes
from fairprog_core.data.table.source.packed import Packed
from fairprog_core.data.table.source.picture_folder import PictureFolder, has_pictures
from fairprog_core.data.table.source.rows import TableSource
from fairprog_core.data.table.source.split_files import SplitFiles, by_split

ENDINGS = (".csv", ".tsv", ".txt", ".jsonl", ".ndjson", ".json", ".parquet", ".arrow")
_FORMATS = (
    "a CSV, TSV, JSONL or Parquet file (also .gz or in a .zip), a folder of pictures, or one of datasets' save_to_disk"
)
_FIRST = ("lfw_attributes.txt", "metadata.csv")  # tables of known data sets, which other tables may lie beside
_CELEBA = "list_attr_celeba.txt"  # a data set of its own reads it
_DEEP = 3  # folders that are opened while each holds only one folder
_MOST = 100  # characters of a path in an error


class FoundTable(NamedTuple):
    """A table that can be read.

    Attributes:
        source: reads it.
        folder: that the table lies in, on disk or in a zip.
        names: of the table's files in the folder.
        name: what errors call the table.
        split: the column that was made from the names of its parts; empty: none.
        names_stamp: a digest of all rows where they are only names of files; empty: the files have to be read.
        also: the second table that is joined to it.
    """

    source: TableSource
    folder: Place
    names: tuple[str, ...]
    name: str
    split: str
    names_stamp: str = ""
    also: "FoundTable | None" = None

    def stamp(self, home: Home) -> str:
        """A digest of what the rows consist of."""
        own = self.names_stamp or picture_stamp(self.folder, self.names, home)
        return own if self.also is None else f"{own} {self.also.stamp(home)}"


def find_table(path: str, scratch: Path, *, also: str = "") -> FoundTable:
    """Open a table; only its beginning is read.

    Args:
        path: of the file or folder; a folder without a table is one of pictures.
        scratch: a folder for packed files that must be unpacked.
        also: path of a second table, whose columns are added by the names of the pictures; empty: none.

    Raises:
        DataError: there is no table that can be read.
    """
    found = _find(path, scratch)
    if not also.strip():
        return found
    second = _find(also, scratch)
    return found._replace(source=Joined(found.source, second.source, name=second.name), also=second)


def is_on_hub(path: str) -> bool:
    """Whether a path names a data set on the Hugging Face hub: it is spelled like one, and nothing lies there."""
    place = user_path(path)
    return bool(re.fullmatch(ON_HUB, path)) and not is_file(place) and not is_folder(place)


def fetch_table(path: str, home: Home) -> Generator[Download, None, None]:
    """Download the data set that a path names, if it is one on the hub and has no copy here; see `fetch_copy`."""
    if is_on_hub(path):
        yield from fetch_copy(_name_of(path), home)


def open_table(options: TableOptions, home: Home) -> FoundTable:
    """The table that the options name; of a data set on the hub, its copy. Only its beginning is read.

    Raises:
        DataError: there is no table that can be read, or it was not downloaded yet.
    """
    path, scratch = options.path, home.cache / "scratch"
    if not is_on_hub(path):
        return find_table(path, scratch, also=options.also)
    copy = copy_of(_name_of(path), home)
    if copy is None:
        raise DataError(
            f"There is no file or folder {shorten(path, _MOST)}, and no data set of that name was downloaded from the "
            "hub; check the path, or download it with fairprog data check."
        )
    inside = copy.joinpath(*path.split("/")[2:])
    parts = sorted(inside.iterdir()) if is_folder(inside) else []
    if not parts or (len(parts) > 1 and all(map(is_folder, parts))):
        known = ", ".join(f"{path}/{part.name}" for part in parts[:3]) or _name_of(path)
        raise DataError(f"The data set {shorten(path, _MOST)} on the hub has no table of its own; try {known}.")
    return find_table(str(inside), scratch, also=options.also)._replace(name=path)


def _name_of(path: str) -> str:
    """``owner/name`` of ``owner/name/folder``."""
    return "/".join(path.split("/")[:2])


def _find(path: str, scratch: Path) -> FoundTable:
    if not path.strip():
        raise DataError(f"No table is given; set path to {_FORMATS}.")
    place = user_path(path)
    if is_folder(place):
        return _of_folder(place, scratch)
    if not is_file(place):
        raise DataError(f"{shorten(place, _MOST)} does not exist; give {_FORMATS}, or owner/name of one on the hub.")
    file = Packed(place)
    if file.start(4) == b"PK\x03\x04":
        return _in_zip(place, scratch)
    return FoundTable(_source(file, scratch), place.parent, (place.name,), file.name, "")


def _of_folder(place: Path, scratch: Path) -> FoundTable:
    if is_saved(place):
        saved = SavedFolder(place, scratch)
        names = tuple(str(file.relative_to(place)) for file in saved.files)
        return FoundTable(saved, place, names, shorten(place, _MOST), saved.split)
    folder, tables = place, list[str]()
    for _ in range(_DEEP):
        try:
            inside = sorted(each for each in folder.iterdir() if not is_hidden(each.name))
        except OSError as error:
            raise DataError(f"{shorten(folder, _MOST)} cannot be read ({shorten(error, 80)}).") from error
        tables = [each.name for each in inside if _is_table(each.name)]
        if tables or len(inside) != 1 or not is_folder(inside[0]):
            break
        folder = inside[0]
    return _of_tables(tables, folder, place, scratch)


def _in_zip(file: Path, scratch: Path) -> FoundTable:
    root = open_zip(file)
    listed = root.root.namelist()
    if "xl/workbook.xml" in listed:
        raise DataError(f"{shorten(file, _MOST)} is an Excel file; save its sheet as CSV and give that.")
    return _of_tables([each for each in listed if _is_table(each)], root, file, scratch)


def _of_tables(tables: list[str], root: Place, place: Path, scratch: Path) -> FoundTable:
    """What a folder or a zip holds: one table, one for each split, or pictures alone.

    Args:
        tables: names of all tables in it.
        root: that the names begin in.
        place: the folder or the zip, as it was given.
        scratch: a folder for packed files that must be unpacked.
    """
    if any(name.rpartition("/")[2] == _CELEBA for name in tables):
        raise DataError(
            f"{shorten(place, _MOST)} is CelebA, whose lists are no table; choose the data set CelebA on the page "
            'Train, or write kind = "celeba" and root = "…" into [dataset].'
        )
    known = [name for first in _FIRST for name in tables if name.rpartition("/")[2] == first]
    folder = os.path.commonpath([name.rpartition("/")[0] for name in tables]) if tables else ""
    if parts := by_split(tables):
        sources = [(split, _source(Packed(root / name), scratch)) for split, name in parts]
        if len({source.columns for _, source in sources}) == 1:
            whole = SplitFiles(sources)
            names = tuple(name[len(folder) :].lstrip("/") for _, name in parts)
            return FoundTable(whole, _below(root, folder), names, shorten(place, _MOST), whole.split)
    if not known and all(_is_prose(root, name) for name in tables) and (has_pictures(root) or not tables):
        pictures = PictureFolder(root)
        return FoundTable(pictures, root, (), shorten(place, _MOST), pictures.split, pictures.stamp)
    folder, _, name = (known[0] if known else _only(tables, place)).rpartition("/")
    inside = _below(root, folder)
    file = Packed(inside / name)
    return FoundTable(_source(file, scratch), inside, (name,), file.name, "")


def _below(root: Place, folder: str) -> Place:
    return root / f"{folder}/" if folder else root


def _is_table(name: str) -> bool:
    last = name.rpartition("/")[2]
    return not is_hidden(name) and last.lower().removesuffix(".gz").endswith(ENDINGS)


def _is_prose(root: Place, name: str) -> bool:
    """Whether a file is a note beside pictures, such as README.txt."""
    return name.lower().endswith(".txt") and not has_cells(Packed(root / name))


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
    if HEADER in start:
        return LfwAttributes(file)
    text = start.removeprefix(b"\xef\xbb\xbf").lstrip()
    if text.startswith(b"{"):
        return JsonLines(file)
    if text.startswith(b"["):
        raise DataError(f"{file.name} is one JSON list; write one object a line (JSONL) instead.")
    if start.count(0) > len(start) // 100 and not start.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise DataError(f"{file.name} is no table of text; give {_FORMATS}.")
    return Delimited(file)
