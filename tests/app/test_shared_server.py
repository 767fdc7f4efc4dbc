"""A shared server's pages: what visitors can choose, and that no page tells them a path of the server."""

import getpass
import json
import shutil
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from app.components.tradeoff import downloads
from app.state import run_store
from app.wording.shared import public
from app.wording.shared.common import PAGES, plain
from fairprog_core.common.errors import ConfigError, RunError
from fairprog_core.common.home import Home
from fairprog_core.common.sharing import Sharing
from fairprog_core.results.result import Result
from fairprog_core.runs import Owner
from fairprog_core.study.load import load_study, load_study_of
from tests.app.changed import change
from tests.opened_pages import MAIN

SECRET = "/srv/the secret place"  # the root of a data set that the owner uses
VISITS = {
    "train": ("failed", "plain"),
    "tradeoff": ("done", "damaged"),
    "saliency": ("done", "damaged"),
    "probe": ("done", "damaged"),
    "compare": ("done",),
}


@pytest.fixture
def share(monkeypatch):
    """``share("hub")``: this is a shared server whose visitors may name models of the hub."""

    def call(*allowed: str) -> None:
        for name, value in Sharing(is_shared=True, allowed=frozenset(allowed)).to_environment().items():
            monkeypatch.setenv(name, value)

    return call


@pytest.fixture
def owners_runs(store, home: Home, finished) -> dict[str, str]:
    """Runs of the owner, by state, that hold paths wherever a run can hold them."""
    study = load_study_of("celeba", [f"dataset.root={SECRET}"])
    runs = {state: store.begin(study, Owner.this_process()) for state in ("failed", "done")}
    store.finish(runs["failed"], "failed", error=f"CelebA: {SECRET} does not exist; {home.path}/cache is full.")
    store.finish(runs["done"], "done")
    folder = Path(shutil.copytree(finished.folder, home.run(runs["done"].id)))
    change(folder, lambda values: values["study"].update(study.to_json()))
    damaged = store.begin(load_study("faces-quick"), Owner.this_process())
    store.finish(damaged, "done")
    home.run(damaged.id).mkdir(parents=True)
    (home.run(damaged.id) / "result.json").write_text("[]")
    plain_failure = store.begin(load_study("faces-quick"), Owner.this_process())
    store.finish(
        plain_failure, "failed", error=f"{home.path}/models/x.safetensors is damaged, {Path.home()}/y and /var/z too."
    )
    return {"failed": runs["failed"].id, "done": runs["done"].id, "damaged": damaged.id, "plain": plain_failure.id}


def everything_on(page: AppTest) -> str:
    """All that a page sends to the browser, as text; without the backslashes by which Markdown is escaped."""
    return "\n".join(str(getattr(node, "proto", "")) for node in page._tree).replace("\\", "")


def assert_tells_nothing(text: str, home: Home) -> None:
    for secret in (str(home.path), str(home.path.parent), SECRET, "the secret place", "/srv", "/var/z"):
        assert secret not in text
    assert f"/{getpass.getuser()}/" not in text
    assert f"{Path.home()}/" not in text


@pytest.mark.parametrize("name", PAGES)
def test_no_page_tells_a_path_of_the_server(open_page, share, owners_runs, home, demo, name):
    share()
    for run in VISITS.get(name, ("",)):
        page = open_page(name, **({"run": owners_runs[run]} if run else {}))
        assert not page.exception
        text = everything_on(page)
        assert len(text) > 1000
        assert_tells_nothing(text, home)


def test_the_same_pages_tell_the_owner_where_things_are(open_page, owners_runs, home, demo):
    """The eyes of the test above are open."""
    text = everything_on(open_page("runs"))
    assert str(home.path) in text
    assert SECRET in text


def test_downloaded_result_holds_no_path(share, owners_runs, home):
    result = Result.open(home.run(owners_runs["done"]))
    assert SECRET in downloads._result(result).decode()
    share()
    shown = downloads._result(result).decode()
    assert_tells_nothing(shown, home)
    assert json.loads(shown)["study"]["dataset"]["root"] == public.HIDDEN
    assert json.loads(shown)["curves"] == json.loads((result.folder / "result.json").read_text())["curves"]


def test_form_offers_what_visitors_may_use(open_page, share):
    share()
    page = open_page("train")
    assert not page.exception
    presets = page.selectbox(key="study.preset").options
    assert "Drawn faces, quick" in presets
    assert not [name for name in presets if "Civil" in name or "CelebA" in name or "celeba" in name.lower()]
    assert page.selectbox(key="study.faces-quick.dataset.kind").options == ["Drawn faces", "Made-up comments"]
    page.selectbox(key="study.preset").set_value("comments-quick").run()
    assert not [field for field in page.text_input if field.label == "Model"]
    assert not page.button(key="train").disabled
    share("hub")
    page = open_page("train")
    page.selectbox(key="study.preset").set_value("comments-quick").run()
    assert {field.label for field in page.text_input} >= {"Model"}


