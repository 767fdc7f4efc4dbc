"""What people who do this job ran into, as small inputs: each case once failed, and stands for its kind."""

import json
import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from fairprog_core.classifiers import CLASSIFIERS
from fairprog_core.classifiers.base import read_classifier, save_classifier
from fairprog_core.cli import main
from fairprog_core.cli.terminal.console import console, figures_table
from fairprog_core.common.errors import ArtifactError, DataError
from fairprog_core.common.home import Home, assets
from fairprog_core.common.records import Record
from fairprog_core.common.registry import build
from fairprog_core.common.types import Predictions
from fairprog_core.data import DATASETS, CelebAOptions, CivilCommentsOptions
from fairprog_core.data.celeba.dataset import CelebA
from fairprog_core.data.civil_comments.dataset import CivilComments
from fairprog_core.pipeline.execute import Execution
from fairprog_core.pipeline.jobs.frozen_base import base_key
from fairprog_core.results.result import Result
from fairprog_core.results.summary import SummaryRow
from fairprog_core.results.weak_base import WeakBase, find_weak_base, weak_base_sentence
from fairprog_core.runs import Store
from fairprog_core.study import Study
from fairprog_core.study.load import load_study, load_study_of
from tests.conftest import Finished
from tests.core.test_civil_comments import FILE, table, write

PARTS = (0,) * 12 + (1,) * 4 + (2,) * 4  # training, validation, test
NOON = 10**18  # a time of change, in nanoseconds


