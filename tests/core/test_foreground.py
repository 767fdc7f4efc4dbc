"""The library in ten lines: run a study, load what it made, put the trigger in front of the classifier."""

import numpy as np
import pytest
import torch

import fairprog_core as fp
from fairprog_core.common.errors import ConfigError, DataError, RunError
from fairprog_core.common.registry import build


def test_run_leaves_a_finished_row_and_a_complete_result(finished):
    store = fp.Store(finished.home)
    run = store.get(finished.run_id)
    store.close()
    assert (run.state, run.fraction, run.error) == ("done", 1.0, None)
    assert finished.result.is_complete
    assert [curve.key for curve in finished.result.curves] == ["reprogram-border-equalized_odds-s0"]


def test_loaded_trigger_in_front_of_the_loaded_classifier_gives_the_stored_predictions(finished):
    """What a user builds from the two files answers exactly as the run did on its test split."""
    from fairprog_core.data import DATASETS

    result = finished.result
    (curve,) = result.curves
    lam = curve.lams[-1]
    (point,) = result.select(method="reprogram", lam=lam)
    stored = result.predictions(point)

    split = build(DATASETS, finished.study.dataset, finished.home).split("test")
    images = torch.from_numpy(np.array(split.x)).permute(0, 3, 1, 2).float() / 255
    classifier = fp.load_classifier(finished.folder / "base" / "classifier.safetensors")
    with torch.inference_mode():
        logits = fp.load_trigger(curve.artifact).wrap(classifier, lam=lam)(images)
    np.testing.assert_allclose(logits.numpy(), stored.logits, atol=1e-5)


def test_run_of_an_unknown_preset_says_which_there_are(home):
    with pytest.raises(ConfigError, match="faces-quick"):
        fp.run("fases-quick")


def test_run_that_fails_keeps_its_sentence_in_the_table(home, tmp_path):
    with pytest.raises((RunError, DataError), match="celeba"):
        fp.run("faces-quick", overrides=["dataset=celeba", f"dataset.root={tmp_path / 'celeba'}"], home=home)
    store = fp.Store(home)
    (run,) = store.list()
    store.close()
    assert run.state == "failed"
    assert "celeba" in run.error


def test_unknown_public_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'debias'"):
        _ = fp.debias
    assert set(fp.__all__) <= set(dir(fp))
