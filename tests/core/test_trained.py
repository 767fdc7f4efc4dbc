"""What a result gives to a notebook: a table of its points, its triggers and its base classifier as modules."""

import io
import shutil
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch

import fairprog_core as fp
from fairprog_core.classifiers.predict import predict
from fairprog_core.common.errors import ArtifactError, ConfigError
from fairprog_core.common.registry import build
from fairprog_core.data import DATASETS
from fairprog_core.metrics.point import NOT_ESTIMABLE
from fairprog_core.metrics.summaries import points_csv
from fairprog_core.results.result import Result
from fairprog_core.results.trained import find_trigger
from tests.core.pages import ROOT


@pytest.fixture(scope="module")
def shipped():
    return Result.open(ROOT / "assets/demo/faces")


def test_result_is_shown_in_one_line(shipped):
    n = len(shipped.points)
    assert repr(shipped) == f"<Result: faces, {n} points of {len(shipped.curves)} curves; {shipped.folder}>"


def test_frame_holds_what_the_export_holds(shipped):
    table = shipped.to_frame()
    exported = pd.read_csv(io.StringIO(points_csv([shipped.base, *shipped.points])))
    assert table.columns.tolist() == exported.columns.tolist()
    pd.testing.assert_frame_equal(table, exported, rtol=1e-12, check_dtype=False)
    assert len(table) == 1 + len(shipped.points)
    gap = "average_abs_odds_difference"
    assert table.loc[0, gap] == shipped.base.metric(gap).value
    numbers = table.drop(columns=["method", "trigger", "criterion", "artifact_trigger", "artifact_predictions"])
    assert {column.dtype.kind for _, column in numbers.items()} <= set("fib")


def test_frame_of_what_nothing_can_be_estimated_of_is_numeric(shipped):
    """One row whose AUC is unknown: the column holds NaN, not None."""
    alone = replace(shipped, points=[], base=replace(shipped.base, metrics={"auc": NOT_ESTIMABLE}))
    assert alone.to_frame()["auc"].dtype == float
    assert alone.to_frame()["auc_low"].isna().all()


def test_trigger_and_base_predict_the_test_rows_as_the_study_did(finished):
    """As the points say: the study's own rows, through the modules that the result gives, have the stored logits."""
    result = finished.result
    split = build(DATASETS, finished.study.dataset, finished.home).split("test")
    base, trigger = result.base_classifier(), result.trigger("border")
    assert trigger.lam == result.curves[0].chosen_lam
    for model, point in ((base, result.base), (trigger.wrap(base), result.chosen()[0])):
        found, stored = predict(model, base.prepare(split)), result.predictions(point)
        np.testing.assert_allclose(found.logits, stored.logits, atol=1e-5)
    assert not any(value.requires_grad for module in (base, trigger) for value in module.parameters())
    assert not base.training
    assert not trigger.training


def test_trigger_alone_turns_pictures_into_pictures(shipped):
    trigger = shipped.trigger("border", criterion="equalized_odds")
    photos = torch.rand(2, 3, 64, 64)
    assert torch.equal(trigger(photos), fp.load_trigger(shipped.curves[0].artifact)(photos, 2.0))
    other = shipped.trigger("border", criterion="equalized_odds", lam=np.float32(8))
    assert other.lam == 8
    assert not torch.equal(other(photos), trigger(photos))


def test_trigger_on_texts_knows_the_words_of_its_base(made_up_comments):
    """The table of word vectors is the base's, so the trigger can be applied before it is put in front of one."""
    result = made_up_comments.result
    split = build(DATASETS, made_up_comments.study.dataset, made_up_comments.home).split("test")
    base = result.base_classifier()
    (name,) = {curve.trigger for curve in result.curves} - {None}
    trigger = result.trigger(name)
    x = base.to_input(base.prepare(split).x[:8])
    with torch.no_grad():
        logits = base(trigger(x))
        assert torch.allclose(logits, trigger.wrap(base)(x))
    (point,) = [point for point in result.chosen() if point.trigger == name]
    found = predict(trigger.wrap(base), base.prepare(split))
    np.testing.assert_allclose(found.logits, result.predictions(point).logits, atol=1e-4)


def test_first_seed_and_most_tuning_data_are_taken_unless_another_is_asked_for(shipped):
    """Three curves of one trigger; no file is read to find one."""
    curves = [
        replace(shipped.curves[0], seed=seed, tuning_ratio=share, key=f"{seed}-{share}")
        for seed, share in ((1, 1.0), (0, 0.5), (0, None))
    ]

    def find(**wanted):
        return find_trigger(curves, "border", **{"criterion": None, "seed": None} | wanted, folder=shipped.folder).key

    assert find() == "0-None"
    assert find(seed=1) == "1-1.0"


@pytest.mark.parametrize(
    ("wanted", "sentence"),
    [
        ({"name": "soft"}, "has no trigger 'soft'; there is: border, patch"),
        ({"name": "border"}, "The trigger 'border' was trained for equalized_odds and demographic_parity; say which"),
        (
            {"name": "border", "criterion": "dp"},
            "has no criterion 'dp' for the trigger 'border'; there is: equalized_odds, demographic_parity",
        ),
        ({"name": "patch", "criterion": "equalized_odds", "seed": 7}, "has no seed 7 for .*; there is: 0"),
        ({"name": "border", "criterion": "equalized_odds", "lam": 31}, "lam is 31; .* λ from 0 to 30"),
        ({"name": "border", "criterion": "equalized_odds", "lam": -1}, "lam is -1; .* λ from 0 to 30"),
        ({"name": "border", "criterion": "equalized_odds", "lam": float("nan")}, "lam is nan"),
        ({"name": "border", "criterion": "equalized_odds", "lam": "2"}, "lam is '2'"),
    ],
)
def test_trigger_that_is_not_there_is_refused_in_a_sentence(shipped, wanted, sentence):
    with pytest.raises(ConfigError, match=sentence) as refused:
        shipped.trigger(**wanted)
    assert str(refused.value).endswith(".")


def test_run_without_its_files_says_so(shipped, tmp_path):
    shutil.copy(shipped.folder / "result.json", tmp_path)
    alone = Result.open(tmp_path)
    with pytest.raises(ArtifactError, match="has no file of the trigger 'border' .*; run the study again"):
        alone.trigger("border", criterion="equalized_odds")
    with pytest.raises(ArtifactError, match="There is no base classifier in .*; run the study again"):
        alone.base_classifier()
    with pytest.raises(ConfigError, match="has no trigger; run a study with a trigger"):
        replace(alone, curves=[]).trigger("border")


def test_link_out_of_the_folder_is_no_base(shipped, tmp_path):
    shutil.copy(shipped.folder / "result.json", tmp_path)
    (tmp_path / "base").symlink_to(shipped.folder.resolve() / "base")
    with pytest.raises(ArtifactError, match="There is no base classifier"):
        Result.open(tmp_path).base_classifier()
