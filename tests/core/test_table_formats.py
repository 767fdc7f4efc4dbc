"""The same rows in every format that a table may have, plain and packed."""

import gzip
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from fairprog_core.common.errors import DataError
from fairprog_core.common.home import Home
from fairprog_core.data import TableOptions
from fairprog_core.data.table.dataset import OwnTable
from fairprog_core.data.table.inspect import inspect
from fairprog_core.data.table.source import delimited as delimited_source
from fairprog_core.data.table.splits import PARTS

HEADER = ("text", "label", "group", "split", "more")
ROWS = [
    (f"{text}, {part} “ü”\nsecond line", label, group, part, None)
    for part in PARTS
    for text, label, group in (("a", True, "x"), ('b "q"', False, "x"), ("c;|\t", True, "y"), ("d", False, "y"))
]


def records() -> list[dict[str, Any]]:
    return [dict(zip(HEADER, row, strict=True)) for row in ROWS]


def delimited(separator: str, encoding: str = "utf-8", newline: str = "\n") -> bytes:
    def quoted(cell: object) -> str:
        return '"' + str("" if cell is None else cell).replace('"', '""') + '"'

    lines = [separator.join(map(quoted, row)) for row in (HEADER, *ROWS)]
    return newline.join([*lines, ""]).encode(encoding)


def json_lines() -> bytes:
    return "".join(json.dumps(each, ensure_ascii=False) + "\n" for each in records()).encode()


def parquet(**options: Any) -> bytes:
    pq.write_table(pa.Table.from_pylist(records()), sink := pa.BufferOutputStream(), row_group_size=5, **options)
    return bytes(sink.getvalue())


def arrow(open_writer: Callable[..., Any]) -> bytes:
    table = pa.Table.from_pylist(records())
    with open_writer(sink := pa.BufferOutputStream(), table.schema) as writer:
        writer.write_table(table, max_chunksize=3)
    return bytes(sink.getvalue())


def dictionary() -> bytes:
    table = pa.Table.from_pylist(records())
    table = table.set_column(2, "group", table["group"].dictionary_encode())
    pq.write_table(table, sink := pa.BufferOutputStream())
    return bytes(sink.getvalue())


FORMATS: dict[str, Callable[[], bytes]] = {
    "commas": lambda: delimited(","),
    "tabs": lambda: delimited("\t"),
    "semicolons": lambda: delimited(";"),
    "bars": lambda: delimited("|"),
    "bom": lambda: delimited(",", "utf-8-sig"),
    "utf-16": lambda: delimited(";", "utf-16"),
    "windows": lambda: delimited(",", newline="\r\n"),
    "json": json_lines,
    "parquet": parquet,
    "dictionary": dictionary,
    "arrow file": lambda: arrow(pa.ipc.new_file),
    "arrow stream": lambda: arrow(pa.ipc.new_stream),
}
PACKS = ("plain", "gz", "zip", "gz in zip")


def write(folder: Path, content: bytes, pack: str) -> Path:
    """A file of any name: the format is known by the content."""
    if pack.startswith("gz"):
        content = gzip.compress(content)
    file = folder / ("own.csv.gz" if pack.startswith("gz") else "own.csv")
    file.write_bytes(content)
    if pack.endswith("zip"):
        with zipfile.ZipFile(folder / "own.zip", "w", zipfile.ZIP_DEFLATED) as archive:
            archive.write(file, f"inside/{file.name}")
            archive.writestr(f"__MACOSX/._{file.name}", "hidden")
        file = folder / "own.zip"
    return file


def opened(path: Path, home: Path, **options: Any) -> OwnTable:
    values = {"path": str(path), "text": "text", "label": "label", "group": "group", "split": "split", **options}
    return OwnTable(TableOptions.parse(values), Home(home))


@pytest.mark.parametrize("pack", PACKS)
@pytest.mark.parametrize("name", FORMATS)
def test_rows_are_the_same_in_every_format(tmp_path: Path, name: str, pack: str) -> None:
    dataset = opened(write(tmp_path, FORMATS[name](), pack), tmp_path / "home")
    texts = [text.replace("\r\n", "\n") for part in PARTS for text in dataset.split(part).x]
    assert texts == [row[0] for row in ROWS]
    assert dataset.split("val").y.tolist() == [1, 0, 1, 0]
    assert dataset.split("val").z.tolist() == [0, 0, 1, 1]
    assert dataset.labels == ("not label", "label")


