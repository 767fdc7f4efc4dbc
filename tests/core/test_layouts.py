"""Image folders and known data sets, in the exact format on disk: recognised, checked, and run to a curve."""

import re
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fairprog_core.cli import main
from fairprog_core.common.home import Home
from fairprog_core.data import TableOptions
from fairprog_core.data.table.dataset import OwnTable
from fairprog_core.data.table.inspect import inspect
from fairprog_core.data.table.known import LAYOUTS
from fairprog_core.data.table.report import TableReport
from fairprog_core.data.table.splits import PARTS
from fairprog_core.pipeline.execute import execute
from fairprog_core.results.result import Result
from fairprog_core.study import Study
from tests import known_layouts as layouts
from tests.tiny_encoders import save_family
from tests.tiny_pictures import save_vit

SHORT = {"budget": {"steps": 2}, "explain": {"gallery": 0, "rows": 0, "probe": False}, "lam": {"grid": [0.3, 1]}}

Write = Callable[[Path], Path]

KNOWN: dict[str, tuple[Write, dict[str, Any], tuple[str, ...], tuple[str, ...], dict[str, int]]] = {
    "FairFace": (
        layouts.fairface, {"image": "file", "label": "gender", "group": "race", "split": "split"}, ("Female", "Male"),
        ("Black", "East Asian", "White"), {},
    ),
    "UTKFace": (
        layouts.utkface, {"image": "file", "label": "gender", "group": "race"}, ("female", "male"),
        ("Asian", "Black", "White"), {},
    ),
    "LFW with attributes": (
        layouts.lfw,
        {"image": "file", "label": "Smiling", "threshold": 0.0, "group": "gender",
         "labels": ("not smiling", "smiling")},
        ("not smiling", "smiling"), ("female", "male"), {},
    ),
    "Waterbirds": (
        layouts.waterbirds,
        {"image": "img_filename", "label": "y", "group": "place", "split": "split", "labels": ("landbird", "waterbird"),
         "group_names": ("land", "water")},
        ("landbird", "waterbird"), ("land", "water"), {"val": 24, "test": 24},
    ),
    "Jigsaw's Unintended Bias": (
        layouts.jigsaw,
        {"text": "comment_text", "label": "target", "threshold": 0.5, "groups": layouts.JIGSAW_GROUPS,
         "labels": ("not toxic", "toxic")},
        ("not toxic", "toxic"), layouts.JIGSAW_GROUPS, {},
    ),
    "a folder of pictures": (
        lambda root: layouts.folders(root, ("train", "valid", "test"), ("men", "women"), ("neutral", "smile")),
        {"image": "file", "label": "folder_2", "group": "folder_1", "split": "split"}, ("neutral", "smile"),
        ("men", "women"), {"val": 48, "test": 48},
    ),
}  # fmt: skip


def look(path: Path, home: Path, **options: Any) -> TableReport:
    return inspect(TableOptions.parse({"path": str(path), **options}), Home(home))


def opened(path: Path, home: Path, **options: Any) -> OwnTable:
    return OwnTable(TableOptions.parse({"path": str(path), "image_size": 32, **options}), Home(home))


def levels(dataset: OwnTable) -> list[float]:
    """The mean level of every picture, sorted."""
    return sorted(float(x.mean()) for name in PARTS for x in dataset.split(name).x)


@pytest.mark.parametrize("name", KNOWN)
def test_known_layout_is_recognised_and_its_guess_can_be_used(name: str, tmp_path: Path) -> None:
    write, guess, labels, groups, sizes = KNOWN[name]
    path = write(tmp_path)
    report = look(path, tmp_path / "home")
    assert report.known.startswith(f"This is {name}: ")
    assert report.guess.values() == guess
    found = look(path, tmp_path / "home", **report.guess.values(), max_broken=0.02)
    assert (found.problem, found.labels, found.groups) == ("", labels, groups)
    assert sizes.items() <= found.sizes.items()
    assert min(found.sizes.values()) > 0
    dataset = opened(path, tmp_path / "home", **report.guess.values(), max_broken=0.02)
    assert len(dataset.split("test").y) == found.sizes["test"]


