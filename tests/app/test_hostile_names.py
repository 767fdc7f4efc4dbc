"""Names that others chose steer no terminal, no page, no chart and no spreadsheet: on studies that really ran.

Today's studies refuse control characters in names; a run that was copied here, or saved by an earlier version, may
have them.
"""

import csv
import json
import os
import pty
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.message import Message
from sqlalchemy import update
from streamlit.testing.v1 import AppTest

from app.widgets import page as page_frame
from fairprog_core.cli import main
from fairprog_core.common.home import Home
from fairprog_core.metrics.summaries import csv_cell
from fairprog_core.runs import Owner, Store
from fairprog_core.runs.table.tables import RUNS
from fairprog_core.study import Study

EVIL = "\x1b]0;x\x07\x1b[2J<b>x</b>:smile: www.evil.com $x$ =HYPERLINK(1)"
FORMULA = "=HYPERLINK(1)<b>x</b>"  # begins a cell
STEERING = ("\x1b", "\x07", "\x9b")
MARKUP = re.compile(r"(?<!\\)<b|(?<!\\)\$x|:smile:|www\.|(?<!\\)\[2J")  # what Markdown would not show as it is
SHOWN_AS_TEXT = {("selectbox", "options"), ("multiselect", "options"), ("code", "code_text")}


class Placed:
    """A run that really ran, with hostile names, in the test's home."""

    def __init__(self, store: Store, source: Path, *, name: str, others: dict[str, str]) -> None:
        result = json.loads((source / "result.json").read_text("utf-8"))
        study = Study.parse(result["study"])
        run = store.begin(study, Owner.this_process())
        self.id, self.folder = run.id, store.home.run(run.id)
        shutil.copytree(source, self.folder, dirs_exist_ok=True)
        result["study"]["name"] = name
        (self.folder / "result.json").write_text(json.dumps(replaced(result, others)))
        store.append(run.id, [{"kind": "stage", "stage": "triggers", "label": f"Curve 1: {EVIL}", "fraction": 0.5}])
        store.finish(run, "done")
        with store.database.writing() as connection:
            connection.execute(update(RUNS).where(RUNS.c.id == run.id).values(name=name))


def replaced(value: Any, others: dict[str, str]) -> Any:
    """A JSON value in which some texts are others, keys too."""
    if isinstance(value, dict):
        return {others.get(key, key): replaced(item, others) for key, item in value.items()}
    if isinstance(value, list):
        return [replaced(item, others) for item in value]
    return others.get(value, value) if isinstance(value, str) else value


@pytest.fixture
def place(store: Store) -> Iterator[Callable[..., Placed]]:
    def place(source: Path, name: str = EVIL, **others: str) -> Placed:
        return Placed(store, source, name=name, others=others)

    yield place
    store.close()


@pytest.fixture
def moved(place, tiny_duel) -> Placed:
    """A run with another base: both bases have hostile names."""
    others = {"residual net, seed 0": EVIL, "residual net, seed 1": FORMULA}
    return place(tiny_duel("moved").folder, **others)


# ---- terminals


