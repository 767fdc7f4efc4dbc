"""Rivals: classifiers with weights of their own in the explanations of a trigger, from a study that really ran."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from fairprog_core.classifiers import CLASSIFIERS
from fairprog_core.classifiers.base import freeze, read_classifier
from fairprog_core.common.home import Home
from fairprog_core.common.registry import build
from fairprog_core.data import DATASETS
from fairprog_core.data.base import Dataset
from fairprog_core.explain import GradCamOptions
from fairprog_core.explain.averages import draw_pool
from fairprog_core.explain.base import ExplanationResult
from fairprog_core.explain.conditions import Rival
from fairprog_core.explain.gallery import to_uint8
from fairprog_core.explain.image.grad_cam import GradCam, normalise
from fairprog_core.explain.image.regions import find_regions, share
from fairprog_core.explain.image.report import explanation_report
from fairprog_core.pipeline.execute import execute
from fairprog_core.results.curve import Curve
from fairprog_core.results.explanations import explanation_of
from fairprog_core.results.result import Result
from fairprog_core.study import Study
from fairprog_core.training.criteria import CRITERIA
from fairprog_core.triggers.base import load_trigger
from tests.conftest import Finished, border_beside_rivals
from tests.core.test_grad_cam import n_hooks

RIVALS = ["adv_post", "adv_in"]


def opened(path: Path) -> Any:
    """A classifier as it lies in its file, frozen."""
    return freeze(read_classifier(path, CLASSIFIERS)[0])


def weights_of(result: Result, method: str) -> Path:
    """The file of a method's classifier at its own chosen λ."""
    (curve,) = (curve for curve in result.curves if curve.method == method)
    return result.path(result.chosen_point(curve).artifacts["weights"])


@pytest.fixture
def result(beside: Finished) -> Result:
    return beside.result


@pytest.fixture
def curve(result: Result) -> Curve:
    return result.curves[0]


@pytest.fixture
def faces(beside: Finished) -> Dataset:
    made: Dataset = build(DATASETS, beside.study.dataset, beside.home)
    return made


def test_every_curve_of_changed_weights_stands_beside_the_trigger_at_its_own_lam(result: Result):
    chosen = {curve.method: curve.chosen_lam for curve in result.curves}
    expected = {method: chosen[method] for method in RIVALS}
    gallery = result.gallery(result.curves[0])
    assert gallery is not None
    assert explanation_of(result.curves[0]).rivals == gallery.about["rivals"] == expected  # type: ignore[union-attr]
    quoted = [result.chosen_point(curve) for curve in result.curves]
    collapsed = [point.method for point in quoted if point.collapsed and point.method in RIVALS]
    assert gallery.about.get("collapsed_rivals", []) == collapsed
    assert not any(curve.explain for curve in result.curves[1:])  # only curves of triggers are explained


@pytest.mark.parametrize("method", RIVALS)
def test_gallery_holds_what_the_rivals_own_file_says(method: str, result: Result, curve: Curve):
    arrays = result.gallery(curve).arrays  # type: ignore[union-attr]
    classifier = opened(weights_of(result, method))
    x = torch.from_numpy(arrays["photo"]).permute(0, 3, 1, 2).float() / 255
    found = GradCam(GradCamOptions()).explain(classifier, x)
    np.testing.assert_allclose(arrays[f"logits_{method}"], found.logits.numpy(), atol=1e-5)
    expected = to_uint8(normalise(found.maps).numpy()).astype(int)
    assert np.abs(arrays[f"cam_{method}"].astype(int) - expected).max() <= 1
    assert np.abs(arrays[f"cam_{method}"].astype(int) - arrays["cam_without"]).max() > 1
    predicted = arrays[f"logits_{method}"].argmax(1)
    own = arrays[f"cam_class_{method}"][np.arange(len(predicted)), predicted]
    np.testing.assert_array_equal(own, arrays[f"cam_{method}"])
    assert arrays[f"ig_{method}"].shape == arrays["ig_without"].shape
    assert arrays[f"ig_converged_{method}"].shape == predicted.shape
    assert f"trigger_{method}" not in arrays


@pytest.mark.parametrize("method", RIVALS)
def test_share_on_hair_is_that_of_the_rivals_own_grad_cam(
    method: str, result: Result, curve: Curve, faces: Dataset, beside: Finished
):
    pool = draw_pool(faces, beside.study.explain.rows, seed=0)
    x = torch.from_numpy(pool.split.x).permute(0, 3, 1, 2).float() / 255
    cam = GradCam(GradCamOptions()).explain(opened(weights_of(result, method)), x)
    regions = find_regions(faces, pool.row, device=torch.device("cpu"))
    expected = pool.rows().mean(share(cam.maps, *(mask.float() for mask in regions.masks)))
    assert expected is not None
    found = explanation_of(curve).cam_share.rivals[method]  # type: ignore[union-attr]
    assert (found["value"], found["n"]) == (pytest.approx(expected["value"], abs=1e-4), expected["n"])


