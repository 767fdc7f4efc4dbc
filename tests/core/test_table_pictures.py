"""A table of pictures: decoding, what cannot be decoded, the cache, and going on after an interruption."""

import csv
import os
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from fairprog_core.common.errors import DataError
from fairprog_core.common.files.pictures.decode import decode
from fairprog_core.common.home import Home
from fairprog_core.data import TableOptions
from fairprog_core.data.table import pixels
from fairprog_core.data.table.dataset import OwnTable
from fairprog_core.data.table.inspect import inspect
from fairprog_core.data.table.splits import PARTS

N = 16  # pictures, of all pairs of label and group in every split
Open = Callable[..., OwnTable]


def picture(i: int) -> Image.Image:
    """A grey picture of 40×48 whose level is its number."""
    return Image.new("RGB", (40, 48), (10 * i,) * 3)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A table and its pictures."""
    (folder := tmp_path / "own").mkdir()
    (folder / "photos").mkdir()
    with (folder / "people.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["file", "smile", "group", "split"])
        for i in range(N):
            picture(i).save(folder / "photos" / f"{i}.png")
            writer.writerow([f"{i}.png", i % 2, "xy"[i // 2 % 2], PARTS[i // 4]])
    return folder


@pytest.fixture
def opened(root: Path, tmp_path: Path) -> Open:
    def made(**options: Any) -> OwnTable:
        values = {"path": str(root / "people.csv"), "image": "file", "root": str(root / "photos"), "label": "smile",
                  "group": "group", "split": "split", "image_size": 32, **options}  # fmt: skip
        return OwnTable(TableOptions.parse(values), Home(tmp_path / "home"))

    return made


def levels(dataset: OwnTable, name: Any = "tune") -> list[int]:
    return [int(x.mean()) for x in dataset.split(name).x]


def test_pictures_are_decoded_in_the_order_of_the_table(opened: Open) -> None:
    split = opened().split("tune")
    assert (split.x.shape, split.x.dtype) == ((4, 32, 32, 3), np.uint8)
    assert [int(x.mean()) for x in split.x] == [40, 50, 60, 70]
    assert split.y.tolist() == [0, 1, 0, 1]
    assert split.z.tolist() == [0, 0, 1, 1]
    assert isinstance(split.x, np.memmap)


@pytest.mark.parametrize("kind", ["beside", "zip", "zip with table", "folder in names"])
def test_pictures_lie_in_a_folder_or_a_zip(opened: Open, root: Path, tmp_path: Path, kind: str) -> None:
    options: dict[str, Any] = {}
    if kind == "beside":
        shutil.copy(root / "people.csv", root / "photos")
        options = {"root": "", "path": str(root / "photos" / "people.csv")}
    elif kind == "folder in names":
        text = (root / "people.csv").read_text()
        (root / "people.csv").write_text("".join(
            line if line.startswith("file") else f"photos/{line}" for line in text.splitlines(keepends=True)
        ))  # fmt: skip
        options = {"root": str(root)}
    else:
        with zipfile.ZipFile(tmp_path / "own.zip", "w") as archive:
            for file in sorted((root / "photos").iterdir()):
                archive.write(file, file.name)
            if kind == "zip with table":
                archive.write(root / "people.csv", "people.csv")
                options = {"path": str(tmp_path / "own.zip")}
        options["root"] = "" if "path" in options else str(tmp_path / "own.zip")
    assert levels(opened(**options)) == [40, 50, 60, 70]


def test_other_pictures_under_the_same_names_are_not_served_from_the_cache(opened: Open, root: Path) -> None:
    """Equal lists, names, sizes and times; the pixels and the keys differ."""
    first = opened()
    before = levels(first), first.split_digest("tune")
    for i in range(N):
        file = root / "photos" / f"{i}.png"
        status = file.stat()
        picture(15 - i).save(other := root / "other.png")
        size = max(status.st_size, other.stat().st_size)
        file.write_bytes(other.read_bytes().ljust(size, b"\0"))
        os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))
    second = opened()
    assert levels(second) == [110, 100, 90, 80]
    assert second.split_digest("tune") != before[1]


def test_moved_pictures_are_known_again(opened: Open, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = opened()
    before = levels(first), first.split_digest("tune")
    (root / "photos").rename(root / "moved")
    monkeypatch.setattr(pixels, "fill_pixels", lambda *_, **__: pytest.fail("decoded again"))
    second = opened(root=str(root / "moved"))
    assert (levels(second), second.split_digest("tune")) == before


def test_pixels_do_not_depend_on_labels_and_groups(opened: Open) -> None:
    first, second = opened(), opened(label="group", group="smile")
    first.split("tune")
    assert first._pixels("tune").folder == second._pixels("tune").folder
    assert first.split_digest("tune") != second.split_digest("tune")


def test_unreadable_picture_is_left_out_and_the_rest_goes_on(opened: Open, root: Path) -> None:
    text = (root / "photos" / "1.png").read_bytes()
    (root / "photos" / "1.png").write_bytes(text[: len(text) // 2])
    split = opened(max_broken=0.1).split("train")
    assert [int(x.mean()) for x in split.x] == [0, 20, 30]
    assert split.y.tolist() == [0, 0, 1]
    assert split.z.tolist() == [0, 1, 1]
    assert split.cell_share.sum() == pytest.approx(1)
    report = inspect(opened(max_broken=0.1).options, opened().home)
    assert [(each.row, each.reason.partition(" (")[0]) for each in report.broken] == [(3, "1.png is broken")]
    assert report.n_broken == 1
    with pytest.raises(DataError, match=r"1 of 4 pictures cannot be read, .*1\.png is broken"):
        opened(max_broken=0.05).split("train")


def test_missing_picture_is_left_out_and_listed(opened: Open, root: Path) -> None:
    (root / "photos" / "5.png").unlink()
    dataset = opened(max_broken=0.1)
    assert levels(dataset) == [40, 60, 70]
    assert [tuple(each) for each in dataset.missing_pictures] == [(7, "5.png is missing")]
    with pytest.raises(DataError, match=r"1 of 16 pictures are not in .*the first: 5\.png is missing"):
        opened(max_broken=0.01).split("tune")


@pytest.mark.parametrize("ending", ["parquet", "arrow"])
def test_pictures_may_be_cells_as_in_the_data_sets_of_hugging_face(opened: Open, root: Path, ending: str) -> None:
    """The last one of train is no picture, and the first one of tune is that of val: it is left out."""
    files = [(root / "photos" / f"{i}.png").read_bytes() for i in range(N)]
    files[3], files[4] = b"text", files[8]
    rows = [
        {"file": {"bytes": files[i], "path": None}, "smile": i % 2, "group": "xy"[i // 2 % 2], "split": PARTS[i // 4],
         "list": [i]} for i in range(N)
    ]  # fmt: skip
    rows.append({**rows[4], "file": None})
    table = pa.Table.from_pylist(rows)
    if ending == "parquet":
        pq.write_table(table, root / "own.parquet")
    else:
        with pa.ipc.new_stream(root / "own.arrow", table.schema) as writer:
            writer.write_table(table, max_chunksize=5)
    dataset = opened(path=str(root / f"own.{ending}"), root="", max_broken=0.1)
    assert levels(dataset, "val") == [80, 90, 100, 110]
    assert levels(dataset, "train") == [0, 10, 20]
    assert dataset.assignment.n_moved == 1
    report = inspect(dataset.options, dataset.home)
    assert [(each.row, each.reason.partition(";")[0]) for each in report.broken] == [
        (17, "file is empty"), (4, "the picture of row 4 is broken (no picture)"),
    ]  # fmt: skip
    assert report.guess.image == "file"
    assert "list" not in [each.name for each in report.columns]


def test_equal_pictures_stay_in_one_split(opened: Open, root: Path) -> None:
    """Picture 0 of train is picture 5 of tune: it is left out there."""
    shutil.copy(root / "photos" / "5.png", root / "photos" / "0.png")
    dataset = opened()
    assert dataset.assignment.n_moved == 1
    assert levels(dataset, "tune") == [40, 50, 60, 70]


def test_interrupted_decoding_goes_on_where_it_was(
    opened: Open, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(pixels, "CHUNK", 1)
    read: list[str] = []

    def counted(file: Any, *args: Any, **options: Any) -> Any:
        read.append(file.name)
        return decode(file, *args, **options)

    monkeypatch.setattr("fairprog_core.data.table.pictures.decode", counted)
    dataset = opened()
    working = dataset.prepare_split("tune")
    for done, total in working:
        if (done, total) == (2, 4):
            break
    working.close()
    assert [len(list((tmp_path / "home/cache/data").glob(pattern))) for pattern in ("*.part", ".*")] == [1, 0]
    assert levels(opened()) == [40, 50, 60, 70]
    assert read == ["4.png", "5.png", "6.png", "7.png"]
    assert list((tmp_path / "home/cache/data").glob("*.part")) == []


def test_what_an_interruption_left_is_completed_after_its_last_note(opened: Open, tmp_path: Path) -> None:
    """A killed process had written pixels that no note tells of, and a note that is cut."""
    dataset = opened()
    expected = levels(dataset)
    entry = dataset._pixels("tune").folder
    part = entry.with_name(f"{entry.name}.part")
    entry.rename(part)
    (part / "checksums.json").unlink()
    (part / "decoded.json").write_text('{"n": 2, "broken": []}')
    with (part / "x.npy").open("ab") as file:
        file.write(b"rest")
    assert levels(opened()) == expected
    entry.rename(part)
    (part / "decoded.json").write_text('{"n": 2, "bro')
    assert levels(opened()) == expected


def test_large_jpeg_is_scaled_early_with_almost_the_same_pixels(tmp_path: Path) -> None:
    ramp = np.add.outer(np.arange(1000), np.arange(1200)) * 255 // 2200
    Image.fromarray(ramp.astype(np.uint8)).convert("RGB").save(file := tmp_path / "large.jpg", quality=95)
    slow, fast = (decode(file, 64, is_scaled_early=early).astype(int) for early in (False, True))
    assert np.abs(slow - fast).max() <= 3
