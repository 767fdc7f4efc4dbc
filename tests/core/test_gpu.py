"""Whole studies on a GPU: everything that learns or looks inside, and what it says on a CPU afterwards."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import fairprog_core as fp
from fairprog_core.api.run import run
from fairprog_core.classifiers.predict import predict
from fairprog_core.common.home import Home
from fairprog_core.common.registry import build
from fairprog_core.data import DATASETS
from fairprog_core.data.base import Dataset
from fairprog_core.pipeline.execute import execute
from fairprog_core.pipeline.jobs.frozen_base import load_classifier
from fairprog_core.results.result import Result
from fairprog_core.study import Study
from tests import own_models
from tests.conftest import every_method
from tests.tiny_encoders import save_family

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU here")

LOOK = {"gallery": 4, "rows": 24, "probe": True}


def pictures(**changes: Any) -> Study:
    """A tiny study of pictures on the GPU, with every method."""
    return Study.parse(every_method() | {"device": "cuda"} | changes)


def texts(folder: Path, **changes: Any) -> Study:
    """A tiny study of texts on the GPU, with every method."""
    encoder = save_family("bert", folder, max_position_embeddings=220)
    return pictures(
        dataset={"kind": "comments", "n_train": 96, "n_tune": 96, "n_val": 48, "n_test": 48},
        classifier={"kind": "encoder", "model": str(encoder), "source": "train", "steps": 4},
        **changes,
    )


def check(result: Result) -> None:
    """Everything was finished on the GPU, and its numbers are numbers."""
    assert result.is_complete
    assert result.environment["device"] == torch.cuda.get_device_name()
    for point in result.points:
        assert 0 < point.metric("accuracy").value <= 1
        logits = result.predictions(point).logits
        assert logits is None or np.isfinite(logits).all()


@pytest.mark.parametrize("trigger", ["border", "patch", "learned_mask"])
def test_every_method_on_pictures(trigger: str, home: Home) -> None:
    check(run(pictures(triggers=[{"kind": trigger}], explain=LOOK), home=home))


@pytest.mark.parametrize("trigger", ["soft", "hard"])
def test_every_method_on_texts(trigger: str, home: Home, tmp_path: Path) -> None:
    check(run(texts(tmp_path / "encoder", triggers=[{"kind": trigger}], explain=LOOK), home=home))


@pytest.mark.parametrize("penalty", ["group_gap", "mmd", "hsic"])
def test_every_penalty(penalty: str, home: Home) -> None:
    methods = [{"kind": kind, "penalty": penalty, "pseudo_labels": True} for kind in ("reprogram", "adv_post")]
    check(run(pictures(methods=methods), home=home))


def test_what_was_learned_says_the_same_on_a_cpu(home: Home) -> None:
    study = pictures(methods=[{"kind": "reprogram"}])
    result = run(study, home=home)
    (curve,) = result.curves
    classifier = load_classifier(result.folder / "base" / "classifier.safetensors")
    dataset: Dataset = build(DATASETS, study.dataset, home)
    split = classifier.prepare(dataset.split("test"))
    for lam in curve.lams:
        (point,) = result.select(method="reprogram", lam=lam)
        here = predict(fp.load_trigger(curve.artifact).wrap(classifier, lam=lam), split)
        assert np.allclose(here.logits, result.predictions(point).logits, atol=1e-3)


def test_interrupted_study_goes_on_with_the_same_numbers(home: Home, tmp_path: Path) -> None:
    study = pictures(methods=[{"kind": "reprogram"}, {"kind": "adv_post"}], budget={"steps": 6, "validate_every": 2})
    folder = home.run("interrupted")
    records = execute(study, home=home, folder=folder)
    for record in records:
        if record["kind"] == "train" and record["step"] == 3:
            break
    records.close()
    for _ in execute(study, home=home, folder=folder):
        pass
    whole = run(study, home=Home.find(tmp_path / "other"))
    gone_on = Result.open(folder)
    for point in gone_on.points:
        (same,) = whole.select(method=point.method, lam=point.lam)
        assert np.array_equal(gone_on.predictions(point).logits, whole.predictions(same).logits)


def test_own_model_computes_on_the_gpu_and_is_back_on_the_cpu_afterwards() -> None:
    model = own_models.small_net()
    before = [(value.data_ptr(), value.detach().clone()) for value in model.parameters()]
    rows = {"tune": own_models.pictures(200, 1), "validation": own_models.pictures(200, 2, agreement=0.7)}
    fair = fp.reprogram(
        model, **rows, trigger="border", criterion="equalized_odds", lams=[0, 2], steps=4, device="cuda", progress=False
    )
    found = fair.evaluate(*own_models.pictures(200, 3, agreement=0.7))
    assert fair.device.type == "cuda"
    assert np.isfinite(found["accuracy"]).all()
    after = [(value.data_ptr(), value) for value in model.parameters()]
    assert all(
        place == other and torch.equal(value, old) for (place, value), (other, old) in zip(after, before, strict=True)
    )
    assert fair.module()(own_models.as_tensor(rows["tune"].x[:2])).shape == (2, 2)
