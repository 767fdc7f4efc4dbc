"""The button that hands out a run's report: on every page of a run, and without paths of a shared server."""

import dataclasses

import pytest

from app.components.runs.report_button import make_report
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
