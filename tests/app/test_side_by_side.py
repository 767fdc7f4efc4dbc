"""Runs on the same data that were tested on other rows: what each reaches, and one line on what differs."""

from pathlib import Path

import pytest

from app.components.compare import side_by_side
from app.wording.panels import side_by_side as words
from app.wording.shared import inside
from fairprog_core.results.result import Result
from fairprog_core.results.run_folder import shipped_comparisons, shipped_demos
from tests.app.changed import change
from tests.app.drawn import given, traces
from tests.app.test_tradeoff import copy_of


@pytest.fixture
def two(home, finished):
    """Two finished runs; the second one says that it tested other rows."""
    for name in ("one", "two"):
        copy_of(finished, home, name, name)

    def other_rows(values):
        values["study"]["dataset"]["n_test"] = 12_345
        counts = values["base"]["counts"][0][0]
        counts[0], counts[1] = counts[1], counts[0]

    change(home.run("two"), other_rows)


def test_runs_on_other_rows_stand_side_by_side_without_a_verdict(open_page, two, finished):
    page = open_page("compare", run="one", **{"with": "two"})
    assert not page.exception
    (line,) = [info.value for info in page.info]
    n_test = finished.result.study["dataset"]["n_test"]
    assert line == words.DIFFER.format(found=f"test rows ({n_test} and 12,345)")
    table = given(page, "beside")
    point = finished.result.chosen_point(finished.result.curves[0])
    gap = point.metric(finished.result.curves[0].gap).value
    assert [row[0]["note"] for row in table["rows"]] == [inside.run_name(name, name) for name in ("one", "two")]
    assert all(row[3]["text"].endswith(f"→ {gap:.3f}") for row in table["rows"])
    stars = [trace for trace in traces(page, "duel") if trace.get("marker", {}).get("symbol") == "star"]
    assert len(stars) == 2 - (stars[0]["x"] == stars[-1]["x"])


def test_more_than_five_differences_are_counted():
    def study(value):
        return {"dataset": {f"option_{i}": value for i in range(7)}, "classifier": {"epochs": 3}}

    text = words.differ({"one": study(1), "two": study(2)})
    assert "option 0 (1 and 2)" in text
    assert "and 2 more settings" in text
    assert "epochs" not in text
    assert words.NOT_KNOWN in words.differ({"one": study(1), "two": study(1)})


def test_data_of_another_kind_and_other_labels_are_told_apart():
    assert "drawn faces, made-up comments" in words.other_data(["faces", "comments"])
    assert words.other_data(["faces", "faces"]) == words.OTHER_LABELS


@pytest.mark.parametrize("name", ["faces", "comments"])
def test_shipped_comparison_holds_every_rival_on_the_rows_of_the_shipped_study(monkeypatch, name):
    monkeypatch.setenv("FAIRPROG_ASSETS", str(Path(__file__).resolve().parents[2] / "assets"))
    demo = Result.open(next(folder for folder in shipped_demos().values() if folder.name == name))
    methods = Result.open(next(folder for folder in shipped_comparisons().values() if folder.name == name))
    assert side_by_side.has_same_data({"demo": demo, "methods": methods})
    assert side_by_side.has_same_rows({"demo": demo, "methods": methods})
    assert methods.is_complete
    assert {"reprogram", "last_layer", "leace", "group_thresholds", "adv_post", "adv_in"} <= {
        curve.method for curve in methods.curves
    }
    assert all(methods.path(point.artifacts["predictions"]).is_file() for point in methods.points)
