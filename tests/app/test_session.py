"""Session: what the URL says, what is remembered, and what is refused."""

import pytest
from streamlit.testing.v1 import AppTest

from app.state import run_store
from fairprog_core.results.run_folder import shipped_demos
from fairprog_core.study.load import load_study


def ask(question: str) -> None:
    """The page under test: one question to ``app.state.session``."""
    import streamlit as st

    from app.state import run_store, session

    st.text(repr(getattr(run_store if hasattr(run_store, question) else session, question)()))


def page_with(question: str, **query: str) -> AppTest:
    page = AppTest.from_function(ask, args=(question,), default_timeout=30)
    for name, value in query.items():
        page.query_params[name] = value
    return page.run()


def answer(page: AppTest) -> str:
    assert not page.exception
    return page.text[0].value


def test_run_of_the_url_is_selected_and_remembered():
    page = page_with("selected_run", run="0badcafe")
    assert answer(page) == "'0badcafe'"
    del page.query_params["run"]  # as a click on another page does
    page.run()
    assert answer(page) == "'0badcafe'"
    assert "0badcafe" in page.query_params["run"]


def test_nothing_selected_is_none():
    assert answer(page_with("selected_run")) == "None"


@pytest.mark.parametrize("run_id", ["../x", "a b", "<b>", "x" * 65, "-", "."])
def test_malformed_run_counts_as_none_and_leaves_the_url(run_id):
    page = page_with("selected_run", run=run_id)
    assert answer(page) == "None"
    assert "run" not in page.query_params


def test_linked_run_is_watched_even_when_unknown():
    assert answer(page_with("watched_run", run="0badcafe")) == "'0badcafe'"


@pytest.mark.parametrize("demo_id", [run_store.DEMO, "demo-comments"])
def test_demo_is_not_watched(demo_id):
    assert answer(page_with("watched_run", run=demo_id)) == "None"


def test_selected_run_is_watched_while_it_is_active(store):
    run_id = store.submit(load_study("faces-quick"))
    page = page_with("watched_run", run=run_id)
    del page.query_params["run"]
    assert answer(page.run()) == repr(run_id)
    store.cancel(run_id)
    del page.query_params["run"]
    assert answer(page.run()) == "None"


def test_run_that_is_watched_is_found_again_after_a_look_at_another_run(store):
    run_id = store.submit(load_study("faces-quick"))
    page = page_with("watched_run", run=run_id)
    page.session_state["remembered.run"] = run_store.DEMO  # as Trade-off does while the run has no curve
    del page.query_params["run"]
    assert answer(page.run()) == repr(run_id)
    store.cancel(run_id)
    page.session_state["remembered.run"] = run_store.DEMO
    del page.query_params["run"]
    assert answer(page.run()) == "None"


def test_demos_need_a_result_and_the_faces_come_first(monkeypatch, tmp_path):
    monkeypatch.setenv("FAIRPROG_ASSETS", str(tmp_path))
    assert shipped_demos() == {}
    for name in ("comments", "faces", "unfinished"):
        (tmp_path / "demo" / name).mkdir(parents=True)
    for name in ("comments", "faces"):
        (tmp_path / "demo" / name / "result.json").write_text("{}")
    assert list(shipped_demos().items()) == [
        ("demo", tmp_path / "demo" / "faces"),
        ("demo-comments", tmp_path / "demo" / "comments"),
    ]
    assert run_store.folder_of("demo-comments") == tmp_path / "demo" / "comments"
    assert run_store.folder_of("demo-unfinished") is None


def test_folder_of_a_run_is_in_the_home(home):
    assert run_store.folder_of("0badcafe") is None
    home.run("0badcafe").mkdir(parents=True)
    assert run_store.folder_of("0badcafe") == home.run("0badcafe")
