"""What options classes and metrics say of themselves: names on the screen, ranges of λ, what suits a modality.

``choices.json`` was written while all of it stood in central tables: names, ranges and whole studies stay as they were.
Options that were added later are left out where they are at their defaults.
"""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from app.wording.shared import common
from fairprog_core.classifiers import CLASSIFIERS
from fairprog_core.common.options import digest_of
from fairprog_core.data import DATASETS
from fairprog_core.methods import METHODS
from fairprog_core.metrics.summaries import reported
from fairprog_core.study import Study
from fairprog_core.study.settings import shipped
from fairprog_core.training.criteria import CRITERIA
from fairprog_core.triggers import TRIGGERS

BEFORE: dict[str, Any] = json.loads((Path(__file__).parent / "choices.json").read_text("utf-8"))


def study_of(name: str) -> Study:
    """A shipped study by name; "of faces": one that names its data alone; "faces with leace": and some options."""
    if name in shipped():
        return shipped()[name]
    data, _, method = name.removeprefix("of ").partition(" with ")
    values: dict[str, Any] = {"dataset": {"kind": data}}
    if method:
        other = [{"kind": "reprogram", "projection": True}, {"kind": method}]
        methods = [{"kind": method, "replay": 3}] if method == "reprogram" else other
        values |= {"methods": methods, "budget": {"patience": 3}}
    return Study.parse(values)


@pytest.mark.parametrize("name", BEFORE["studies"])
def test_study_and_its_plan_are_what_they_were(name: str) -> None:
    study, before = study_of(name), BEFORE["studies"][name]
    plan = [[each.key, each.lam.to_json(), each.method.content(), each.budget.to_json()] for each in study.plan()]
    assert [control.kind for control in study.controls()] == before["controls"]
    assert digest_of(plan) == before["plan"]
    assert hashlib.sha256(json.dumps(study.content()).encode()).hexdigest()[:16] == before["json"]


def test_every_shipped_study_was_written_down() -> None:
    assert set(shipped()) <= set(BEFORE["studies"])


@pytest.mark.parametrize("trigger", TRIGGERS)
@pytest.mark.parametrize("criterion", CRITERIA)
def test_range_of_a_trigger_and_a_criterion_is_what_it_was(trigger: str, criterion: str) -> None:
    found = TRIGGERS[trigger].options.lam[criterion]
    assert [found.low, found.high, list(found.grid)] == BEFORE["lam"][f"{trigger}.{criterion}"]


@pytest.mark.parametrize("key", [*DATASETS, *CLASSIFIERS, *TRIGGERS, *METHODS, *CRITERIA])
def test_name_on_the_screen_is_what_it_was(key: str) -> None:
    assert common.kind(key) == BEFORE["titles"][key]
    assert common.kind(f"{key}-2") == f"{BEFORE['titles'][key]} 2"


def test_names_of_metrics_are_what_they_were() -> None:
    assert reported() == BEFORE["metrics"]
    assert {name: common.metric(name) for name in BEFORE["metrics"]} == BEFORE["metrics"]
    assert common.metric("of_another_version") == "Of another version"
