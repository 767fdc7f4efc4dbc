"""A class: pupils see their own runs and what is shared, the teacher sees all and has the projector."""

import shutil

import pytest
from streamlit.testing.v1 import AppTest

from app.components.runs.class_banner import join_addresses
from app.components.train.watch import run_watch
from app.state import artifacts, class_room, run_store, visitor
from app.wording.panels import class_room as words
from fairprog_core.common.errors import ConfigError, RunError
from fairprog_core.common.sharing import Sharing
from fairprog_core.runs import Owner
from fairprog_core.study.load import load_study, load_study_of
from tests.opened_pages import MAIN

CLASS = Sharing(is_shared=True, join_code="ABCDEF", teacher_token="0" * 32)
ANN, BEN = "a" * 64, "b" * 64


@pytest.fixture
def be(monkeypatch):
    """``be(ANN)``, ``be("teacher")``: who this browser is, in a class."""
    for name, value in CLASS.to_environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(run_store, "warm_up", lambda: None)  # no worker: runs stay as they are

    def call(who: str) -> None:
        is_teacher = who == "teacher"
        for place in (visitor, run_store):
            monkeypatch.setattr(place, "is_teacher", lambda: is_teacher)
            monkeypatch.setattr(place, "is_pupil", lambda: not is_teacher)
        monkeypatch.setattr(run_store, "visitor_digest", lambda: None if is_teacher else who)
        run_store._ids.clear()

    return call


@pytest.fixture
def submitted(be) -> dict[str, str]:
    """The ids of a run of Ann, of Ben and of the teacher."""
    found = {}
    for who in (ANN, BEN, "teacher"):
        be(who)
        found[who] = run_store.store().submit(load_study("faces-quick"), visitor=run_store.visitor_digest())
    return found


def opened(view: str) -> AppTest:
    page = AppTest.from_file(str(MAIN), default_timeout=60).switch_page(f"views/{view}.py").run()
    assert not page.exception
    return page


def keys(page: AppTest) -> set[str]:
    return {button.key for button in page.button if button.key}


def test_pupils_see_their_own_runs_and_what_the_teacher_shares(be, submitted):
    be(ANN)
    assert [run.id for run in run_store.runs()] == [submitted[ANN]]
    assert (run_store.n_runs(), run_store.n_active()) == (1, 3)
    for hidden in (submitted[BEN], submitted["teacher"]):
        assert run_store.find_run(hidden) is None
        assert not run_store.may_see(hidden)
    be("teacher")
    assert {run.id for run in run_store.runs()} == set(submitted.values())
    class_room.share(submitted["teacher"])
    be(ANN)
    assert {run.id for run in run_store.runs()} == {submitted[ANN], submitted["teacher"]}
    assert run_store.find_run(submitted["teacher"]) is not None
    be("teacher")
    class_room.share(submitted["teacher"])  # takes it back
    be(ANN)
    assert run_store.find_run(submitted["teacher"]) is None


def test_files_of_runs_that_a_pupil_does_not_see_are_not_offered(be, store, home, finished, submitted):
    for run in submitted.values():
        shutil.copytree(finished.folder, home.run(run), dirs_exist_ok=True)
    be(BEN)
    own = {choice.run for choice in artifacts.choices() if not run_store.is_demo(choice.run)}
    assert own == {submitted[BEN]}
    assert run_store.folder_of(submitted[ANN]) is None
    assert run_store.folder_of(submitted[BEN]) == home.run(submitted[BEN])
    page = AppTest.from_file(str(MAIN), default_timeout=60)
    page.query_params["run"] = submitted[ANN]
    page.switch_page("views/tradeoff.py").run()
    assert not page.exception
    assert any("no finished run" in info.value for info in page.info)  # as for a run that does not exist
    (choice,) = page.multiselect
    assert submitted[ANN] not in choice.value
    assert not [name for name in choice.options if submitted[ANN][:8] in name]


def test_only_the_teacher_shares_projects_and_ends_runs_of_others(be, submitted):
    be(ANN)
    for forbidden in (class_room.share, class_room.project):
        with pytest.raises(RunError, match="Only the teacher"):
            forbidden(submitted[ANN])
    assert class_room.board() == class_room.Board()
    be("teacher")
    class_room.share(submitted[ANN])
    be(BEN)
    with pytest.raises(RunError, match="another visitor's"):
        run_store.cancel(submitted[ANN])  # it is seen, but not changed
    be("teacher")
    class_room.share(submitted[ANN])
    be(ANN)
    page = opened("runs")
    assert not {key for key in keys(page) if key.endswith((".share", ".project"))}
    be("teacher")
    page = opened("runs")
    assert f"runs.{submitted[BEN]}.project" in keys(page)
    page.button(key=f"runs.{submitted[BEN]}.project").click().run()
    assert class_room.board().projected == submitted[BEN]
    page.button(key=f"runs.{submitted[ANN]}.share").click().run()
    assert class_room.board().shared == (submitted[ANN],)
    run_store.cancel(submitted[BEN])
    assert run_store.store().get(submitted[BEN]).state == "cancelled"


