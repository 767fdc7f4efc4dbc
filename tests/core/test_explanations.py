"""Explanations in results: types and JSON are the same thing, of the shipped studies and by hand."""

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter

from fairprog_core.common.errors import ArtifactError
from fairprog_core.metrics.explanations.averages import ImageExplanation, TextExplanation, explanation_from_json
from fairprog_core.metrics.explanations.by_condition import ByCondition
from fairprog_core.metrics.explanations.probe import Probe
from fairprog_core.results.curve import Curve
from fairprog_core.results.explanations import explanation_of, probe_of

DEMO = Path(__file__).resolve().parents[2] / "assets" / "demo"
FLOAT = TypeAdapter(float)


def curves(name: str) -> list[dict[str, Any]]:
    """The curves of a shipped study, as its file has them."""
    values: list[dict[str, Any]] = json.loads((DEMO / name / "result.json").read_text("utf-8"))["curves"]
    return values


def opened(values: dict[str, Any], **changes: Any) -> Curve:
    return dataclasses.replace(Curve.from_json(values, folder=DEMO, where="result.json"), **changes)


@pytest.mark.parametrize(("name", "kind"), [("faces", ImageExplanation), ("comments", TextExplanation)])
def test_shipped_explanations_are_read_and_written_alike(name: str, kind: type):
    for values in curves(name):
        curve = opened(values)
        explanation, probe = explanation_of(curve), probe_of(curve)
        assert isinstance(explanation, kind)
        assert isinstance(probe, Probe)
        assert json.dumps(explanation.to_json()) == json.dumps(values["explain"])
        assert json.dumps(probe.to_json()) == json.dumps(values["probe"])


def test_regions_name_the_share_and_rivals_follow_the_rows():
    """The key of the share is the first region's; rivals stand between ``rows`` and ``regions``."""
    values = curves("faces")[0]["explain"]
    share = values["hair_share"] | {"adv_in": {"value": 0.5, "ci": [0.4, 0.6], "n": 9}}
    values = {"lams": values["lams"], "rows": 9, "rivals": {"adv_in": 2.0}, "collapsed_rivals": ["adv_in"],
              "regions": ["hat", "face"], "hat_share": share, "erasure": None, "twins": None,
              "ig_hat_share": None}  # fmt: skip
    found = explanation_from_json(values)
    assert isinstance(found, ImageExplanation)
    assert found.cam_share is not None
    assert found.cam_share.rivals == {"adv_in": {"value": 0.5, "ci": [0.4, 0.6], "n": 9}}
    assert list(found.cam_share.controls) == ["untrained", "black"]
    assert json.dumps(found.to_json()) == json.dumps(values)


def test_values_by_condition_keep_their_order_and_can_be_changed():
    values = {"without": 1.0, "untrained": 2.0, "black": 3.0, "lam": [4.0, 5.0], "adv_in": 6.0}
    found = ByCondition.from_json(values, FLOAT)
    assert found == ByCondition(1.0, {"untrained": 2.0, "black": 3.0}, [4.0, 5.0], {"adv_in": 6.0})
    assert list(found.to_json()) == list(values)
    assert found.apply(lambda value: 10 * value).to_json() == {
        "without": 10.0, "untrained": 20.0, "black": 30.0, "lam": [40.0, 50.0], "adv_in": 60.0,
    }  # fmt: skip


def test_study_without_explanations_has_none():
    curve = opened(curves("faces")[0], explain={}, probe={})
    assert explanation_of(curve) is None
    assert probe_of(curve) is None


@pytest.mark.parametrize(
    "change",
    [{"lams": "none"}, {"rows": None}, {"hair_share": {"without": 1}}, {"twins": {"names": []}}, {"erasure": [1]}],
    ids=str,
)
def test_damaged_explanation_is_refused_in_one_sentence(change: dict[str, Any]):
    values = curves("faces")[0]
    with pytest.raises(ArtifactError, match=r"^'explain' of the curve .* is damaged \(.*\); run the study again\.$"):
        explanation_of(opened(values, explain=values["explain"] | change))


@pytest.mark.parametrize("change", [{"classifiers": [{}]}, {"reading": {"without": {}}}, {"lams": None}], ids=str)
def test_damaged_probe_is_refused_in_one_sentence(change: dict[str, Any]):
    values = curves("comments")[0]
    with pytest.raises(ArtifactError, match=r"^'probe' of the curve .* is damaged \(.*\); run the study again\.$"):
        probe_of(opened(values, probe=values["probe"] | change))