def celeba(root: Path, *, colour: int = 0, rows: Sequence[tuple[int, int]] = (), suffix: str = ".jpg") -> Path:
    """A folder of CelebA in the official layout: plain pictures, and (Blond_Hair, Male) of every row in turn."""
    values = [rows[i % len(rows)] if rows else (i % 2, i // 2 % 2) for i in range(len(PARTS))]
    pictures = root / ("img_align_celeba" if suffix == ".jpg" else "img_align_celeba_png")
    pictures.mkdir(parents=True)
    names = [f"{i:06d}" for i in range(1, len(PARTS) + 1)]
    for name in names:
        Image.new("RGB", (8, 8), (colour, 0, 0)).save(pictures / f"{name}{suffix}")
        with (pictures / f"{name}{suffix}").open("ab") as file:
            file.truncate(700)  # all files have the same size
    lines = [f"{name}.jpg {2 * blond - 1} {2 * male - 1}" for name, (blond, male) in zip(names, values, strict=True)]
    (root / "list_attr_celeba.txt").write_text("\n".join([str(len(names)), "Blond_Hair Male", *lines, ""]))
    parts = "".join(f"{name}.jpg {part}\n" for name, part in zip(names, PARTS, strict=True))
    (root / "list_eval_partition.txt").write_text(parts)
    for file in root.rglob("*"):
        os.utime(file, ns=(NOON, NOON))
    return root


def opened(root: Path | str, home: Home, **options: Any) -> CelebA:
    dataset: CelebA = build(DATASETS, CelebAOptions(root=str(root), **options), home)
    return dataset


# --- A1: two folders that differ in their pictures alone ------------------------------------


def test_pictures_of_another_folder_are_its_own_although_lists_names_sizes_and_times_agree(
    home: Home, tmp_path: Path
) -> None:
    black, red = celeba(tmp_path / "a"), celeba(tmp_path / "b", colour=255)
    one, other = opened(black, home), opened(red, home)
    assert one.split("test").x.max() < 10
    assert other.split("test").x[..., 0].min() > 245
    study = Study.model_validate({"dataset": {"kind": "celeba"}})
    assert base_key(study, one) != base_key(study, other), "a base that was trained on other pictures is another one"


def test_copy_of_a_folder_with_its_times_needs_no_second_decoding(home: Home, tmp_path: Path) -> None:
    digest = opened(celeba(tmp_path / "a"), home).split_digest("train")
    shutil.copytree(tmp_path / "a", tmp_path / "b")
    assert opened(tmp_path / "b", home).split_digest("train") == digest
    picture = tmp_path / "b" / "img_align_celeba" / "000003.jpg"
    Image.new("RGB", (8, 8), (60, 0, 0)).save(picture)
    os.utime(picture, ns=(NOON, NOON))
    assert opened(tmp_path / "b", home).split_digest("train") != digest


def test_comments_of_another_file_are_its_own_although_size_and_time_agree(home: Home, tmp_path: Path) -> None:
    files = [write(table().assign(comment_text=text), tmp_path / text / FILE) for text in ("one", "two")]
    for file in files:
        os.utime(file, ns=(NOON, NOON))
    one, other = (build(DATASETS, CivilCommentsOptions(root=str(file)), home) for file in files)
    assert isinstance(one, CivilComments)
    assert {*one.split("val").x, *other.split("val").x} == {"one", "two"}


# --- A13, A14, A15, A16, A21: layouts as people keep them --------------------------------------


@pytest.mark.parametrize("cut", [0, 1])
@pytest.mark.parametrize("no", ["-1", "0"])
def test_list_without_its_first_line_and_with_zeros_gives_the_same_rows(
    cut: int, no: str, home: Home, tmp_path: Path
) -> None:
    expected = opened(celeba(tmp_path / "a"), home).split("test")
    file = celeba(tmp_path / "b") / "list_attr_celeba.txt"
    file.write_text("\n".join(file.read_text().replace("-1", no).split("\n")[cut:]))
    found = opened(tmp_path / "b", home).split("test")
    assert found.y.tolist() == expected.y.tolist() == [0, 1, 0, 1]
    assert found.z.tolist() == expected.z.tolist() == [0, 0, 1, 1]


def test_list_written_by_pandas_names_its_first_column(home: Home, tmp_path: Path) -> None:
    file = celeba(tmp_path / "a") / "list_attr_celeba.txt"
    file.write_text(file.read_text().replace("20\nBlond_Hair", "image_id Blond_Hair"))
    assert opened(tmp_path / "a", home).split("test").y.tolist() == [0, 1, 0, 1]


@pytest.mark.parametrize("header", ["", "image_id,partition\n"])
def test_partition_of_kaggle_without_its_header_loses_no_picture(header: str, home: Home, tmp_path: Path) -> None:
    root = celeba(tmp_path / "a")
    text = (root / "list_eval_partition.txt").read_text()
    (root / "list_eval_partition.txt").unlink()
    (root / "list_eval_partition.csv").write_text(header + text.replace(" ", ","))
    assert sum(len(images) for images in opened(root, home)._listed.values()) == len(PARTS)


def test_list_that_mixes_minus_one_and_zero_is_told(home: Home, tmp_path: Path) -> None:
    file = celeba(tmp_path / "a") / "list_attr_celeba.txt"
    file.write_text(file.read_text().replace("000003.jpg -1", "000003.jpg 0"))
    with pytest.raises(DataError, match="line 5: found 0, 1; a value must be -1 or 1, or throughout 0 or 1"):
        opened(tmp_path / "a", home).split("test")


@pytest.mark.parametrize("start", ["", "20\n"])
def test_list_without_the_names_of_its_attributes_is_told(start: str, home: Home, tmp_path: Path) -> None:
    file = celeba(tmp_path / "a") / "list_attr_celeba.txt"
    file.write_text(file.read_text().replace("20\nBlond_Hair Male\n", start))
    with pytest.raises(DataError, match="names of the attributes must come before the rows"):
        opened(tmp_path / "a", home).split("test")


def test_png_archive_of_the_authors_is_read_under_lists_that_say_jpg(home: Home, tmp_path: Path) -> None:
    found = opened(celeba(tmp_path / "a", colour=200, suffix=".png"), home).split("test")
    assert np.array_equal(np.unique(found.x[..., 0]), [200])
    assert found.y.tolist() == [0, 1, 0, 1]


def test_semicolons_and_tabs_instead_of_commas_are_told(home: Home, tmp_path: Path) -> None:
    for separator, name in ((";", "semicolons"), ("\t", "tabs")):
        table().to_csv(tmp_path / FILE, sep=separator)
        with pytest.raises(DataError, match=f"is separated by {name}; save it separated by commas"):
            build(DATASETS, CivilCommentsOptions(root=str(tmp_path)), home).split("val")


def test_pictures_that_are_missing_are_counted_before_any_is_decoded(home: Home, tmp_path: Path) -> None:
    root = celeba(tmp_path / "a")
    for i in (1, 3, 5, 18):
        (root / "img_align_celeba" / f"{i:06d}.jpg").unlink()
    with pytest.raises(DataError) as error:
        opened(root, home).check(("test", "val"))
    assert "1 of 4 pictures of the test split are missing" in str(error.value)
    assert "e.g. 000018.jpg; unpack them again, or set dataset.missing to leave_out to use the 16" in str(error.value)
    assert not home.cache.exists()


def test_pictures_that_are_there_are_used_and_counted_where_the_study_says_so(home: Home, tmp_path: Path) -> None:
    root = celeba(tmp_path / "a")
    for i in (1, 3, 5, 18):
        (root / "img_align_celeba" / f"{i:06d}.jpg").unlink()
    found = opened(root, home, missing="leave_out", max_train=4, tuning_ratio=0.2)
    assert [len(found.split(name).y) for name in ("train", "tune", "val", "test")] == [4, 2, 4, 3]
    (note,) = found.notes()
    assert note.startswith("CelebA: 16 of the 20 pictures that the lists name are in ")
    assert note.endswith("; the others are left out.")
    more = {"dataset": found.options.to_json(), "criteria": [{"kind": "demographic_parity"}]}
    warned = [record for record in prepared(root, home, **more) if record["kind"] == "warning"]
    assert (warned[0]["text"], warned[0]["is_grave"]) == (note, False)
    assert opened(celeba(tmp_path / "b"), home, missing="leave_out").notes() == []


# --- A12: a text field takes the text -------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("2024", "2024"), ("1e5", "1e5"), ("true", "true"), ("none", "none"), ("a,b", "a,b"), ("[x]", "[x]"),
        ("2024-01-31", "2024-01-31"), ("'2024'", "2024"), ('"a,b"', "a,b"), ("{a = 1}", "{a = 1}"),
    ],
)  # fmt: skip
def test_name_that_is_written_like_another_value_is_a_text(text: str, name: str) -> None:
    assert load_study("faces-quick", [f"name={text}"]).name == name


