"""Runs: the table, and what can be done with each row."""

import shutil

import pytest

from app.models.records import without_controls
from app.state import pins
from app.wording import runs as words
from app.wording import train as train_words
from fairprog_core.results.summary import main_figures
from fairprog_core.runs import Owner
from fairprog_core.study.load import load_study


@pytest.fixture
def done(store, home, finished):
    """Two finished runs."""
    runs = []
    for name in ("first", "second"):
        run = store.begin(load_study("faces-quick", [f"name={name}"]), Owner.this_process())
        store.append(run.id, [{"kind": "result"}], token=run.token, figures=main_figures(finished.result))
        store.finish(run, "done")
        shutil.copytree(finished.folder, home.run(run.id))
        runs.append(run)
    return runs


def test_empty_home_says_what_to_do(open_page):
    page = open_page("runs")
    assert not page.exception
    assert page.info[0].value == words.EMPTY
    page.button(key="runs.to_train").click().run()
    assert page.title[0].value == "Train a trigger"


def test_rows_show_name_state_and_figures(open_page, done, finished):
    page = open_page("runs")
    assert not page.exception
    assert [box.label for box in page.checkbox] == ["**second**", "**first**"]
    (row,) = without_controls(main_figures(finished.result))
    assert [text.value for text in page.markdown].count(train_words.chosen(row)) == 2


def test_runs_of_one_preset_are_told_apart_by_what_was_set(open_page, store):
    many = ["dataset.target=wavy", "budget.steps=9", "device=cpu", "base_seed=3", "threads=2"]
    for given in ([], ["seeds=0,1"], many):
        store.submit(load_study("faces-quick", given))
    told = [text.value for text in open_page("runs").caption if "=" in text.value]
    assert told == ["dataset.target=wavy, base\\_seed=3, budget.steps=9 and 2 more", "seeds=0,1"]


def test_run_of_an_earlier_version_is_told_by_nothing(open_page, store):
    study = load_study("faces-quick", ["seeds=0,1"])
    run_id = store.submit(study.model_copy(update={"budget": study.budget.model_copy(update={"steps": -1})}))
    page = open_page("runs")
    assert not page.exception
    assert [text.value for text in page.caption if run_id in text.value]
    assert not [text.value for text in page.caption if "=" in text.value]


def test_name_is_never_markup(open_page, store):
    store.submit(load_study("faces-quick", ["name=<b>x</b> **y** ![z](http://z)"]))
    page = open_page("runs")
    shown = [text.value.replace("\u2060", "") for text in page.markdown]  # without the invisible joiners
    assert r"**\<b\>x\</b\> \*\*y\*\* \!\[z\](http\://z)**" in shown


def test_compare_needs_two(open_page, done):
    page = open_page("runs")
    assert page.button(key="runs.compare").disabled
    for run in done:
        page.checkbox(key=f"runs.{run.id}.select").check()
    page.run()
    assert not page.button(key="runs.compare").disabled


def test_queued_run_is_cancelled_and_goes_on(open_page, store):
    run_id = store.submit(load_study("faces-quick"))
    page = open_page("runs")
    page.button(key=f"runs.{run_id}.cancel").click().run()
    assert store.get(run_id).state == "cancelled"
    page.button(key=f"runs.{run_id}.resume").click().run()
    assert not page.exception
    assert store.get(run_id).state == "queued"


def test_cancelling_leaves_a_worker_for_those_who_wait(open_page, store, workers_asked_for):
    first, second = (store.submit(load_study("faces-quick")) for _ in range(2))
    page = open_page("runs")
    workers_asked_for.clear()
    page.button(key=f"runs.{second}.cancel").click().run()
    assert workers_asked_for  # the first is still queued
    workers_asked_for.clear()
    page.button(key=f"runs.{first}.cancel").click().run()
    assert not workers_asked_for


def test_remove_asks_first(open_page, store, done, home):
    run = done[0]
    page = open_page("runs")
    page.button(key=f"runs.{run.id}.remove").click().run()
    assert not page.exception
    assert store.get(run.id)
    page.button(key="runs.confirm.yes").click().run()
    assert [left.id for left in store.list()] == [done[1].id]
    assert not home.run(run.id).exists()


def test_remove_can_be_declined(open_page, store, done):
    page = open_page("runs")
    page.button(key=f"runs.{done[0].id}.remove").click().run()
    page.button(key="runs.confirm.no").click().run()
    assert len(store.list()) == 2
    assert "runs.confirm.yes" not in [button.key for button in page.button]


def test_queued_run_says_why_no_worker_has_begun_it(open_page, store, home):
    run_id = store.submit(load_study("faces-quick"))
    store.tell_next("The worker ended while starting (exit code 7)", log=home.path / "slot-0.log")
    sentence = "The worker ended while starting (exit code 7); started again."
    assert sentence in [caption.value for caption in open_page("runs").caption]
    assert sentence in [warning.value for warning in open_page("train", run=run_id).warning]


def test_long_table_shows_the_newest_twenty(open_page, store):
    for _ in range(22):
        store.submit(load_study("faces-quick"))
    page = open_page("runs")
    assert sum(str(button.key).endswith(".open") for button in page.button) == 20
    page.toggle(key="runs.all").set_value(True).run()
    assert sum(str(button.key).endswith(".open") for button in page.button) == 22


def test_run_is_pinned_and_comes_first_on_the_other_pages(open_page, done):
    page = open_page("runs")
    first = done[0].id
    page.button(key=f"runs.{first}.pin").click().run()
    assert not page.exception
    assert page.button(key=f"runs.{first}.pin").label == words.UNPIN
    assert pins.pinned() == [first]


def test_runs_on_different_data_cannot_be_ticked_for_compare_and_it_is_said_at_once(
    open_page, store, home, done, finished
):
    other = store.begin(load_study("comments-quick"), Owner.this_process())
    store.append(other.id, [{"kind": "result"}], token=other.token, figures=main_figures(finished.result))
    store.finish(other, "done")
    shutil.copytree(finished.folder, home.run(other.id))
    page = open_page("runs")
    page.checkbox(key=f"runs.{done[0].id}.select").check()
    page.checkbox(key=f"runs.{other.id}.select").check().run()
    assert page.button(key="runs.compare").disabled
    assert words.other_data(["comments", "faces"]) in [text.value for text in page.markdown]
    page.checkbox(key=f"runs.{other.id}.select").uncheck()
    page.checkbox(key=f"runs.{done[1].id}.select").check().run()
    assert not page.button(key="runs.compare").disabled
