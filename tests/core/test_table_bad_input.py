"""What people's tables and pictures have wrong: one sentence each, which the page docs/bad-input.md lists too.

``python -m tests.core.test_table_bad_input`` writes the page's tables anew.
"""

import csv
import io
import os
import re
import struct
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from PIL import ExifTags, Image

from fairprog_core.common.errors import FairprogError
from fairprog_core.common.home import Home
from fairprog_core.data import TableOptions
from fairprog_core.data.table.dataset import OwnTable
from fairprog_core.data.table.inspect import inspect
from fairprog_core.data.table.splits import PARTS
from tests.resilience.faults import mounted

PAGE = Path(__file__).parents[2] / "docs" / "bad-input.md"
TEXT = {"text": "text", "label": "label", "group": "group"}
PICTURE = {"image": "file", "label": "label", "group": "group", "image_size": 32, "max_broken": 0.02}
N = 64


Write = Callable[[Path], dict[str, Any]]  # writes files into a folder, and returns the options


class Bad(NamedTuple):
    """A table that cannot be used, or not whole.

    Attributes:
        what: is wrong, as the page says it.
        write: writes the files into a folder, and returns the options.
        sentence: of the error; empty: the table is taken.
    """

    what: str
    write: Write
    sentence: str = ""


def cells(n: int = N) -> list[list[str]]:
    """n rows of all pairs of label and group."""
    return [[f"words {i}", ("no", "yes")[i % 2], ("x", "y")[i // 2 % 2]] for i in range(n)]


def text_of(rows: list[list[str]], header: str = "text,label,group", separator: str = ",") -> str:
    out = io.StringIO()
    out.write(header + "\n")
    csv.writer(out, delimiter=separator, lineterminator="\n").writerows(rows)
    return out.getvalue()


def table(content: str | bytes | None = None, name: str = "own.csv", **options: Any) -> Write:
    """A table of texts with this content."""

    def write(folder: Path) -> dict[str, Any]:
        given = text_of(cells()) if content is None else content
        (folder / name).write_bytes(given.encode() if isinstance(given, str) else given)
        return {"path": str(folder / name), **TEXT, **options}

    return write


def changed(row: int, column: int, cell: str, **options: Any) -> Write:
    """A table with one other cell."""
    rows = cells()
    rows[row][column] = cell
    return table(text_of(rows), **options)


def with_column(name: str, values: Callable[[int], object], **options: Any) -> Write:
    """A table with one more column."""
    rows = [[*row, str(values(i))] for i, row in enumerate(cells())]
    return table(text_of(rows, f"text,label,group,{name}"), **options)


def photos(spoil: Callable[[Path], object] = lambda folder: None, name: str = "", **options: Any) -> Write:
    """A table of pictures, the first of which is spoiled, or has another name in the table."""

    def write(folder: Path) -> dict[str, Any]:
        (root := folder / "photos").mkdir()
        rows = cells()
        for i, row in enumerate(rows):
            row[0] = f"{i}.png"
            Image.new("RGB", (20, 24), (3 * i, 99, 200)).save(root / row[0])
        spoil(root)
        rows[0][0] = name or rows[0][0]
        (folder / "people.csv").write_text(text_of(rows, "file,label,group"))
        return {"path": str(folder / "people.csv"), "root": str(root), **PICTURE, **options}

    return write


def picture(image: Callable[[], Image.Image] | bytes, ending: str = "png", **how: Any) -> Write:
    """A table of pictures, the first of which is this one."""

    def spoil(root: Path) -> None:
        file = root / f"0.{ending}"
        if isinstance(image, bytes):
            file.write_bytes(image)
        else:
            image().save(file, **how)

    return photos(spoil, f"0.{ending}")


def cut_jpeg() -> bytes:
    Image.new("RGB", (64, 64)).save(out := io.BytesIO(), "jpeg")
    return out.getvalue()[:400]


def huge_png() -> bytes:
    """A PNG whose header says 30,000×30,000 pixels."""
    Image.new("L", (1, 1)).save(out := io.BytesIO(), "png")
    png = bytearray(out.getvalue())
    png[16:24] = struct.pack(">II", 30_000, 30_000)
    png[29:33] = struct.pack(">I", zlib.crc32(bytes(png[12:29])))
    return bytes(png)


def turned() -> Image.Exif:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    return exif


def gif() -> bytes:
    frames = [Image.new("P", (20, 20), i) for i in range(3)]
    frames[0].save(out := io.BytesIO(), "gif", save_all=True, append_images=frames[1:])
    return out.getvalue()


def loop(root: Path) -> None:
    (root / "0.png").unlink()
    (root / "0.png").symlink_to("0.png")


def link_out(root: Path) -> None:
    Image.new("RGB", (9, 9)).save(root.parent / "secret.png")
    (root / "0.png").unlink()
    (root / "0.png").symlink_to(root.parent / "secret.png")


def sparse(folder: Path) -> dict[str, Any]:
    """10 GB, of which nothing but the beginning is on the disk."""
    options = table(text_of(cells(400)), label="verdict")(folder)
    os.truncate(options["path"], 10 << 30)
    return options


def zipped(*names: str) -> Write:
    def write(folder: Path) -> dict[str, Any]:
        with zipfile.ZipFile(folder / "own.zip", "w") as archive:
            for name in names:
                archive.writestr(name, text_of(cells()))
        return {"path": str(folder / "own.zip"), **TEXT}

    return write


def folder_of(*names: str) -> Write:
    def write(folder: Path) -> dict[str, Any]:
        (own := folder / "own").mkdir()
        for name in names:
            (own / name).write_text(text_of(cells()))
        return {"path": str(own), **TEXT}

    return write


def of_split(i: int) -> str:
    return PARTS[i // 4 % 4]


REFUSED = [
    Bad("no file is named", lambda folder: TEXT, "S"),
    Bad("the file is missing", lambda folder: {"path": str(folder / "own.csv"), **TEXT}, "S"),
    Bad("the file is empty", table(""), "S"),
    Bad("there are no rows", table("text,label,group\n"), "S"),
    Bad("the file is no table", table(b"\x89PNG\r\n\x1a\n\0\0"), "S"),
    Bad("an Excel file", zipped("xl/workbook.xml"), "S"),
    Bad("one JSON list", table('[{"text": "a"}]', name="own.json"), "S"),
    Bad("a zip of two tables", zipped("a.csv", "b.csv"), "S"),
    Bad("the folder of CelebA", folder_of("list_attr_celeba.txt", "list_eval_partition.txt"), "S"),
    Bad("a folder without a table", folder_of(), "S"),
    Bad("a damaged zip", table(b"PK\x03\x04rest"), "S"),
    Bad("a damaged gzip file", table(b"\x1f\x8brest"), "S"),
    Bad("a damaged Parquet file", table(b"PAR1restPAR1"), "S"),
    Bad("a quote that does not end", table(text_of(cells()).replace("words 9", '"words 9')), "S"),
    Bad("only numbers, neither text nor picture", table(text=""), "S"),
    Bad("no label is named", table(label=""), "S"),
    Bad("no group is named", table(group=""), "S"),
    Bad("a column is missing", table(label="labels"), "S"),
    Bad("10 GB, and a column is missing", sparse, "S"),
    Bad("two columns of one name", table(text_of(cells(), "text,label,group,label")), "S"),
    Bad("the label is empty", table(text_of([[a, "", c] for a, b, c in cells()])), "S"),
    Bad("the group is empty", table(text_of([[a, b, ""] for a, b, c in cells()])), "S"),
    Bad("the text is empty", table(text_of([["", b, c] for a, b, c in cells()])), "S"),
    Bad("one class", table(text_of([[a, "yes", c] for a, b, c in cells()])), "S"),
    Bad("one group", table(text_of([[a, b, "x"] for a, b, c in cells()])), "S"),
    Bad("one row", table(text_of(cells(1))), "S"),
    Bad("too many classes", table(text_of([[a, a, c] for a, b, c in cells(404)])), "S"),
    Bad("a score without a threshold", with_column("score", lambda i: i / 999, label="score"), "S"),
    Bad("too many groups", table(text_of([[a, b, f"g{i}"] for i, (a, b, c) in enumerate(cells())])), "S"),
    Bad("a threshold that no score reaches", with_column("score", lambda i: i / 999, label="score", threshold=7), "S"),
    Bad("a score that is no number", with_column("score", lambda i: i or "high", label="score", threshold=7), "S"),
    Bad("a score that is NaN", with_column("score", lambda i: i or "NaN", label="score", threshold=7), "S"),
    Bad("labels that the column does not have", table(labels=["good", "bad"]), "S"),
    Bad("a value that is not among the labels", changed(5, 1, "perhaps", labels=["no", "yes"]), "S"),
    Bad("a positive label that the column does not have", table(positive="good"), "S"),
    Bad("an unknown split", with_column("split", lambda i: "holdout" if i == 5 else of_split(i), split="split"), "S"),
    Bad("a label that is never seen in a split",
        with_column("split", lambda i: "train" if i % 2 and of_split(i) == "val" else of_split(i), split="split"), "S"),
    Bad("a group that is never seen in a split",
        with_column("split", lambda i: "train" if i // 2 % 2 and of_split(i) == "val" else of_split(i), split="split"),
        "S"),
    Bad("a weight below zero", with_column("w", lambda i: -1 if i == 5 else 1, weight="w"), "S"),
    Bad("a weight that is NaN", with_column("w", lambda i: "nan" if i == 5 else 1, weight="w"), "S"),
    Bad("a column of groups that is neither yes or no nor a number",
        with_column("p", lambda i: "perhaps" if i == 5 else i % 2, group="", groups=["p", "group"]), "S"),
    Bad("a row with too many cells", table(text_of([*cells(), ["a", "yes", "x", "more"]])), "S"),
    Bad("not UTF-8", table(text_of([*cells(), ["na\xefve", "yes", "x"]]).encode("latin-1")), "S"),
    Bad("not UTF-8 in the names of the columns", table("text,label,gr\xfcppe\n".encode("latin-1") + b"a,b,c\n"), "S"),
    Bad("the folder of the pictures is missing", photos(root="/no/such/folder"), "S"),
    Bad("pictures are missing", photos(lambda root: [(root / f"{i}.png").unlink() for i in range(9)]), "S"),
    Bad("a name that leads out of the folder", photos(name="../people.csv", max_broken=0), "S"),
    Bad("an absolute name", photos(name="/etc/passwd", max_broken=0), "S"),
    Bad("a link that leads out of the folder", photos(link_out, max_broken=0), "S"),
    Bad("a link to itself", photos(loop, max_broken=0), "S"),
    Bad("a JPEG that is cut off", lambda folder: {**picture(cut_jpeg(), "jpg")(folder), "max_broken": 0}, "S"),
    Bad("a text that is named as a picture", lambda folder: {**picture(b"text")(folder), "max_broken": 0}, "S"),
    Bad("30,000×30,000 pixels", lambda folder: {**picture(huge_png())(folder), "max_broken": 0}, "S"),
]  # fmt: skip

TAKEN = [
    Bad("a byte order mark", table(text_of(cells()).encode("utf-8-sig"))),
    Bad("UTF-16", table(text_of(cells()).encode("utf-16"))),
    Bad("semicolons, tabs or vertical bars", table(text_of(cells(), "text;label;group", ";"))),
    Bad("an unnamed column of numbers, as pandas writes",
        table(text_of([[str(i), *row] for i, row in enumerate(cells())], ",text,label,group"))),
    Bad("5,000 columns",
        table(text_of([row + ["0"] * 4997 for row in cells()], "text,label,group," + ",".join(map(str, range(4997)))))),
    Bad("spaces around the values", table(text_of([[a, f" {b}", f"{c} "] for a, b, c in cells()]))),
    Bad("a null byte in a text", changed(5, 0, "wor\0ds")),
    Bad("a formula as text; a leading = is escaped where fairprog writes tables", changed(5, 0, '=HYPERLINK("x")')),
    Bad("an empty group: the row is in none", changed(5, 2, "")),
    Bad("one broken row, up to the share max_broken", changed(5, 1, "", max_broken=0.05)),
    Bad("the same text twice: both rows are in one split", changed(5, 0, "words 4")),
    Bad("CMYK", picture(lambda: Image.new("CMYK", (20, 20), (9, 99, 9, 9)), "jpg")),
    Bad("a palette, also with a transparent colour", picture(lambda: Image.new("P", (20, 20), 7), transparency=7)),
    Bad("grey, also with 16 bits", picture(lambda: Image.fromarray(np.full((20, 20), 40_000, np.uint16)))),
    Bad("an animated GIF: the first frame", picture(gif(), "gif")),
    Bad("1×1 pixel", picture(lambda: Image.new("RGB", (1, 1), "red"))),
    Bad("a picture that is turned by its EXIF data: it is turned upright",
        picture(lambda: Image.new("RGB", (20, 10)), "jpg", exif=turned())),
    Bad("one picture that is missing or broken, up to the share max_broken", picture(b"text")),
]  # fmt: skip


def prepared(options: dict[str, Any], home: Path) -> OwnTable:
    """The data set, with all splits read."""
    dataset = OwnTable(TableOptions.parse(options), Home(home))
    for name in PARTS:
        dataset.split(name)
    return dataset


def refusal(bad: Bad, folder: Path) -> str:
    """The sentence, without the folder of the test."""
    with pytest.raises(FairprogError) as error:
        prepared(bad.write(folder), folder / "home")
    return str(error.value).replace(f"{folder}{os.sep}", "")


def section(title: str) -> dict[str, str]:
    """A table of the page: what is wrong, and the sentence."""
    text = PAGE.read_text("utf-8").partition(f"## {title}\n")[2].partition("\n## ")[0]
    return dict(re.findall(r"^\| (.+?) \| (.*?) \|$", text, flags=re.MULTILINE)[1:])


@pytest.mark.parametrize("bad", REFUSED, ids=lambda bad: bad.what)
def test_what_cannot_be_used_is_one_sentence_that_the_page_has_too(bad: Bad, tmp_path: Path) -> None:
    assert refusal(bad, tmp_path).replace("|", "\\|") == section("Refused")[bad.what]


@pytest.mark.parametrize("bad", TAKEN, ids=lambda bad: bad.what)
def test_what_looks_odd_is_taken(bad: Bad, tmp_path: Path) -> None:
    assert bad.what in section("Taken")
    dataset = prepared(bad.write(tmp_path), tmp_path / "home")
    n = sum(len(dataset.split(name).y) for name in PARTS)
    assert n in ((N - 1, N) if dataset.options.max_broken > 0.01 else (N,))


def test_page_lists_nothing_else() -> None:
    assert set(section("Refused")) == {bad.what for bad in REFUSED}
    assert set(section("Taken")) == {bad.what for bad in TAKEN}


def test_unreadable_file_is_one_sentence(tmp_path: Path) -> None:
    options = table()(tmp_path)
    Path(options["path"]).chmod(0)
    if os.access(options["path"], os.R_OK):
        pytest.skip("this user may read everything")
    with pytest.raises(FairprogError, match=r"own\.csv cannot be opened"):
        prepared(options, tmp_path / "home")


@pytest.mark.parametrize("write", [table(text_of([["words " * 2000, b, c] for a, b, c in cells(200)])), photos()])
def test_full_disk_is_one_sentence_and_leaves_nothing_behind(write: Any, tmp_path: Path) -> None:
    options = write(tmp_path)
    with mounted(tmp_path / "disk", "-t", "tmpfs", "-o", "size=96k", "tmpfs") as disk:
        with pytest.raises(FairprogError, match=r"The disk that holds .* is full|does not fit on the disk"):
            prepared(options, disk)
        assert list((disk / "cache" / "data").glob("*.npy")) == []


def test_ten_gigabytes_are_looked_at_without_reading_them(tmp_path: Path) -> None:
    options = table(text_of(cells(2000)))(tmp_path)
    os.truncate(options["path"], 10 << 30)
    report = inspect(TableOptions(path=options["path"]), Home(tmp_path / "home"))
    assert report.guess.values() == {"text": "text", "label": "label", "group": "group"}


def write_page() -> None:
    """Replace the tables of the page by those of this file, with the sentences of today."""
    from tempfile import TemporaryDirectory

    text = PAGE.read_text("utf-8")
    lines: dict[str, list[str]] = {"Refused": [], "Taken": [f"| {bad.what} | it is used |" for bad in TAKEN]}
    for bad in REFUSED:
        with TemporaryDirectory() as folder:
            sentence = refusal(bad, Path(folder)).replace("|", "\\|")
            lines["Refused"].append(f"| {bad.what} | {sentence} |")
    for title, rows in lines.items():
        before, _, rest = text.partition(f"## {title}\n")
        about, _, after = rest.partition("\n## ")
        about = about.split("\n|")[0].rstrip()
        body = "\n".join([about, "", "| what | what fairprog says |", "|---|---|", *rows, ""])
        text = f"{before}## {title}\n{body}" + (f"\n## {after}" if after else "")
    PAGE.write_text(text, "utf-8")


if __name__ == "__main__":
    write_page()