@pytest.fixture
def fairprog(capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    def call(*arguments: str) -> str:
        with pytest.raises(SystemExit):
            main(arguments)
        return "".join(capsys.readouterr())

    return call


def test_commands_print_no_name_that_steers_a_terminal(fairprog, moved, place, tiny_duel, home: Home, tmp_path):
    duel = place(tiny_duel("duel").folder)
    place(tiny_duel("other").folder, name="\x9b2J" + FORMULA)
    printed = {
        arguments: fairprog(*arguments)
        for arguments in (
            ("runs", "list"), ("runs", "list", "--json"), ("runs", "show", moved.id),
            ("runs", "show", moved.id, "--json"),
            ("runs", "compare", f"{EVIL}={duel.folder}", f"{FORMULA}={moved.folder}", "--criterion", EVIL),
            ("runs", "compare", f"{EVIL}={duel.folder}", f"b={duel.folder}"),
            ("runs", "compare", duel.id, "--curve", EVIL), ("runs", "experiments", moved.id),
            ("runs", "experiments", moved.id, "--json"), ("runs", "show", EVIL), ("runs", "export", EVIL),
            ("runs", "export", moved.id, str(tmp_path / f"{EVIL.partition('<')[0]}.csv")), ("runs", EVIL), (EVIL,),
            ("run", EVIL), ("run", f"{EVIL}.toml"), ("run", "faces-quick", "--set", f"{EVIL}=1"),
            ("run", "faces-quick", "--set", f"name={EVIL}"), ("run", "faces-quick", "--set", f"device={EVIL}"),
            ("run", "faces-quick", "--json", f"{EVIL}/x"), ("data", "check", EVIL), ("encoder", EVIL, "out"),
            ("encoder", "shipped", "out", "--words", EVIL), ("encoder", "shipped", "out", "--data", EVIL),
            ("bench", "--device", EVIL), ("bench", "--suite", EVIL), ("app", "--host", EVIL),
            ("runs", "list", "--home", str(tmp_path / "a\x1b[2J")), ("runs", "remove", "--yes", moved.id),
        )
    }  # fmt: skip
    for arguments, text in printed.items():
        assert not [sign for sign in STEERING if sign in text], arguments
        assert "Traceback" not in text, arguments
    assert ":smile: www.evil.com $x$" in printed[("runs", "list")].replace("\n", "")  # otherwise as it was written
    names = [run["name"] for run in json.loads(printed[("runs", "list", "--json")])]
    assert EVIL in names  # JSON is for programs: the same name, written with escape sequences


def test_terminal_shows_names_as_they_are_written(moved, home: Home):
    """On a real terminal: without emoji, links and titles of its window."""
    code = "from fairprog_core.cli import main; main(['runs', 'list'])"
    leader, follower = pty.openpty()
    environment = os.environ | {"FAIRPROG_HOME": str(home.path), "COLUMNS": "400", "TERM": "xterm-256color"}
    with subprocess.Popen([sys.executable, "-c", code], stdout=follower, stderr=follower, env=environment) as process:
        os.close(follower)
        text = b""
        while part := _read(leader):
            text += part
        assert process.wait() == 0
    os.close(leader)
    assert b"\x1b]" not in text
    assert b"\x1b[2J" not in text
    assert b"\x07" not in text
    assert b":smile:" in text


def _read(leader: int) -> bytes:
    try:
        return os.read(leader, 65536)
    except OSError:  # Linux: the other end is closed
        return b""


# ---- spreadsheets


@pytest.mark.parametrize("text", ["=1", "+1", "-x", "@a", "\tx", "\rx", "＝1"])
def test_text_that_begins_a_formula_is_text_in_a_spreadsheet(text):
    assert csv_cell(text) == f"'{text}"


@pytest.mark.parametrize("value", [-1.5, 0.0, None, True, "a=1", "border", ""])
def test_numbers_and_other_text_are_unchanged_in_a_spreadsheet(value):
    assert csv_cell(value) is value


# ---- pages


def texts_of(message: Message, path: str = "") -> Iterator[tuple[str, str]]:
    """Every text of an element, with the name of its field."""
    for field, value in message.ListFields():
        values = value if field.is_repeated else [value]
        for each in values:
            if isinstance(each, str):
                yield field.name, each
            elif isinstance(each, Message):
                yield from texts_of(each, field.name)


def elements(page: AppTest) -> Iterator[tuple[str, Message]]:
    for block in (page.main, page.sidebar):
        for node in block:
            if isinstance(found := getattr(node, "proto", None), Message):
                yield node.type, found


def check(page: AppTest) -> str:
    """Assert that no text of a page is read as anything but text; all of it."""
    assert not page.exception
    everything = []
    for kind, element in elements(page):
        for field, text in texts_of(element):
            everything.append(text)
            assert not [sign for sign in STEERING if sign in text], (kind, field, text)
            if kind == "html" and text == page_frame.words():
                continue
            if kind == "bidi_component":
                check_component(text, field)
            elif (kind, field) not in SHOWN_AS_TEXT and field not in ("id", "key", "element_id", "form_id"):
                assert not MARKUP.search(text), (kind, field, text)
    return "".join(everything)


def check_component(text: str, field: str) -> None:
    """Components show text as text, but Plotly reads markup."""
    if field != "json":
        return
    for content in json.loads(text):
        shown = content if isinstance(content, dict) else {}
        figure = json.dumps(json.loads(shown.pop("figure", "{}")))
        assert "<b>x" not in figure
        assert "$x$" not in figure
        assert not [sign for sign in ("\\u001b", "\\u0007") if sign in figure + json.dumps(content)]


def test_pages_show_names_of_runs_and_bases_as_text(open_page, moved, place, tiny_duel):
    other = place(tiny_duel("other").folder, name=FORMULA)
    shown = {
        name: check(open_page(page, **query))
        for name, page, query in (
            ("tradeoff", "tradeoff", {"run": moved.id, "compare": other.id}),
            ("compare", "compare", {"run": other.id, "compare": moved.id}),
            ("runs", "runs", {}),
            ("watch", "train", {"run": moved.id}),
            ("train", "train", {}),
            ("no run", "tradeoff", {"run": EVIL}),
            ("nothing to watch", "train", {"run": EVIL}),
        )
    }
    for name in ("tradeoff", "compare", "runs", "watch"):
        assert "HYPERLINK(1)" in shown[name], name


def test_pages_show_groups_and_labels_as_text(open_page, place, finished):
    result = finished.result
    others = {name: f"{EVIL}{i}" for i, name in enumerate((*result.base.groups, *result.labels))}
    run = place(finished.folder, **others)
    for page in ("tradeoff", "saliency", "probe"):
        assert "HYPERLINK(1)" in check(open_page(page, run=run.id)), page


def test_files_that_are_handed_out_hold_no_formula(fairprog, moved, tmp_path):
    from fairprog_core.results.experiments import experiment_csv, transfer_rows
    from fairprog_core.results.result import Result

    table = experiment_csv(transfer_rows([Result.open(moved.folder)]))
    cells = [cell for row in csv.reader(table.splitlines()) for cell in row]
    assert f"'{FORMULA}" in cells
    fairprog("runs", "export", moved.id, str(tmp_path / "x.csv"))
    cells += [cell for row in csv.reader((tmp_path / "x.csv").read_text("utf-8").splitlines()) for cell in row]
    wrong = [cell for cell in cells if cell[:1] in ("=", "+", "-", "@", "\t", "\r") and not _is_number(cell)]
    assert wrong == []
    assert any(cell.startswith("-") for cell in cells)  # negative numbers stay numbers


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
