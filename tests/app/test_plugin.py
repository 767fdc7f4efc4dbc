"""A plug-in with one of everything: in the form, on the command line, in a worker's process, and on every page."""

import json
import os
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest

from app.wording.shared import common
from fairprog_core.runs import launcher, wakeup
from fairprog_core.study import Study
from tests.core.run_help import reaches
from tests.plugin.plugged import EVERYTHING, plugged_in

ROOT = Path(__file__).resolve().parents[2]
FORM = "study.faces-quick"


@pytest.fixture(autouse=True)
def _importable_elsewhere(monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(ROOT))


def send_off(page):
    """Choose in the form what the plug-in brought, and little of it."""
    page.selectbox(key=f"{FORM}.dataset.kind").set_value("shades").run()
    page.selectbox(key=f"{FORM}.classifier.kind").set_value("dot")
    page.multiselect(key=f"{FORM}.methods.kinds").set_value(["reprogram", "fade"])
    page.multiselect(key=f"{FORM}.triggers.kinds").set_value(["cross"]).run()
    page.number_input(key=f"{FORM}.triggers.cross.width").set_value(3)
    page.number_input(key=f"{FORM}.budget.steps").set_value(4)
    page.number_input(key=f"{FORM}.budget.validate_every").set_value(2)
    page.text_input(key=f"{FORM}.lam.grid").set_value("0, 4")
    page.number_input(key=f"{FORM}.explain.gallery").set_value(4)
    page.number_input(key=f"{FORM}.explain.rows").set_value(24)
    page.toggle(key=f"{FORM}.explain.probe").set_value(False).run()
    assert not page.exception
    assert [error.value for error in page.error] == []
    page.button(key="train").click().run()
    assert not page.exception


def on_the_command_line(folder):
    """``fairprog run`` of the plug-in's own study, under way."""
    study = {**sys.modules[EVERYTHING].STUDY, "name": "typed", "explain": {"gallery": 0, "rows": 0, "probe": False}}
    (folder / "study.json").write_text(json.dumps(study))
    command = [sys.executable, "-m", "fairprog_core", "run", "study.json", "--home", "typed", "--json", "result.json"]
    return subprocess.Popen(
        command, cwd=folder, env=os.environ, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )


@contextmanager
def a_worker(home):
    """A worker as the page server starts it."""
    wakeup.folder(home).mkdir(parents=True)
    launcher.start(home, idle_seconds=0.0)
    try:
        yield
    finally:
        launcher.stop_workers(home)


def visit_every_page(open_page, run_id):
    for name in common.PAGES:
        shown = open_page(name, run=run_id)
        assert not shown.exception, name
        assert [error.value for error in shown.error] == [], name
        assert shown.title or shown.header, name


def in_the_form(open_page, store):
    """The run that the form sends off."""
    page = open_page("train")
    assert {"Shades", "Drawn faces"} <= set(page.selectbox(key=f"{FORM}.dataset.kind").options)
    send_off(page)
    (run,) = store.list()
    assert (run.study["dataset"]["kind"], run.study["classifier"]["kind"]) == ("shades", "dot")
    assert (run.study["triggers"][0]["kind"], run.study["triggers"][0]["width"]) == ("cross", 3)
    return run


def check_what_was_written(result):
    """The result of the command line has the plug-in's method and metric."""
    points = result["points"]
    assert {point["method"] for point in points} == {"reprogram", "random_trigger", "fade"}
    assert all({"accuracy_gap", "accuracy_gap_ci"} <= set(point) for point in points)
    assert {"accuracy_gap"} <= points[0]["delta"].keys() & points[0]["noise_gap"].keys()
    assert Study.parse(result["study"]).to_json() == result["study"]


def look_at_the_metric(open_page, run_id):
    page = open_page("tradeoff", run=run_id)
    page.selectbox(key="gap").set_value("accuracy_gap").run()
    assert not page.exception
    assert "Accuracy gap" in [metric.label for metric in page.metric]


def test_form_command_line_worker_and_every_page_know_what_a_plug_in_registered(open_page, store, home, tmp_path):
    with plugged_in(EVERYTHING) as problems:
        assert problems == ()
        run = in_the_form(open_page, store)
        with on_the_command_line(tmp_path) as typed:
            with a_worker(home):
                done = reaches(store, run.id, "done", "failed")
            assert (done.state, done.error) == ("done", None)
            said, complaints = typed.communicate(timeout=90)
        assert typed.returncode == 0, complaints
        assert "cross" in said
        check_what_was_written(json.loads((tmp_path / "result.json").read_text()))
        visit_every_page(open_page, run.id)
        look_at_the_metric(open_page, run.id)
    visit_every_page(open_page, run.id)  # and once the plug-in is gone


def test_metric_that_came_later_is_not_offered_for_a_run_that_lacks_it(open_page, demo):
    with plugged_in(EVERYTHING):
        page = open_page("tradeoff", run="demo")
    assert not page.exception
    assert "Accuracy gap" not in page.selectbox(key="gap").options
    assert common.metric("average_abs_odds_difference") in page.selectbox(key="gap").options


def test_page_says_which_plug_in_is_missing_and_is_there_all_the_same(open_page):
    with plugged_in("plugin_nowhere"):
        page = open_page("start")
    assert not page.exception
    assert page.warning[0].value.startswith(
        common.plain("The plug-in plugin_nowhere was not loaded: there is no module")
    )
