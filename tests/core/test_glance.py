"""What a visitor sees of a trigger while it learns; nothing of it may change what is learned."""

import base64
import io
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from safetensors.numpy import load_file

from fairprog_core.common.home import Home
from fairprog_core.common.types import Predictions
from fairprog_core.data import FacesOptions
from fairprog_core.data.faces.dataset import Faces
from fairprog_core.data.faces.on_demand import PicturesOnDemand
from fairprog_core.data.sampling import EvenSampler
from fairprog_core.methods.reprogramming import reprogram
from fairprog_core.methods.reprogramming.picture_batches import PictureBatches
from fairprog_core.pipeline.execute import execute
from fairprog_core.pipeline.jobs.curve import CurveJob
from fairprog_core.pipeline.jobs.glance import least_sure
from fairprog_core.study import Study
from fairprog_core.triggers.base import Trigger

SMALL = {
    "name": "small",
    "dataset": {"kind": "faces", "n_train": 96, "n_tune": 64, "n_val": 64, "n_test": 64, "image_size": 32},
    "classifier": {"kind": "residual_net", "epochs": 1},
    "budget": {"steps": 12, "validate_every": 11, "validate_rows": 32},
    "explain": {"gallery": 0, "rows": 0, "probe": False},
    "lam": {"grid": [0, 1, 4]},
}


def run(home: Home, name: str) -> tuple[list[Any], dict[str, Any]]:
    """The records of the study, and the values of its trigger."""
    folder = home.run(name)
    folder.mkdir(parents=True)
    records = list(execute(Study.parse(SMALL), home=home, folder=folder))
    return records, load_file(next(folder.rglob("trigger.safetensors")))


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> tuple[Home, list[Any], dict[str, Any], list[Any]]:
    """A home; records and trigger of a run whose base is shipped; records of the one before, which trained it."""
    home = Home(tmp_path_factory.mktemp("glance"))
    first, _ = run(home, "first")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("fairprog_core.pipeline.execute.assets", lambda: home.path)  # as if its bases were shipped
        return home, *run(home, "second"), first


def test_trigger_is_the_same_to_the_last_bit_if_nobody_looks(seen, monkeypatch) -> None:
    home, records, trigger, _ = seen
    monkeypatch.setattr("fairprog_core.methods.reprogramming.reprogram._angle", lambda *_: ())
    monkeypatch.setattr(CurveJob, "_look", lambda *_: None)
    unseen, other = run(home, "unseen")
    assert not [record for record in unseen if record["kind"] == "live" or "angle" in record]
    assert [record for record in records if record["kind"] == "live"]
    assert trigger.keys() == other.keys()
    assert all(np.array_equal(trigger[name], other[name]) for name in trigger)


def test_six_rows_are_shown_with_their_verdicts(seen) -> None:
    live = [record for record in seen[1] if record["kind"] == "live"]
    assert [record["step"] for record in live] == list(range(1, 13))
    for record in live:
        assert len(record["rows"]) == 6
        for row in record["rows"]:
            picture = Image.open(io.BytesIO(base64.b64decode(row["picture"].partition(",")[2])))
            assert (picture.format, picture.size) == ("JPEG", (32, 32))
            assert row["shown"] == "blond"
            assert (row["said_after"] == "blond") == (row["after"] > 0.5)
    assert [row["before"] for row in live[0]["rows"]] == [row["before"] for row in live[-1]["rows"]]
    assert [row["after"] for row in live[0]["rows"]] != [row["after"] for row in live[-1]["rows"]]
    assert len({(row["label"], *row["groups"]) for row in live[0]["rows"]}) == 4


def test_rough_curve_stands_until_the_first_validation(seen) -> None:
    rough = [record for record in seen[1] if record["kind"] == "live" and "front" in record]
    assert [record["step"] for record in rough] == [1, 10]
    assert rough[0]["front"]["lam"] == [0, 1, 4]
    assert rough[0]["n_rows"] == 64


def test_trigger_learns_before_a_shipped_base_is_measured(seen) -> None:
    def place(records: list[Any], **wanted: object) -> int:
        return next(i for i, r in enumerate(records) if all(r.get(key) == value for key, value in wanted.items()))

    measured = {"kind": "stage", "label": "The base classifier is measured"}
    assert place(seen[1], kind="train", step=12) < place(seen[1], **measured)
    assert place(seen[3], **measured) < place(seen[3], kind="train", step=1)


def test_pictures_on_demand_are_those_of_the_cache(tmp_path: Path) -> None:
    options = FacesOptions(n_tune=64, n_val=16, image_size=32)
    whole, lazy = Faces(options, Home(tmp_path / "a")), Faces(options, Home(tmp_path / "b"))
    expected, found = whole.split("tune"), lazy.split_on_demand("tune")
    assert found is not None
    assert np.array_equal(found.x[[7, 2, 7]], expected.x[[7, 2, 7]])
    assert np.array_equal(found.x[3], expected.x[3])
    assert np.array_equal(np.asarray(found.x), expected.x)
    assert (np.array_equal(found.y, expected.y), np.array_equal(found.z, expected.z)) == (True, True)
    for _ in lazy.prepare_split("tune"):
        pass
    assert np.array_equal(found.x[:], expected.x)
    assert lazy.split_on_demand("tune") is None


def test_trigger_is_the_same_whatever_is_drawn_cached_or_interrupted(seen, tmp_path, monkeypatch) -> None:
    """To the last bit: on pictures that are drawn when they are first used, and resumed on those of the cache."""
    home, _, expected, _ = seen
    cold = Home(tmp_path / "cold")
    shutil.copytree(home.models, cold.models)
    monkeypatch.setattr("fairprog_core.pipeline.execute.assets", lambda: cold.path)
    kinds = []

    def picture_batches(sampler: EvenSampler, trigger: Trigger) -> PictureBatches:
        kinds.append(type(sampler.split.x))
        return usual(sampler, trigger)

    usual = reprogram.picture_batches
    monkeypatch.setattr(reprogram, "picture_batches", picture_batches)
    (folder := cold.run("x")).mkdir(parents=True)
    records = execute(Study.parse(SMALL), home=cold, folder=folder)
    for record in records:
        if record["kind"] == "train" and record["step"] == 5:
            break
    records.close()
    assert list(folder.rglob("checkpoint*"))
    for _ in Faces(FacesOptions.model_validate(SMALL["dataset"]), cold).prepare_split("tune"):
        pass
    list(execute(Study.parse(SMALL), home=cold, folder=folder))
    assert (kinds[0], issubclass(kinds[1], np.ndarray)) == (PicturesOnDemand, True)
    found = load_file(next(folder.rglob("trigger.safetensors")))
    assert all(np.array_equal(found[name], expected[name]) for name in expected)


def test_least_sure_rows_are_taken_from_each_cell_in_turn() -> None:
    """Differences of the two logits: cell 0 has .5 and .1, cell 1 has .3 and .2."""
    logits = np.array([[0.5, 0], [0.1, 0], [0, 0.3], [0, 0.2]], np.float32)
    y, cells = np.zeros(4, np.int64), np.array([0, 0, 1, 1])
    base = Predictions(logits, logits.argmax(1), y, y, np.ones(4), np.arange(4))
    assert least_sure(base, cells, 3).tolist() == [1, 3, 0]
