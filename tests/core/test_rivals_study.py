"""A whole tiny study with every method: what is written, what an interruption costs, what can be opened."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fairprog_core.classifiers import CLASSIFIERS
from fairprog_core.classifiers.base import read_classifier
from fairprog_core.common.files.model_file import read_learned
from fairprog_core.common.home import Home
from fairprog_core.methods import METHODS
from fairprog_core.metrics.summaries import points_csv
from fairprog_core.pipeline.execute import execute
from fairprog_core.results.result import Result
from fairprog_core.results.summary import main_figures
from fairprog_core.study import Study
from tests.conftest import Finished, _run_once, every_method

LEARNED = [kind for kind, entry in METHODS.items() if not entry.options.is_control]


def run_study(study: Study, home: Home, name: str, *, until: str | None = None) -> Path:
    """Execute; or only until the first record of a curve."""
    folder = home.run(name)
    records = execute(study, home=home, folder=folder)
    for record in records:
        if until and record["kind"] in ("train", "validation") and record["curve"].startswith(until):
            break
    records.close()
    return folder


@pytest.fixture
def folder(rivals: Finished) -> Path:
    return rivals.folder


def test_every_method_has_a_curve_with_a_point_for_every_lam(folder: Path) -> None:
    result = Result.open(folder)
    assert result.is_complete
    assert [curve.method for curve in result.curves] == LEARNED
    for curve in result.curves:
        assert [point.lam for point in result.points_of(curve)] == curve.lams
        assert curve.chosen_lam in curve.lams
        assert curve.n_parameters >= 1
        assert curve.artifact.exists()
        assert not curve.explain


def test_methods_without_a_trigger_have_no_trigger_and_no_controls(folder: Path) -> None:
    result = Result.open(folder)
    assert [point.method for point in result.points if point.lam is None] == ["random_trigger"] * 2
    for point in result.points:
        uses_trigger = METHODS[point.method].options.uses_trigger
        assert (point.trigger is not None) == uses_trigger
        assert (point.artifacts["trigger"] is not None) == uses_trigger


def test_files_of_every_point_can_be_read(folder: Path) -> None:
    result = Result.open(folder)
    for point in result.points:
        found = result.predictions(point)
        assert len(found.y_pred) == 96
        assert (found.logits is None) == (point.method == "group_thresholds")
        assert result.group_table(point)
        assert result.changes(point)
    (weights,) = (point.artifacts["weights"] for point in result.select(method="adv_in", lam=2.0))
    classifier, about = read_classifier(result.path(weights), CLASSIFIERS)
    assert (classifier.n_classes, about["lam"], about["method"]) == (2, 2.0, "adv_in")


def test_predictions_without_logits_have_no_area_under_the_curve(folder: Path) -> None:
    for point in Result.open(folder).select(method="group_thresholds"):
        assert point.metric("auc").value is None
        assert point.metric("accuracy").value is not None


def test_figures_and_spreadsheet_hold_every_method(folder: Path) -> None:
    result = Result.open(folder)
    rows = main_figures(result)
    assert {row["method"] for row in rows} == {*LEARNED, "random_trigger"}
    assert all(row["lam"] != [None] for row in rows if row["method"] != "random_trigger")
    assert points_csv(result.points).count("\n") == 1 + len(result.points)


@pytest.mark.parametrize("kind", ["adv_post", "adv_in", "last_layer"])
def test_study_stopped_in_a_rival_goes_on_with_the_same_numbers(kind: str, folder: Path, home: Home) -> None:
    study = Study.parse(every_method())
    run_study(study, home, "again", until=kind)
    assert numbers(run_study(study, home, "again")) == numbers(folder)


def numbers(folder: Path) -> Any:
    """The points without paths."""
    values = json.loads((folder / "result.json").read_text("utf-8"))
    return [{key: value for key, value in point.items() if key != "artifacts"} for point in values["points"]]


def test_methods_that_depend_on_the_seed_are_those_whose_second_seed_differs(session_folder: Path) -> None:
    """Thresholds per group draw some predictions, row by row, from the seed; what they learn is the same."""
    result = _run_once(Study.parse(every_method() | {"seeds": [0, 1]}), session_folder, "two-seeds").result
    for kind in LEARNED:
        first, second = (curve for curve in result.curves if curve.method == kind)
        if kind == "group_thresholds":
            rules = [read_learned(curve.artifact)[1]["rules"] for curve in (first, second)]
            is_same = rules[0] == rules[1]
        else:
            logits = [
                [result.predictions(point).logits for point in result.points_of(curve)] for curve in (first, second)
            ]
            is_same = all(np.array_equal(*pair) for pair in zip(*logits, strict=True))
        assert first.depends_on_seed == (not is_same), kind
