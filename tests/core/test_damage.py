"""Damaged cache entries: each is told once, kept under another name, and made again with the same numbers."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from fairprog_core.classifiers import CLASSIFIERS
from fairprog_core.classifiers.base import read_classifier, save_classifier
from fairprog_core.common.errors import ArtifactError, ModelError
from fairprog_core.common.home import Home, making_once
from fairprog_core.common.registry import build
from fairprog_core.data import DATASETS, CommentsOptions, FacesOptions
from fairprog_core.pipeline.execute import execute
from fairprog_core.pipeline.jobs.frozen_base import base_key, find_base, find_damage, train_base
from fairprog_core.study import Study
from tests.conftest import TINY
from tests.fuzz.mutations import without_checksum

CPU = torch.device("cpu")
REUSING = TINY | {"reuse": True, "classifier": {**TINY["classifier"], "source": "auto"}}
SMALL: dict[str, Any] = {"image_size": 32, "n_train": 96, "n_tune": 64, "n_val": 16, "n_test": 32}


def run(home: Home, name: str) -> dict[str, Any]:
    """The result of a run, without seconds and paths, which may differ from run to run."""
    for _ in execute(Study.parse(REUSING), home=home, folder=home.run(name)):
        pass
    values: dict[str, Any] = json.loads((home.run(name) / "result.json").read_text("utf-8").replace(f"runs/{name}", ""))
    values.pop("seconds")
    for curve in values["curves"]:
        curve.pop("seconds")
    return values


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """A home with one run, and that run's numbers. Copy it, do not change it."""
    home = Home.find(tmp_path_factory.mktemp("first"))
    return home.path, run(home, "first")


@pytest.fixture
def home(first: tuple[Path, dict[str, Any]], tmp_path: Path) -> Home:
    shutil.copytree(first[0], tmp_path / "home")
    return Home.find(tmp_path / "home")


def truncate(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-100])


def empty(file: Path) -> None:
    file.write_bytes(b"")


def lengthen(file: Path) -> None:
    file.write_bytes(file.read_bytes() + b"more")


def overwrite(file: Path) -> None:
    file.write_bytes(b"nothing")


def halve(file: Path) -> None:
    np.save(file, np.load(file)[::2])


def retype(file: Path) -> None:
    np.save(file, np.load(file).astype(np.int8))


def flip(file: Path) -> None:
    """One bit of the last value: still a number, and of the same size."""
    content = file.read_bytes()
    file.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))


def put_nan(file: Path) -> None:
    classifier, header = read_classifier(file, CLASSIFIERS)
    next(classifier.parameters()).data.view(-1)[0] = torch.nan
    about = {name: header[name] for name in ("key", "seed", "labels", "groups", "dataset", "data")}
    save_classifier(classifier, file, **about)


# --- all at once ------------------------------------------------------------------------


def test_run_goes_on_with_the_same_numbers_when_every_kind_of_entry_is_damaged(
    home: Home, first: tuple[Path, dict[str, Any]], caplog: pytest.LogCaptureFixture
) -> None:
    pixels = sorted(home.cache.glob("data/*/x.npy"))
    files = [*home.models.glob("*.safetensors"), *home.cache.glob("demographic/*.safetensors")]
    (learned,) = (path for path in home.cache.glob("learned/*") if path.is_file() and path.suffix != ".lock")
    for number, file in enumerate((*pixels, *files, learned)):
        (flip, truncate)[number % 2](file)
    assert run(home, "second") == first[1]
    entries = {file.parent for file in pixels} | {*files, learned}
    said = [record.getMessage() for record in caplog.records]
    assert len(said) == len(entries) == 4 + 1 + 3 + 1
    for entry in entries:
        (sentence,) = (each for each in said if each.startswith(f"{entry} is damaged ("))
        assert sentence.endswith(f"; it is kept as {entry.name}.damaged and made again.")
        assert entry.with_name(f"{entry.name}.damaged").exists()
        assert entry.exists()


# --- data -------------------------------------------------------------------------------


