"""What the tests of the pages share: opening a page, a demo, and no worker that really starts."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from fairprog_core.common.home import Home
from fairprog_core.runs import Store, launcher
from tests import opened_pages

Opener = Callable[..., AppTest]


@pytest.fixture(autouse=True)
def workers_asked_for(monkeypatch: pytest.MonkeyPatch) -> list[Home]:
    """The homes for which a page asked for workers; none is started."""
    asked: list[Home] = []
    monkeypatch.setattr(launcher, "ensure_workers", lambda home, **_: asked.append(home) or [])
    return asked


@pytest.fixture(autouse=True)
def _no_shipped_demo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages read the assets of the test; see ``demo``."""
    st.cache_data.clear()
    st.cache_resource.clear()
    monkeypatch.setenv("FAIRPROG_ASSETS", str(tmp_path / "assets"))


@pytest.fixture
def demo(finished, tmp_path: Path) -> Path:
    """A shipped demo: the tiny study that really ran."""
    folder = tmp_path / "assets" / "demo" / "faces"
    folder.parent.mkdir(parents=True, exist_ok=True)
    folder.symlink_to(finished.folder, target_is_directory=True)
    return folder


@pytest.fixture
def text_demo(odd_texts, tmp_path: Path) -> Path:
    """A shipped demo on comments: the tiny study on Civil Comments that really ran."""
    return _shipped(odd_texts.folder, tmp_path)


@pytest.fixture
def made_up_demo(made_up_comments, tmp_path: Path) -> Path:
    """A shipped demo on made-up comments, which have twins; AdvIn is explained there too."""
    return _shipped(made_up_comments.folder, tmp_path)


@pytest.fixture
def ran(tiny_duel, home: Home) -> Callable[..., Path]:
    """``ran("duel", "a1")``: copy a study that really ran into the test's home as run a1; its folder."""

    def place(name: str, run: str | None = None) -> Path:
        return Path(shutil.copytree(tiny_duel(name).folder, home.run(run or name)))

    return place


def _shipped(run: Path, tmp_path: Path) -> Path:
    folder = tmp_path / "assets" / "demo" / "comments"
    folder.parent.mkdir(parents=True, exist_ok=True)
    folder.symlink_to(run, target_is_directory=True)
    return folder


@pytest.fixture
def store(home: Home) -> Store:
    """The runs of the test's home."""
    return Store(home)


@pytest.fixture
def open_page() -> Opener:
    """``open_page("train", run="…")``: a page as the browser would open it by its address."""
    return opened_pages.open_page
