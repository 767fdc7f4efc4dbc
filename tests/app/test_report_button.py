"""The button that hands out a run's report: on every page of a run, and without paths of a shared server."""

import dataclasses

import pytest
from streamlit.testing.v1 import AppTest

from app.components.runs.report_button import MOST_RUNS, make_report
from app.wording.shared import inside
from fairprog_core.common.sharing import Sharing

SECRET = "/srv/secret place/faces"


@pytest.mark.parametrize("name", ["tradeoff", "saliency", "probe", "compare"])
def test_every_page_of_a_run_hands_out_its_report(name, open_page, demo):
    page = open_page(name)
    assert not page.exception
    assert inside.REPORT in [button.label for button in page.get("download_button")]


def test_report_of_two_runs_carries_their_names(finished):
    text = make_report({"a1": finished.result, "b2": finished.result}, {"a1": "first", "b2": "second"})
    assert "2 runs compared" in text
    assert "first: " in text
    assert "second: " in text


def test_report_and_button_say_that_runs_are_left_out(finished):
    """The ninth run with a curve, and one without."""
    empty = dataclasses.replace(finished.result, curves=[], points=[])
    results = {"empty": empty, **{f"r{i}": finished.result for i in range(MOST_RUNS + 1)}}
    said = "The report holds 8 of 10 runs: at most 8, and only those with a finished curve."
    text = make_report(results, {})
    assert said in text
    assert "8 runs compared" in text
    assert "r8: " not in text
    assert "The report holds" not in make_report({"r0": finished.result}, {})

    def page(results):
        from app.components.runs import report_button

        report_button.show(results, key="k")

    (button,) = AppTest.from_function(page, args=(results,)).run().get("download_button")
    assert button.help == f"{inside.REPORT_HELP} {said}"


def test_report_of_a_shared_server_has_no_paths_of_the_server(finished, monkeypatch):
    study = dict(finished.result.study)
    study["dataset"] = {**study["dataset"], "root": SECRET}
    result = dataclasses.replace(finished.result, study=study)
    assert SECRET in make_report({"a1": result}, {})
    for key, value in Sharing(is_shared=True).to_environment().items():
        monkeypatch.setenv(key, value)
    text = make_report({"a1": result}, {})
    assert SECRET not in text
    assert str(finished.folder) not in text
