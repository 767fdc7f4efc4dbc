"""Limits on the pages: the work of the form's check, the queue, a visitor's runs, and the rows of a table."""

import sys
from collections.abc import Callable
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from app.wording import runs as words
from fairprog_core.common.errors import ConfigError
from fairprog_core.study import Study
from fairprog_core.study.load import load_study
from tests.app.drawn import given
from tools import form_cost

FORM = "study.faces-quick"
MOST_CALLS = 250_000  # of functions, for one check: about 40 ms without the profiler
TRIALS = form_cost.meant_to_be_slow()


def n_calls(work: Callable[[], Any]) -> int:
    """How many functions a piece of work calls, Python's and those written in C: the same on every machine."""
    n = 0

    def count(_frame: object, event: str, _argument: object) -> None:
        nonlocal n
        n += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        work()
    finally:
        sys.setprofile(before)
    return n


@pytest.mark.parametrize("name", TRIALS)
def test_form_does_bounded_work_whatever_is_typed(name):
    form_cost.check({})  # reads the presets, once for all
    assert n_calls(lambda: form_cost.check(TRIALS[name])) < MOST_CALLS


def test_trials_reach_both_what_is_allowed_and_what_is_not():
    found = {name: form_cost.check(texts) for name, texts in TRIALS.items()}
    assert sum(isinstance(each, Study) for each in found.values()) >= 4
    sentences = [str(each) for each in found.values() if isinstance(each, ConfigError)]
    assert len(sentences) >= 9
    assert max(map(len, sentences)) <= 300


@pytest.mark.parametrize("text", ["[" * 4000, "9" * 5000, '"\\ud800"'])
def test_json_that_python_cannot_read_is_refused_with_a_sentence(open_page, text):
    page = open_page("train")
    page.text_input(key=f"{FORM}.lam.per").set_value(text).run()
    assert not page.exception
    assert "lam.per" in page.error[0].value
    assert page.button(key="train").disabled


def test_text_that_is_too_long_is_not_parsed_and_the_page_says_how_long_it_may_be(open_page):
    """The browser holds the text back; a program that speaks to the server does not."""
    page = open_page("train")
    page.text_input(key=f"{FORM}.seeds").set_value("7, " * 100_000).run()
    assert not page.exception
    assert page.error[0].value.startswith("“Seeds” holds 300,000 letters; at most 10,000 are allowed")
    assert page.button(key="train").disabled


def test_study_with_too_many_curves_is_refused_before_it_is_planned(open_page):
    page = open_page("train")
    page.text_input(key=f"{FORM}.seeds").set_value(",".join(map(str, range(1001)))).run()
    assert page.error[0].value.startswith("This study has 1,001 curves; at most 1,000 are allowed")
    assert page.button(key="train").disabled


def test_full_queue_is_told_beside_the_button_and_nothing_is_submitted(open_page, store, monkeypatch):
    monkeypatch.setenv("FAIRPROG_MAX_QUEUE", "1")
    store.submit(load_study("faces-quick"))
    page = open_page("train")
    page.button(key="train").click().run()
    assert not page.exception
    assert "1 runs are queued; at most 1 are allowed" in page.error[0].value
    assert store.count() == 1


def test_visitor_of_a_shared_server_has_three_runs_at_most_and_another_one_is_not_affected(
    open_page, store, monkeypatch
):
    monkeypatch.setenv("FAIRPROG_SHARED", "1")
    page = open_page("train")
    for _ in range(3):
        page.button(key="train").click().run()
        page.button(key="watch.new").click().run()
    page.button(key="train").click().run()
    assert "You have 3 queued or running runs" in page.error[0].value
    other = open_page("train")
    other.button(key="train").click().run()
    assert not other.error
    found = [run.visitor for run in store.list()]
    assert found[0] != found[1] == found[2] == found[3]
    assert {len(visitor) for visitor in found} == {64}


def test_owner_of_a_server_that_is_not_shared_is_nobodys_visitor(open_page, store):
    open_page("train").button(key="train").click().run()
    assert [run.visitor for run in store.list()] == [None]


def test_long_table_of_runs_has_pages(open_page, store, monkeypatch):
    monkeypatch.setenv("FAIRPROG_MAX_ROWS", "21")
    ids = [store.submit(load_study("faces-quick")) for _ in range(23)][::-1]

    def shown(page: AppTest) -> list[str]:
        return [str(button.key).split(".")[1] for button in page.button if str(button.key).endswith(".open")]

    page = open_page("runs")
    assert shown(page) == ids[:20]
    page.toggle(key="runs.all").set_value(True).run()
    assert shown(page) == ids[:21]
    assert page.selectbox(key="runs.page").options == [words.page(0, 21, 23), words.page(21, 21, 23)]
    page.selectbox(key="runs.page").select_index(1).run()
    assert not page.exception
    assert shown(page) == ids[21:]


def page_with_table(n: int) -> None:
    """A page with a table of n rows."""
    from app.models.table import Table, TableCell
    from app.widgets import table

    table.show(Table("Some", [TableCell("a")], [[TableCell(str(i))] for i in range(n)]), key="table")


@pytest.mark.parametrize(("n", "note"), [(100, []), (101, ["The first 100 of 101 rows"])])
def test_long_table_shows_its_first_rows_and_says_how_many_there_are(n, note):
    page = AppTest.from_function(page_with_table, args=(n,)).run()
    assert not page.exception
    assert [text.value.split(";")[0] for text in page.caption] == note
    assert [row[0]["text"] for row in given(page, "table")["rows"]] == [str(i) for i in range(100)]