def test_path_with_a_comma_is_one_path() -> None:
    study = load_study_of("celeba", ["dataset.root=/data/a,b"])
    assert study.dataset.root == "/data/a,b"
    assert load_study_of("celeba", ["dataset.root="]).dataset.root == ""


def test_list_of_texts_takes_texts_and_other_fields_take_what_they_took() -> None:
    assert load_study_of("celeba", ["dataset.target=2024,1e5", "dataset.max_val="]).dataset.target == ("2024", "1e5")
    assert load_study_of("celeba", ['dataset.target=["a b", "c"]']).dataset.target == ("a b", "c")
    study = load_study("faces-quick", ["seeds=0,1", "triggers=border,patch", "triggers.0.photo=0.8", "threads=2"])
    assert (study.seeds, study.threads, study.triggers[0].photo) == ((0, 1), 2, 0.8)
    other = load_study("faces-quick", ["transfer=[{base_seed=1, name='5'}]", "transfer.0.name=2024"]).transfer[0]
    assert (other.base_seed, other.name) == (1, "2024")


# --- A9: a gap that cannot be estimated is told before anything is trained ------------------------


def few_women_with_it(i: int) -> tuple[int, int]:
    """(label, Male) of a row: men with and without it, women without it."""
    return (0, 0) if i % 2 else (i // 2 % 2, 1)


def test_gap_that_needs_a_cell_without_rows_is_told_before_the_base_is_trained(home: Home, tmp_path: Path) -> None:
    root = celeba(tmp_path / "a", rows=[few_women_with_it(i) for i in range(4)])
    with pytest.raises(DataError) as error:
        prepared(root, home)
    assert str(error.value) == (
        "The equalized-odds gap cannot be estimated: no row of the validation split is female, blond hair (0 of 2); "
        "choose another label, or the criterion demographic_parity, which needs no rows of each label."
    )
    assert not home.models.exists()
    assert "The base classifier is ready" in [
        record.get("label") for record in prepared(root, home, criteria=[{"kind": "demographic_parity"}])
    ]


def test_gap_of_a_cell_that_other_splits_have_asks_for_more_rows_too(home: Home, tmp_path: Path) -> None:
    rows = [few_women_with_it(i) for i in range(len(PARTS))]
    rows[13] = (1, 0)  # a validation row
    with pytest.raises(DataError, match=r"test split is female.*; use more test rows, choose another label, or the"):
        prepared(celeba(tmp_path / "a", rows=rows), home)


def prepared(root: Path, home: Home, **more: Any) -> list[Record]:
    """The records of a study until its base is ready."""
    classifier = {"kind": "residual_net", "source": "train", "epochs": 1}
    study = Study.parse({"dataset": {"kind": "celeba", "root": str(root)}, "classifier": classifier} | more)
    folder = home.run("x")
    folder.mkdir(parents=True, exist_ok=True)
    return list(Execution(study, home, folder).prepare())


# --- A2: a base that is worse than the most frequent label -----------------------------------------


SMALL = (
    "dataset.n_tune=64", "dataset.n_val=64", "dataset.n_test=96", "lam.grid=0,4", "budget.steps=4",
    "explain.gallery=0", "explain.rows=0", "explain.probe=false", "device=cpu", "triggers=border",
)  # fmt: skip


@pytest.fixture
def swapped(home: Home) -> Study:
    """A study on the shipped base of the drawn faces, of which the home holds one with the two classes swapped."""
    study = load_study("faces-quick", SMALL)
    key = base_key(study, build(DATASETS, study.dataset, home))
    classifier, _ = read_classifier(assets() / "classifiers" / f"{key}.safetensors", CLASSIFIERS)
    head = [module for module in classifier.modules() if isinstance(module, torch.nn.Linear)][-1]
    with torch.no_grad():
        head.weight.copy_(head.weight.flip(0))
        head.bias.copy_(head.bias.flip(0))
    home.models.mkdir()
    about: dict[str, Any] = {"labels": ["not blond", "blond"], "groups": ["female", "male"], "seed": 0, "key": key}
    save_classifier(classifier, home.models / f"{key}.safetensors", **about)
    return study


def test_base_with_swapped_classes_is_told_before_training_and_after_the_run(
    swapped: Study, home: Home, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "swapped.json"
    file.write_text(json.dumps(swapped.to_json()))
    with pytest.raises(SystemExit) as ended:
        main(["run", str(file), "--json", str(tmp_path / "result.json")])
    err = capsys.readouterr().err
    assert ended.value.code == 0
    before, after = err.splitlines()
    start = "fairprog: The base classifier is worse than always predicting the most frequent label: its accuracy on the"
    for line, rows in ((before, "validation"), (after, "test")):
        assert line.startswith(f"{start} {rows} rows is ")
        assert "The order of its classes may be swapped: in another order its accuracy would be " in line
    weak = json.loads((tmp_path / "result.json").read_text())["weak_base"]
    assert weak["accuracy"] + weak["swapped_accuracy"] == pytest.approx(1)
    assert weak["accuracy"] < weak["majority_accuracy"] < weak["swapped_accuracy"]
    with Store(home) as store:
        (run,) = store.list()
        kinds = [record["kind"] for record in store.records(run.id)]
    assert kinds.index("warning") < kinds.index("train")
    assert run.figures[0]["weak_base"] == weak == Result.open(home.run(run.id)).weak_base


def test_weak_base_by_hand() -> None:
    """Labels 0 0 0 1 1: always the most frequent label is right on .6; the answers 1 1 1 0 1 on .2, swapped on .8."""
    y, z = np.array([0, 0, 0, 1, 1]), np.zeros(5, dtype=np.int64)

    def found(*answers: int, weight: Sequence[float] = (1, 1, 1, 1, 1), n_classes: int = 2) -> WeakBase | None:
        rows = np.arange(5)
        return find_weak_base(
            Predictions(None, np.array(answers), y, z, np.array(weight, dtype=float), rows), n_classes=n_classes
        )

    assert found(1, 1, 1, 0, 1) == pytest.approx({"accuracy": 0.2, "majority_accuracy": 0.6, "swapped_accuracy": 0.8})
    assert found(0, 0, 0, 0, 0) == pytest.approx({"accuracy": 0.6, "majority_accuracy": 0.6, "swapped_accuracy": None})
    assert found(0, 0, 0, 1, 0) is None
    assert found(2, 2, 0, 1, 0, n_classes=3) == {
        "accuracy": pytest.approx(0.4), "majority_accuracy": pytest.approx(0.6), "swapped_accuracy": None
    }  # fmt: skip
    assert found(2, 2, 2, 1, 0, n_classes=3) == {
        "accuracy": pytest.approx(0.2), "majority_accuracy": pytest.approx(0.6), "swapped_accuracy": pytest.approx(0.8)
    }  # fmt: skip
    assert found(0, 0, 0, 0, 1, weight=(1, 1, 1, 9, 1)) is not None, "weighted: 4 of 13 right, the label 1 is on 10"


def test_sentence_of_a_weak_base_says_how_weak() -> None:
    weak = WeakBase(accuracy=0.6, majority_accuracy=0.6, swapped_accuracy=None)
    assert weak_base_sentence(weak, "test") == (
        "The base classifier is no better than always predicting the most frequent label: its accuracy on the test "
        "rows is 0.600, that of the label 0.600; a gap of such a base means little."
    )


def test_result_of_an_earlier_version_says_it_too(finished: Finished, tmp_path: Path) -> None:
    values = finished.result.to_json()
    assert values.pop("weak_base") == pytest.approx(Result.from_json(values, folder=tmp_path).weak_base)
    values["majority_accuracy"] = 0.1
    assert Result.from_json(values, folder=tmp_path).weak_base is None
    values["weak_base"] = {"accuracy": "much"}
    with pytest.raises(ArtifactError, match="damaged"):
        Result.from_json(values, folder=finished.folder)


# --- A11, A18: paths of a study, names in tables -----------------------------------------------------


def test_relative_folder_of_a_study_holds_after_the_working_directory_changes(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    celeba(tmp_path / "project" / "data")
    file = tmp_path / "project" / "s.toml"
    (tmp_path / "project" / "model").mkdir()
    file.write_text('dataset = {kind = "celeba", root = "data"}')
    monkeypatch.chdir(tmp_path / "project")
    saved = load_study("s.toml").to_json()
    monkeypatch.chdir("/")
    study = Study.parse(saved)
    assert study.dataset.root == str(tmp_path / "project" / "data")
    assert len(opened(study.dataset.root, home).split("val").y) == 4
    shutil.rmtree(tmp_path / "project" / "data")
    with pytest.raises(DataError, match="/project/data does not exist"):
        opened(study.dataset.root, home).split("val")


def test_relative_folder_of_a_model_is_stored_absolute(tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    (tmp_path / "s.toml").write_text('dataset = "comments"\nclassifier = {kind = "encoder", model = "model"}')
    assert load_study(tmp_path / "s.toml").classifier.model == str(tmp_path / "model")


def test_name_with_an_emoji_code_stays_as_it_is_in_the_table_of_a_run(capsys: pytest.CaptureFixture[str]) -> None:
    row = SummaryRow(
        method="reprogram", trigger=":smile:", criterion=None, seeds=[0], collapsed=False, accuracy=0.5, gap=0.5,
        accuracy_ci=None, gap_ci=None, base_accuracy=0.5, base_gap=0.5, lam=[1.0],
    )  # fmt: skip
    console().print(figures_table([row], "a :smile: [red]b[/red], test split"))
    out = capsys.readouterr().out
    assert "a :smile: [red]b[/red], test split" in out
    assert out.count(":smile:") == 2
