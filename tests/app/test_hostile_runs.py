"""Hostile run folders: no page of theirs has a traceback, and no page of another run notices them.

``--hostile-runs N`` tries N damages of each source on every page, 0 all of them.
"""

import os
import random
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from fairprog_core.common.errors import LONGEST, FairprogError
from fairprog_core.common.home import Home
from fairprog_core.runs import Owner, Store
from fairprog_core.runs.exchange.export import export_run
from tests.app.hostile import Damage, damages
from tests.conftest import Finished

VIEWS = ("tradeoff", "compare", "saliency", "probe")
DRAWN = {"tradeoff": "plane", "compare": "duel", "saliency": "lam-", "probe": "probability"}  # what a healthy run shows
FEW, CROWD = 3, 60  # damages that are visited, and that a healthy run lives with

Open = Callable[..., AppTest]


pytestmark = pytest.mark.timeout(0)  # with many damages; every page has its own limit


@pytest.fixture(params=["finished", "odd_texts"])
def source(request: pytest.FixtureRequest) -> Finished:
    """A run on pictures, and one on texts."""
    found: Finished = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def chosen(request: pytest.FixtureRequest, source: Finished) -> list[tuple[str, Damage]]:
    """The damages that this run of the tests visits."""
    n: int | None = request.config.getoption("--hostile-runs")
    return sample(source, FEW if n is None else n, seed=1)


def sample(source: Finished, n: int, *, seed: int) -> list[tuple[str, Damage]]:
    """n damages of all kinds, 0: all of them."""
    every = sorted(damages(source.folder).items())
    return random.Random(seed).sample(every, min(n, len(every))) if n else every


def place(source: Finished, store: Store, damage: Damage | None = None) -> str:
    """Copy a run into the store's home, damage it, and return its id."""
    run = store.begin(source.study, Owner.this_process())
    store.finish(run, "done")
    folder = store.home.run(run.id)
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(source.folder, folder, copy_function=os.link)
    if damage is not None:
        damage(folder)
    return run.id


def failures(page: AppTest) -> list[str]:
    """The tracebacks on a page, and sentences that are far too long."""
    long = [each.value for each in (*page.error, *page.warning, *page.info) if len(each.value) > 3 * LONGEST]
    return [f"{each.message}\n{'  '.join(each.stack_trace[-3:])}" for each in page.exception] + long


def test_pages_of_a_damaged_run_have_no_traceback(
    open_page: Open, store: Store, source: Finished, chosen: list[tuple[str, Damage]], tmp_path: Path
) -> None:
    healthy = place(source, store)
    found: list[str] = []
    for name, damage in chosen:
        run = place(source, store, damage)
        visits = [(view, {"run": run}) for view in (*VIEWS, "train", "runs")]
        for view, query in [*visits, ("compare", {"run": healthy, "with": run})]:
            try:
                found += [f"{name}, {view}: {text}" for text in failures(open_page(view, **query))]
            except RuntimeError as error:  # it takes too long
                found.append(f"{name}, {view}: {error}")
        for suffix in (".zip", ".csv", ".json"):
            try:
                export_run(store, store.get(run), tmp_path / f"run{suffix}")
            except FairprogError:
                continue
            except Exception as error:  # noqa: BLE001 - it is reported with its damage
                found.append(f"{name}, export to {suffix}: {error!r}")
        store.remove(run)
    assert not found, f"{len(found)} failed\n" + "\n".join(found[:40])


def test_healthy_run_is_whole_among_damaged_ones(open_page: Open, store: Store, source: Finished) -> None:
    for _, damage in sample(source, CROWD, seed=2):
        place(source, store, damage)
    healthy = place(source, store)
    for view in VIEWS:
        page = open_page(view, run=healthy)
        assert not failures(page)
        assert all("The base classifier is" in error.value for error in page.error), "the tiny base learned too little"
        assert not page.warning
        assert any(DRAWN[view] in node.proto.id for node in page.main if node.type == "bidi_component")
    for view in ("start", "train", "runs"):
        page = open_page(view)
        assert not failures(page)
        assert page.title
    assert any(box.key == f"runs.{healthy}.select" for box in page.checkbox)


def test_damaged_demo_leaves_start_standing(
    open_page: Open, source: Finished, chosen: list[tuple[str, Damage]], tmp_path: Path
) -> None:
    folder = tmp_path / "assets" / "demo" / "faces"
    found: list[str] = []
    for name, damage in chosen:
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(source.folder, folder, copy_function=os.link)
        damage(folder)
        found += [f"{name}: {text}" for text in failures(open_page("start"))]
    assert not found, f"{len(found)} failed\n" + "\n".join(found[:40])


def test_things_among_the_runs_that_are_no_runs(open_page: Open, store: Store, home: Home, finished: Finished) -> None:
    healthy = place(finished, store)
    (home.runs / "a-file").write_text("x")
    (home.runs / "a-loop").symlink_to("a-loop")
    (home.runs / "nowhere").symlink_to("/nowhere/at/all")
    os.mkfifo(home.runs / "a-pipe")
    for name in ("λ 🙂", "-x", "a b", "<b>x</b>", "x" * 200, "\x1b[2J", ".hidden"):
        shutil.copytree(finished.folder, home.runs / name, copy_function=os.link)
    shutil.copytree(finished.folder, home.runs / os.fsdecode(b"\xff\xfe"), copy_function=os.link)
    for view in (*VIEWS, "start", "train", "runs"):
        for run in (healthy, "a-file", "a-loop", "nowhere", "a-pipe", "-x"):
            assert not failures(open_page(view, run=run))