@pytest.mark.parametrize("is_by_split", [False, True])
def test_saved_data_set_is_read(tmp_path: Path, is_by_split: bool) -> None:
    """The files of ``save_to_disk``: a data set, or a dictionary of them, whose names are the splits."""
    (root := tmp_path / "saved").mkdir()
    parts = {part: [each for each in records() if each["split"] == part] for part in PARTS} if is_by_split else {"": []}
    if is_by_split:
        (root / "dataset_dict.json").write_text(json.dumps({"splits": list(parts)}))
    for part in parts:
        rows = [{k: v for k, v in each.items() if k != "split"} for each in parts[part]] if part else records()
        (folder := root / part).mkdir(exist_ok=True)
        table, half = pa.Table.from_pylist(rows), len(rows) // 2
        names = []
        for number, piece in enumerate((table.slice(0, half), table.slice(half))):
            names.append({"filename": f"data-0000{number}-of-00002.arrow"})
            with pa.ipc.new_stream(str(folder / names[-1]["filename"]), table.schema) as writer:
                writer.write_table(piece)
        (folder / "state.json").write_text(json.dumps({"_data_files": names, "_split": part or None}))
    dataset = opened(root, tmp_path / "home", split="" if is_by_split else "split")
    assert [text for part in PARTS for text in dataset.split(part).x] == [row[0] for row in ROWS]
    assert dataset.rows["number"].tolist() == ([1, 2, 3, 4] * 4 if is_by_split else list(range(1, 17)))


@pytest.mark.parametrize("about", [b"", b"{", b"[]", b'{"info": {"features": {"label": {"_type": "ClassLabel"}}}}'])
def test_numbers_of_classes_get_their_names(tmp_path: Path, about: bytes) -> None:
    """Where the metadata are damaged, numbers stay."""
    names = {"info": {"features": {"label": {"names": ["kind", "rude"], "_type": "ClassLabel"}}}}
    for number, metadata in enumerate((json.dumps(names).encode(), about)):
        table = pa.Table.from_pylist([{**each, "label": int(each["label"])} for each in records()])
        table = table.replace_schema_metadata({"huggingface": metadata})
        pq.write_table(table, tmp_path / f"{number}.parquet")
    found = [opened(tmp_path / f"{number}.parquet", tmp_path / "home").labels for number in range(2)]
    assert found == [("kind", "rude"), ("not label", "label")]


def test_missing_file_of_a_saved_data_set_is_named(tmp_path: Path) -> None:
    (tmp_path / "state.json").write_text(json.dumps({"_data_files": [{"filename": "data-0.arrow"}]}))
    with pytest.raises(DataError, match=r"data-0\.arrow"):
        opened(tmp_path, tmp_path / "home").split("val")


def test_rows_behind_one_that_is_left_out_keep_their_numbers(tmp_path: Path) -> None:
    rows = [f"t{i},{i % 2},{'xy'[i // 2 % 2]}" for i in range(400)]
    rows[20], rows[200], rows[300] = "t,0,x,more,cells", "t", ",1,y"
    (file := tmp_path / "own.csv").write_text("text,label,group\n" + "\n".join(rows) + "\n")
    about = opened(file, tmp_path / "home", split="", max_broken=0.1).about
    assert [tuple(each) for each in about.broken] == [
        (22, "has 5 cells for 3 columns"), (202, "has 1 cells for 3 columns"), (302, "text is empty"),
    ]  # fmt: skip
    assert (about.n_rows, about.n_broken) == (400, 3)


def test_lines_that_are_no_rows_are_left_out(tmp_path: Path) -> None:
    lines = [json.dumps({"text": f"t{i}", "label": i % 2, "group": "xy"[i // 2 % 2]}) for i in range(40)]
    lines[3], lines[5], lines[7] = "{", "[1]", json.dumps({"text": ["list"], "label": 1, "group": "x"})
    lines[9] = json.dumps({"label": 1, "group": "x"})
    (file := tmp_path / "own.jsonl").write_text("\n".join(lines))
    about = opened(file, tmp_path / "home", split="", max_broken=0.5).about
    assert [tuple(each) for each in about.broken] == [
        (4, "is no JSON"), (6, "is no JSON object"), (8, "text holds a list or an object"), (10, "text is empty"),
    ]  # fmt: skip
    assert (about.n_rows, about.n_broken) == (40, 4)


def test_progress_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delimited_source, "_BLOCK", 1 << 16)
    rows = "".join(f"some words {i},{i % 2},{'xy'[i // 2 % 2]}\n" for i in range(20_000))
    (file := tmp_path / "own.csv").write_text(f"text,label,group\n{rows}")
    told = list(opened(file, tmp_path / "home", split="").prepare_split("train"))
    assert len(told) > 1
    assert told[-1] == (20_000, 20_000)
    assert 5_000 < told[0][1] < 40_000


def test_looking_reads_the_beginning_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The rest of the file is damaged, and nobody notices before all rows are read."""
    monkeypatch.setattr(delimited_source, "_BLOCK", 1 << 14)
    monkeypatch.setattr(delimited_source, "_START", 1 << 14)
    whole = gzip.compress(b"text,label,group\n" + b"".join(b"words %d,yes,x\n" % i for i in range(300_000)), 1)
    (file := tmp_path / "own.csv.gz").write_bytes(whole[: len(whole) // 2])
    report = inspect(TableOptions(path=str(file)), Home(tmp_path / "home"))
    assert [each.name for each in report.columns] == ["text", "label", "group"]
    assert report.preview[0] == ("words 0", "yes", "x")
    with pytest.raises(DataError, match="cannot be read as a table"):
        opened(file, tmp_path / "home", split="").split("val")