def test_the_projector_follows_the_teacher(be, home, finished, submitted):
    be(BEN)
    assert words.NOTHING in [info.value for info in opened("projector").info]
    be("teacher")
    class_room.project(submitted[ANN])
    be(BEN)
    page = opened("projector")
    assert [header.value for header in page.header]
    assert any("no finished curve" in info.value for info in page.info)
    shutil.copytree(finished.folder, home.run(submitted[ANN]))
    page = page.run()
    assert not page.exception
    assert not page.info
    assert "bidi_component" in {node.type for node in page.main}
    run_store.store().cancel(submitted[ANN])
    run_store.store().remove(submitted[ANN])
    assert words.GONE in [info.value for info in opened("projector").info]


def test_a_study_that_takes_too_long_is_refused_for_pupils_only(be, monkeypatch):
    long = load_study_of("faces", ["budget.steps=20000", "seeds=[0,1,2,3]"])
    be(ANN)
    with pytest.raises(ConfigError, match=r"minutes; at most 10 are allowed \(FAIRPROG_MAX_VISITOR_MINUTES\)"):
        run_store.submit(long)
    monkeypatch.setenv("FAIRPROG_MAX_VISITOR_MINUTES", "100000")
    run_store.submit(long)
    monkeypatch.delenv("FAIRPROG_MAX_VISITOR_MINUTES")
    be("teacher")
    run_store.submit(long)


def test_a_base_that_is_trained_counts_too(be, monkeypatch):
    """Pupils may change the data and the classifier of a quick study, and then no base is shipped for it."""
    be(ANN)
    monkeypatch.setenv("FAIRPROG_MAX_VISITOR_MINUTES", "2")
    for preset in run_store.HAVE_A_BASE:
        run_store.submit(load_study(preset))
    monkeypatch.delenv("FAIRPROG_MAX_VISITOR_MINUTES")
    with pytest.raises(ConfigError, match="minutes; at most 10 are allowed"):
        run_store.submit(load_study("faces-quick", ["dataset.n_train=200000", "classifier.epochs=100"]))


def test_runs_that_a_pupil_does_not_see_are_not_changed_either(be, submitted):
    be(BEN)
    for change in (run_store.cancel, run_store.pause, run_store.resume, run_store.remove):
        with pytest.raises(RunError, match=f"no run {submitted[ANN]} that you may change"):
            change(submitted[ANN])
    assert run_store.store().get(submitted[ANN]).state == "queued"


def test_a_run_that_the_teacher_resumes_stays_the_pupils(be, submitted):
    be(ANN)
    run_store.cancel(submitted[ANN])
    be("teacher")
    run_store.resume(submitted[ANN])
    be(ANN)
    assert [run.state for run in run_store.runs()] == ["queued"]


def test_records_of_a_whole_class_are_read_once(store, monkeypatch):
    """Thirty pupils watch their own runs: none is read anew because another page has been drawn."""
    asked = []
    read = type(store).records
    monkeypatch.setattr(
        type(store), "records", lambda self, run, **after: asked.append(run) or read(self, run, **after)
    )
    runs = []
    for _ in range(30):
        run = store.begin(load_study("faces-quick"), Owner.this_process())
        store.append(run.id, [{"kind": "stage", "stage": "triggers", "label": "", "fraction": 0.5}])
        runs.append(store.get(run.id))
    for run in (*runs, *runs):
        run_watch._reader(run.id, run.attempt).up_to_date(run)
    assert sorted(asked) == sorted(run.id for run in runs)


def test_without_a_class_there_is_no_projector_and_everybody_sees_all(open_page, monkeypatch, store):
    store.submit(load_study("faces-quick"), visitor=BEN)
    for name, value in Sharing(is_shared=True).to_environment().items():
        monkeypatch.setenv(name, value)
    assert (run_store.n_runs(), visitor.is_teacher(), visitor.is_pupil()) == (1, False, False)
    assert not {key for key in keys(open_page("runs")) if key.endswith((".share", ".project"))}


def test_damaged_board_shares_nothing(be, home):
    for text in ("", "[]", '{"shared": 1, "projected": "x"}', '{"shared": [1], "projected": 2}'):
        (home.path / "class.json").write_text(text)
        assert class_room.board() == class_room.Board()


@pytest.mark.parametrize(
    ("url", "addresses", "names", "expected"),
    [
        ("http://10.0.0.5:8501/runs", ["10.0.0.5", "10.1.0.5"], [], ["http://10.0.0.5:8501/join?code=ABCDEF"]),
        ("http://localhost:8501/runs", ["10.0.0.5"], ["a.org"], ["http://10.0.0.5:8501/join?code=ABCDEF"]),
        ("http://127.0.0.1:8501", [], ["a.org", "b.org:81"],
         ["http://a.org/join?code=ABCDEF", "http://b.org:81/join?code=ABCDEF"]),
        ("http://localhost:8501", [], [], ["http://localhost:8501/join?code=ABCDEF"]),
        ("", ["10.0.0.5"], [], []),
    ],
    ids=["from another machine", "at the server", "behind a proxy", "on one machine", "not known"],
)  # fmt: skip
def test_pupils_are_shown_an_address_that_they_can_open(url, addresses, names, expected):
    assert join_addresses(url, "ABCDEF", addresses, names) == expected
