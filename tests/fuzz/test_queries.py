"""Any query string, on any page: no traceback, no loop, and the page is there."""

import random
from pathlib import Path
from urllib.parse import parse_qs, quote

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from app.wording.shared import common
from fairprog_core.common.home import Home
from fairprog_core.runs import launcher
from tests.conftest import Finished
from tests.fuzz.harness import Fuzz
from tests.opened_pages import open_page

NAMES = (
    "run", "curve", "lam", "gap", "with", "criterion", "methods", "against", "base", "study", "watched", "embed", "x",
)  # fmt: skip
VALUES = (
    "", " ", "0", "1", "-1", "nan", "inf", "-inf", "1e400", "1e-320", "0x10", "1_0", "٣", "9" * 5000, "true", "None",
    "demo", "demo-", "demo-comments", "demo-demo", "../../etc/passwd", "..", "/", "C:\\", "a" * 64, "a" * 65,
    "x" * 20_000, ",", ",,,", "a,b," * 500, ":", "demo:", "demo:reprogram", "%", "%00", "\x00", "\x1b[2J", "\n",
    "\u202e", "λ", "🙂", "<script>alert(1)</script>", "javascript:alert(1)", "**x**", "$x$", ":red[x]",
    "[a](http://b.invalid)", "'", '"', "{}", "average_abs_odds_difference", "accuracy", "equalized_odds",
    "demographic_parity", "reprogram", "border", "base",
)  # fmt: skip
RAW = (
    "%ED%A0%80",
    "%ff%fe",
    "%",
    "%zz",
    "&",
    "=",
    "?",
    "#",
    ";",
    "+",
    "%C0%80",
    "%00",
    "%F4%90%80%80",
)  # undecodable, too


def query(rng: random.Random, known: tuple[str, ...]) -> str:
    """A query string as it stands in an address."""

    def value() -> str:
        match rng.randrange(6):
            case 0:
                return rng.choice(RAW)
            case 1 | 2:
                return quote(rng.choice(known), safe=",:")
            case 3:
                return quote(rng.choice(known), safe="")[: rng.randrange(40)] + rng.choice((*RAW, "x", ","))
            case _:
                return quote(rng.choice(VALUES), safe="")

    pairs = [f"{rng.choice((*NAMES, rng.choice(RAW)))}={value()}" for _ in range(rng.choice((1, 1, 2, 3, 6)))]
    return "&".join(pairs)


def parameters(text: str) -> dict[str, list[str]]:
    """A query string, decoded as Streamlit decodes that of an address."""
    return parse_qs(text, keep_blank_values=True)


def check(page: AppTest) -> None:
    """Fail with what a page shows instead of itself where its script fails."""
    if page.exception:
        raise AssertionError("\n".join(f"{each.message}\n{''.join(each.stack_trace)}" for each in page.exception))


def selections() -> None:
    """All that the pages read of an address, without what they draw."""
    from app.state import run_store, session

    run, runs = session.selected_run(), session.compared_runs()
    run_store.watched_run()
    keys, _ = session.chosen_methods("equalized_odds", runs)
    session.compare_runs(run, runs)
    session.choose_methods("equalized_odds", keys, runs)
    for lams in ([0.0], [0.0, 1.0, 8.0]):
        assert session.nearest_lam(lams, None) in range(len(lams))
    for name in (session.CURVE, session.GAP, session.CRITERION, session.AGAINST, session.BASE):
        session.remember(name, session.remembered(name))


def test_selections(fuzz: Fuzz, home: Home) -> None:
    known = ("demo", "a-run", "border-equalized_odds-s0")

    def read(text: str) -> None:
        page = AppTest.from_function(selections)
        page.query_params.update(parameters(text))
        check(page.run())

    fuzz("addresses, what is selected", lambda rng: query(rng, known), read, default=300)


@pytest.fixture
def known(finished: Finished, home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[str, ...]:
    """What the tests' only run and demo have: a real study, found as a run and as a demo."""
    st.cache_data.clear()
    st.cache_resource.clear()
    monkeypatch.setattr(launcher, "ensure_workers", lambda home, **_: [])
    monkeypatch.setenv("FAIRPROG_ASSETS", str(tmp_path / "assets"))
    for place in (home.run("a-run"), tmp_path / "assets" / "demo" / "faces"):
        place.parent.mkdir(parents=True, exist_ok=True)
        place.symlink_to(finished.folder, target_is_directory=True)
    curve = finished.result.curves[0]
    return ("demo", "a-run", curve.key, f"demo:{curve.family}", f"a-run:{curve.family}", curve.gap, curve.criterion)


def is_headed_by_component(page: AppTest) -> bool:
    """Whether a page is one component, which draws its heading itself, as the lesson does in several languages."""
    return [node.type for node in page.main if node.type == "bidi_component"] == ["bidi_component"]


@pytest.mark.parametrize("name", common.PAGES)
def test_page(fuzz: Fuzz, name: str, known: tuple[str, ...]) -> None:
    def read(text: str) -> None:
        page = open_page(name, **parameters(text))
        check(page)
        assert page.title or is_headed_by_component(page)

    fuzz(f"addresses of {name}", lambda rng: query(rng, known), read, default=3, share=0.01)