def test_every_average_has_the_rivals_and_the_probe_has_none(curve: Curve):
    explain: Any = curve.explain
    probe: Any = curve.probe
    tables = [explain["hair_share"], explain["ig_hair_share"], *explain["erasure"].values()]
    tables += [explain["twins"]["logit_difference"], explain["twins"]["flip_share"]]
    for table in tables:
        assert list(table) == ["without", "untrained", "black", "lam", *RIVALS]
        assert len(table["lam"]) == len(curve.lams)
    without = {"without", "untrained", "black", "lam"}
    assert probe["reading"].keys() == {*without, "chance"}
    assert probe["classifiers"][0]["probability"]["mean"].keys() == without


def test_base_is_bit_identical_afterwards(beside: Finished, result: Result):
    (trained,) = beside.home.models.glob("*.safetensors")
    assert (result.folder / "base" / "classifier.safetensors").read_bytes() == trained.read_bytes()


def look(faces: Dataset, result: Result, curve: Curve, rivals: list[Rival]) -> tuple[ExplanationResult, nn.Module]:
    """The explanations once more."""
    base = opened(result.folder / "base" / "classifier.safetensors")
    *_, last = explanation_report(
        faces, base, load_trigger(curve.artifact), curve.lams, Study.parse(border_beside_rivals()).explain,
        chosen_lam=curve.chosen_lam, rivals=rivals,
    )  # fmt: skip
    assert last.findings is not None
    return last.findings, base


def test_rivals_change_nothing_else_and_stay_as_they_are(faces: Dataset, result: Result, curve: Curve):
    classifier = opened(weights_of(result, "adv_in"))
    before = classifier.digest()
    alone, base = look(faces, result, curve, [])
    both, again = look(faces, result, curve, [Rival("adv_in", 2.0, classifier)])
    assert classifier.digest() == before
    assert base.digest() == again.digest()  # type: ignore[operator]
    assert n_hooks(classifier) + n_hooks(again) == 0
    explain = both.explain.to_json()
    assert explain.pop("rivals") == both.metadata.pop("rivals") == {"adv_in": 2.0}
    assert pruned(explain) == alone.explain.to_json()
    assert (both.probe, both.metadata) == (alone.probe, alone.metadata)
    assert {name for name in both.gallery if name not in alone.gallery} == {
        f"{name}_adv_in"
        for name in ("logits", "cam", "cam_class", "mean_cam", "ig", "ig_delta", "ig_steps", "ig_converged")
    }
    for name, array in alone.gallery.items():
        np.testing.assert_array_equal(both.gallery[name], array)


def pruned(found: Any) -> Any:
    """A summary without the rival's numbers."""
    if not isinstance(found, dict):
        return found
    return {key: pruned(value) for key, value in found.items() if key != "adv_in"}


def test_study_stopped_in_the_look_inside_learns_nothing_twice(beside: Finished, home: Home):
    shutil.copytree(beside.home.cache, home.cache)
    shutil.copytree(beside.home.models, home.models)
    folder = home.run("again")
    records = execute(beside.study, home=home, folder=folder)
    for record in records:
        if record["kind"] == "stage" and record.get("stage") == "explain":
            break
    records.close()
    again = [record["kind"] for record in execute(beside.study, home=home, folder=folder)]
    assert not {"train", "validation"} & set(again)
    once, twice = beside.result.curves[0], Result.open(folder).curves[0]
    assert json.dumps(twice.explain) == json.dumps(once.explain)
    for name, array in beside.result.gallery(once).arrays.items():  # type: ignore[union-attr]
        np.testing.assert_array_equal(Result.open(folder).gallery(twice).arrays[name], array)  # type: ignore[union-attr]


def test_plan_is_a_rival_only_for_the_same_end_on_all_rows():
    values = border_beside_rivals() | {
        "criteria": [{"kind": kind} for kind in CRITERIA], "seeds": [0, 1], "tuning_ratio": [0.5, 1.0],
    }  # fmt: skip
    plans = {plan.key: plan for plan in Study.parse(values).plan()}
    for ending in ("equalized_odds-t0.5-s0", "equalized_odds-s0"):
        trigger = plans[f"reprogram-border-{ending}"]
        found = [key for key, plan in plans.items() if plan.is_rival_of(trigger)]
        assert found == ["adv_post-equalized_odds-s0", "adv_in-equalized_odds-s0"]