@pytest.mark.parametrize("damage", [truncate, empty, lengthen, overwrite, halve, retype, flip, Path.unlink])
def test_damaged_column_is_made_again(
    damage: Callable[[Path], None], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    dataset = build(DATASETS, FacesOptions(**SMALL), Home(tmp_path))
    x, hair = np.array(dataset.split("val").x), np.array(dataset.regions("val")["hair"])
    for file in tmp_path.rglob("*.npy"):
        damage(file)
    np.testing.assert_array_equal(dataset.split("val").x, x)
    np.testing.assert_array_equal(dataset.regions("val")["hair"], hair)
    assert len(caplog.records) == len(list(tmp_path.rglob("*.damaged"))) == 2
    dataset.split("val")
    assert len(caplog.records) == 2


@pytest.mark.parametrize("damage", [truncate, empty, overwrite, flip, Path.unlink])
def test_damaged_table_is_made_again(
    damage: Callable[[Path], None], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    options = CommentsOptions(n_train=96, n_tune=96, n_val=24, n_test=24)
    dataset = build(DATASETS, options, Home(tmp_path))
    x = dataset.split("val").x.tolist()
    (file,) = tmp_path.rglob("rows.arrow")
    damage(file)
    assert dataset.split("val").x.tolist() == x
    assert len(caplog.records) == len(list(tmp_path.rglob("*.damaged"))) == 1


def test_columns_of_different_length_are_damage(tmp_path: Path) -> None:
    """CelebA's labels and groups: how many rows there are is not known, but that they are as many."""
    from fairprog_core.data.cache import Array, Columns

    columns, expected = Columns(tmp_path), dict.fromkeys(("y", "z"), Array((None,), np.int64))
    columns.create("y", (4,), np.int64)
    columns.create("z", (4,), np.int64)
    assert columns.find_damage(expected) is None
    columns.create("z", (3,), np.int64)
    assert columns.find_damage(expected) == "its columns differ in length"


def test_entry_damaged_twice_is_kept_twice(tmp_path: Path) -> None:
    entry = tmp_path / "entry"
    for content in ("one", "two"):
        entry.write_text(content)
        with making_once(entry, lambda _: "odd") as is_missing:
            assert is_missing
    assert [(tmp_path / f"entry.damaged{end}").read_text() for end in ("", "-2")] == ["one", "two"]


def test_home_of_a_version_without_checksums_is_used_as_it_is(
    home: Home, first: tuple[Path, dict[str, Any]], caplog: pytest.LogCaptureFixture
) -> None:
    files = sorted(home.path.rglob("*.safetensors"))
    for file in files:
        file.write_bytes(without_checksum(file.read_bytes()))
    for file in home.cache.rglob("checksums.json"):
        file.unlink()
    assert files
    before = {file: file.stat().st_mtime_ns for file in files}
    assert run(home, "second") == first[1]
    assert not caplog.messages
    assert {file: file.stat().st_mtime_ns for file in files} == before


def test_damaged_checksums_are_damage(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    dataset = build(DATASETS, FacesOptions(**SMALL), Home(tmp_path))
    x = np.array(dataset.split("val").x)
    (file,) = tmp_path.rglob("checksums.json")
    truncate(file)
    np.testing.assert_array_equal(dataset.split("val").x, x)
    (said,) = caplog.messages
    assert "(checksums.json cannot be read)" in said


# --- the base ---------------------------------------------------------------------------


@pytest.mark.parametrize("damage", [truncate, empty, overwrite, flip, put_nan])
def test_damaged_base_is_found_before_it_is_copied(damage: Callable[[Path], None], home: Home) -> None:
    study = Study.parse(REUSING)
    dataset = build(DATASETS, study.dataset, home)
    (file,) = home.models.glob("*.safetensors")
    assert find_base(study, dataset, home) == file
    damage(file)
    assert find_base(study, dataset, home) is None
    assert not file.exists()


def test_base_whose_weights_do_not_fit_its_description_is_damaged(home: Home) -> None:
    (file,) = home.models.glob("*.safetensors")
    classifier, _ = read_classifier(file, CLASSIFIERS)
    save_classifier(classifier, file, n_classes=3)
    assert find_damage(file) == "its weights do not fit its description"


def test_damaged_base_of_a_run_says_what_to_do_and_doing_it_helps(
    home: Home, first: tuple[Path, dict[str, Any]]
) -> None:
    own = home.run("first") / "base" / "classifier.safetensors"
    truncate(own)
    with pytest.raises(ArtifactError, match=r"base/classifier\.safetensors, the base that this run keeps, is damaged"):
        run(home, "first")
    own.unlink()
    assert run(home, "first") == first[1]


def test_damaged_curve_of_a_run_is_evaluated_again(
    home: Home, first: tuple[Path, dict[str, Any]], caplog: pytest.LogCaptureFixture
) -> None:
    """Its seconds are lost with their file, as nothing else holds them."""
    (curve,) = home.run("first").glob("curves/*/curve.json")
    for file in (curve, home.run("first") / "seconds.json"):
        truncate(file)
    assert run(home, "first") == first[1]
    (said,) = caplog.messages
    assert said.startswith(f"{curve} is damaged (")
    assert curve.exists()


def test_damaged_shipped_base_is_named_and_left_where_it_is(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = Study.parse(REUSING)
    dataset = build(DATASETS, study.dataset, home)
    key = base_key(study, dataset)
    shipped = tmp_path / "assets" / "classifiers" / f"{key}.safetensors"
    shipped.parent.mkdir(parents=True)
    (home.models / f"{key}.safetensors").rename(shipped)
    monkeypatch.setenv("FAIRPROG_ASSETS", str(tmp_path / "assets"))
    assert find_base(study, dataset, home) == shipped
    truncate(shipped)
    with pytest.raises(ArtifactError, match="install fairprog again"):
        find_base(study, dataset, home)
    assert shipped.exists()


def test_training_that_diverges_leaves_no_base(tmp_path: Path) -> None:
    """A base with weights that are no numbers would be found damaged again and again."""
    study = Study.parse(REUSING | {"classifier": {**REUSING["classifier"], "learning_rate": 0.1}})
    study = study.model_copy(update={"classifier": study.classifier.model_copy(update={"learning_rate": float("inf")})})
    home = Home(tmp_path)
    dataset = build(DATASETS, study.dataset, home)
    with pytest.raises(ModelError, match="not finite"):
        for _ in train_base(study, dataset, home, device=CPU):
            pass
    assert not list(home.models.glob("*.safetensors"))


# --- what is learned ----------------------------------------------------------------------


def test_demographic_weights_of_another_shape_are_learned_again(home: Home) -> None:
    from fairprog_core.common.files import model_file

    file = next(home.cache.glob("demographic/*.safetensors"))
    expected = load_file(file)
    assert model_file.find_damage(file, expected) is None
    save_file({**expected, "more": torch.zeros(1)}, file)
    assert model_file.find_damage(file, expected) == "it holds other weights than it should"