@pytest.mark.parametrize("name", KNOWN)
def test_layout_is_looked_at_and_checked_on_the_command_line(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Look prints lines of TOML; with them in a study's file, check counts the rows."""
    path, home = KNOWN[name][0](tmp_path), ("--home", str(tmp_path / "home"))
    code, printed, _ = call(capsys, "data", "look", str(path), *home)
    assert code == 0
    said, _, lines = printed.partition("These columns are probably what is needed")
    assert f"This is {name}: " in " ".join(said.split())
    values = [line for line in lines.splitlines()[1:] if " = " in line]
    head = ["[dataset]", 'kind = "table"', f'path = "{path}"', "max_broken = 0.02"]
    (tmp_path / "study.toml").write_text("\n".join([*head, *values]))
    code, printed, refused = call(capsys, "data", "check", str(tmp_path / "study.toml"), *home)
    assert code in (0, 1), refused  # 1: few rows of a cell
    assert "Natural share" in printed


def call(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[object, str, str]:
    """Exit code, output and errors of the command line, in this process."""
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    return ended.value.code or 0, *capsys.readouterr()


def test_challenge_without_groups_says_so(tmp_path: Path) -> None:
    report = look(layouts.toxic_challenge(tmp_path), tmp_path / "home")
    assert report.known.startswith("This is Jigsaw's Toxic Comment challenge: it says no groups")
    assert report.guess.values() == {"text": "comment_text", "label": "toxic"}


def test_comments_that_nobody_marked_are_counted(tmp_path: Path) -> None:
    """Of the 24 rows of a group and label 12 are marked, and every third one of the other 12."""
    path = layouts.jigsaw(tmp_path)
    _, guess, *_ = KNOWN["Jigsaw's Unintended Bias"]
    report = look(path, tmp_path / "home", **guess)
    n = 9 * 2 * 24
    assert (report.n_rows, report.n_broken) == (n, 0)
    n_unmarked = 9 * 2 * 8
    said = f"{n_unmarked} of {n} rows have no mark in any column of groups"
    assert any(note.startswith(said) for note in report.notes)
    assert any(f"{n_unmarked} rows are in no group" in line for line in report.advice)


def test_every_layout_is_tried() -> None:
    assert {each.name for each in LAYOUTS} == {*KNOWN, "Jigsaw's Toxic Comment challenge"}


def test_folder_without_a_group_takes_it_from_a_second_table(tmp_path: Path) -> None:
    """The table names pictures without their folders; it lacks one picture."""
    root = layouts.folders(tmp_path, ("cat", "dog"), each=24)
    rows = [(f"{label}/{i}.jpg", "xy"[i % 2]) for label in ("cat", "dog") for i in range(24)]
    layouts.table(tmp_path / "people.csv", [("file", "who"), *rows[1:]])
    assert look(root, tmp_path / "home").guess.values() == {"image": "file", "label": "folder_1"}
    also = {"also": str(tmp_path / "people.csv")}
    report = look(root, tmp_path / "home", **also)
    assert report.guess.values() == {"image": "file", "label": "folder_1", "group": "who"}
    found = look(root, tmp_path / "home", **also, **report.guess.values())
    assert (found.labels, found.groups, found.problem) == (("cat", "dog"), ("x", "y"), "")
    assert found.notes == (f"1 pictures have no row in {tmp_path / 'people.csv'}.",)
    said = next(
        line for line in found.advice if line.startswith("Groups are known for a part of the rows only (train ")
    )
    counts = [int(n) for n in re.findall(r"(\d+) of", said)]
    assert sum(counts) == 47


@pytest.mark.parametrize("second", ["file,who\n{i}.jpg,{g}\n", "id,who\n{i},{g}\n", "path,who\nother/{i}.png,{g}\n"])
def test_second_table_is_joined_by_path_or_by_name(tmp_path: Path, second: str) -> None:
    layouts.pictures(tmp_path / "photos", [f"{i}.jpg" for i in range(40)])
    head, row = second.splitlines(keepends=True)
    (tmp_path / "who.csv").write_text(head + "".join(row.format(i=i, g="xy"[i % 2]) for i in range(39, -1, -1)))
    layouts.table(tmp_path / "labels.csv", [("file", "smile"), *((f"{i}.jpg", i // 2 % 2) for i in range(40))])
    dataset = opened(
        tmp_path / "labels.csv", tmp_path / "home", also=str(tmp_path / "who.csv"), image="file", label="smile",
        group="who",
    )  # fmt: skip
    assert dataset.names == [f"{i}.jpg" for i in range(40)]
    assert np.asarray(dataset.rows["z"]).tolist() == [0, 1] * 20
    assert np.asarray(dataset.rows["y"]).tolist() == [0, 0, 1, 1] * 10


def test_second_table_that_changes_is_read_again(tmp_path: Path) -> None:
    root = layouts.folders(tmp_path, ("cat", "dog"), each=10)
    rows = [(f"{label}/{i}.jpg", "xy"[i % 2]) for label in ("cat", "dog") for i in range(10)]
    layouts.table(tmp_path / "who.csv", [("file", "who"), *rows])
    options = {"also": str(tmp_path / "who.csv"), "image": "file", "label": "folder_1", "group": "who"}
    before = np.array(opened(root, tmp_path / "home", **options).rows["z"])
    layouts.table(tmp_path / "who.csv", [("file", "who"), *((name, "yx"["xy".index(who)]) for name, who in rows)])
    after = np.array(opened(root, tmp_path / "home", **options).rows["z"])
    assert (before != after).all()


@pytest.mark.parametrize("name", ["FairFace", "UTKFace", "LFW with attributes", "Waterbirds", "a folder of pictures"])
def test_zip_of_a_layout_is_read_like_its_folder(name: str, tmp_path: Path) -> None:
    write, guess, labels, groups, _ = KNOWN[name]
    (tmp_path / "unpacked").mkdir()
    folder = write(tmp_path / "unpacked")
    with zipfile.ZipFile(tmp_path / "own.zip", "w") as archive:
        for file in sorted(folder.parent.rglob("*")):
            archive.write(file, file.relative_to(folder.parent))
        archive.writestr("__MACOSX/._1.jpg", b"")
    zipped, plain = (
        opened(path, tmp_path / "home", **guess, max_broken=0.02) for path in (tmp_path / "own.zip", folder)
    )
    assert (zipped.labels, zipped.groups.names) == (labels, groups)
    assert levels(zipped) == levels(plain)


def test_loops_of_links_and_hidden_files_are_passed_over(tmp_path: Path) -> None:
    root = layouts.folders(tmp_path, ("men", "women"), ("no", "yes"), each=2)
    (root / "men" / "again").symlink_to(root, target_is_directory=True)
    shutil.copytree(root / "women", root / ".thumbnails")
    assert look(root, tmp_path / "home").columns[0].n_values == 8


@pytest.mark.parametrize("name", KNOWN)
def test_layout_runs_to_a_curve(name: str, tmp_path: Path) -> None:
    write, guess, labels, *_ = KNOWN[name]
    data = {"kind": "table", "path": str(write(tmp_path)), "max_broken": 0.02, **guess}
    model: dict[str, Any]
    if "image" in guess:
        data["image_size"] = 32
        model = {"kind": "image_model", "model": str(save_vit(tmp_path / "vit", labels))}
        trigger: dict[str, Any] = {"kind": "border"}
    else:
        data["split_sizes"] = {"train": 0.1, "tune": 0.3, "val": 0.2, "test": 0.2}
        named = {"id2label": dict(enumerate(labels)), "label2id": {label: i for i, label in enumerate(labels)}}
        folder = save_family("bert", tmp_path / "bert", n_classes=2, **named)
        model = {"kind": "encoder", "model": str(folder), "tuned": True, "max_length": 16}
        trigger = {"kind": "soft"}
    study = Study.parse({"dataset": data, "classifier": model, "triggers": [trigger], **SHORT})
    (tmp_path / "run").mkdir()
    list(execute(study, home=Home(tmp_path / "home"), folder=tmp_path / "run"))
    result = Result.open(tmp_path / "run")
    assert result.curves[0].lams == [0.3, 1]


def test_guide_lists_every_layout() -> None:
    text = (Path(__file__).resolve().parents[2] / "docs/guides/own-data.md").read_text("utf-8")
    section = text.partition("## Folders and known data sets")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| (.*?) \| (.*?) \| .* \|$", section, re.MULTILINE)[1:]
    assert rows == [(each.name, each.files) for each in LAYOUTS]