def test_whatever_the_form_sends_is_refused_before_a_look_at_the_disk(open_page, share, tmp_path, store):
    key = "study.comments-quick.classifier.encoder.model"
    share("folders")
    page = open_page("train")
    page.selectbox(key="study.preset").set_value("comments-quick").run()
    page.text_input(key=key).set_value(str(tmp_path)).run()
    share()
    page.button(key="train").click().run()  # with the closed field's value still in the message
    assert not page.error
    (run,) = store.list()
    assert run.study["classifier"]["model"] == "shipped"  # it is dropped: the field is not read
    said = set()
    for root in (tmp_path, tmp_path / "missing", Path("/etc/passwd")):
        with pytest.raises(ConfigError, match=r"dataset\.root names a folder or file of the server") as refused:
            run_store.submit(load_study_of("celeba", [f"dataset.root={root}"]))
        said.add(str(refused.value))
    assert len(said) == 1
    assert store.list() == [run]


def test_run_of_the_owner_is_not_resumed_by_visitors(share, store, owners_runs):
    share("folders", "hub")
    for state in ("failed", "plain"):
        before = store.get(owners_runs[state]).state
        with pytest.raises(RunError, match="another visitor's or the owner's"):
            run_store.resume(owners_runs[state])
        assert store.get(owners_runs[state]).state == before


def test_own_run_is_resumed_only_while_the_owner_allows_what_it_names(share, store, tmp_path, monkeypatch):
    monkeypatch.setattr(run_store, "warm_up", lambda: None)  # no worker: the run stays as it is
    share("folders")
    run_id = run_store.submit(load_study_of("celeba", [f"dataset.root={tmp_path}"]))
    run_store.cancel(run_id)
    share()
    with pytest.raises(ConfigError, match="does not allow"):
        run_store.resume(run_id)
    assert store.get(run_id).state == "cancelled"
    share("folders")
    run_store.resume(run_id)
    assert store.get(run_id).state == "queued"


def test_a_preset_that_is_none_is_not_looked_for_as_a_file(open_page, share, tmp_path):
    share()
    for forged in (tmp_path, Path("/etc/passwd")):
        page = AppTest.from_file(str(MAIN), default_timeout=30).switch_page("views/train.py")
        page.session_state["study.preset"] = str(forged)
        page.run()
        assert not page.exception
        assert not page.error
        assert page.selectbox(key="study.preset").value == "faces-quick"


def test_where_folders_are_allowed_no_sentence_tells_which_exist(open_page, share, tmp_path):
    share("folders")
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").write_text("x")
    said = []
    page = open_page("train")
    page.selectbox(key="study.faces-quick.dataset.kind").set_value("civil_comments").run()
    for root in (tmp_path / "empty", tmp_path / "file", tmp_path / "missing", "relative"):
        page.text_input(key="study.faces-quick.dataset.civil_comments.root").set_value(str(root)).run()
        assert not page.exception
        said.append([info.value for info in page.info])
    assert said == [[plain(public.WITHHELD)]] * len(said)
    refused = set()
    for root in ("~root/x", "~nobody-here/x"):
        page.text_input(key="study.faces-quick.dataset.civil_comments.root").set_value(root).run()
        assert not page.exception
        refused.add(tuple(each.value.replace(plain(root), "it") for each in [*page.error, *page.warning, *page.info]))
    assert len(refused) == 1
    assert "may not begin with" in str(refused)


def test_run_is_changed_by_the_browser_that_submitted_it_and_by_no_other(open_page, store, share):
    share()
    mine = open_page("train")
    mine.button(key="train").click().run()
    [run] = store.list()
    other = open_page("train", run=run.id)
    assert not other.exception
    assert "watch.cancel" in {button.key for button in mine.button}
    assert "watch.cancel" not in {button.key for button in other.button}
    table = {button.key for button in open_page("runs").button}
    assert f"runs.{run.id}.open" in table
    assert not table & {f"runs.{run.id}.{action}" for action in ("cancel", "resume", "remove")}
    for action in (run_store.cancel, run_store.resume, run_store.remove):  # whatever a browser sends
        with pytest.raises(RunError, match="another visitor's or the owner's"):
            action(run.id)
    mine.button(key="watch.cancel").click().run()
    assert not mine.error
    assert store.get(run.id).state == "cancelled"
    store.remove(run.id)  # the owner, on the command line


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("CelebA: /data/celeba does not exist.", "CelebA: a folder of the server does not exist."),
        ("HOME/runs/ab/result.json is damaged.", "runs/ab/result.json is damaged."),
        ("HOME is full, HOME/ too", "the home is full, the home too"),
        ("in ~bob/x: no (see C:\\data\\x)", "in a folder of the server: no (see a folder of the server)"),
        ("sqlite:////data/x and file:///y", "a folder of the server and a folder of the server"),
        ("5 steps/s, 1/2, λ / 3, n/a, https://a.org/b/c", "5 steps/s, 1/2, λ / 3, n/a, https://a.org/b/c"),
        ("relative/path.csv, \\x1b and \\n", "relative/path.csv, \\x1b and \\n"),
        ("data:image/png;base64,iVBO+/abc+/d==", "data:image/png;base64,iVBO+/abc+/d=="),
        ("data:image/png;base64,iVBO /etc/x", "data:image/png;base64,iVBO a folder of the server"),
    ],
)
def test_texts_lose_their_paths(share, home, text, shown):
    text = text.replace("HOME", str(home.path))
    assert public.text(text) == text
    share()
    assert public.text(text) == shown
