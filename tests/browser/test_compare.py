"""Compare in a browser: choosing, the link, downloads; on tiny studies that really ran."""

import csv
import io
import shutil
from pathlib import Path

import pytest

from app.wording import experiments as experiment_words
from app.wording import head_to_head as words
from app.wording.shared import inside
from fairprog_core.common.home import Home
from fairprog_core.results.experiments import tuning_rows
from fairprog_core.results.head_to_head import candidates, head_to_head
from tests.browser.conftest import running_server

TURNED = {"better": "worse", "worse": "better"}
SENTENCES = {
    "better": "{one} is better than {other}",
    "worse": "{one} is worse than {other}",
    "cannot tell": "Cannot tell whether {one} or {other} is better",
    "not estimable": "{one} and {other} cannot be compared here",
}


def home_with(tiny_duel, folder, *names):
    """A home with copies of tiny studies, each a run of the study's short name."""
    home = Home(folder / "home")
    for name in names:
        shutil.copytree(tiny_duel(name).folder, home.run(name))
    return home


@pytest.fixture(scope="module")
def duels(tmp_path_factory, tiny_duel):
    """A dashboard on a home with two studies on the same rows."""
    with running_server(home_with(tiny_duel, tmp_path_factory.mktemp("duels"), "duel", "other")) as server:
        yield server


@pytest.fixture(scope="module")
def verdict(tiny_duel):
    """How the refitted last layer compares with the border."""
    _, last_layer, _ = head_to_head(candidates({"duel": tiny_duel("duel").result}))["contenders"]
    return last_layer["difference"]["hypervolume"]["verdict"]


def drawn(visit, path):
    page = visit.open(path)
    page.locator(".st-key-duel .js-plotly-plot .scatterlayer").wait_for()
    page.get_by_role("heading", name=words.FIGURES).wait_for()
    visit.settle()
    return page


def test_choice_of_the_one_to_compare_with_turns_the_verdict_and_the_link(duels, visitor, verdict):
    told = SENTENCES[verdict].format(one="Last layer refitted", other="Border")
    turned = SENTENCES[TURNED.get(verdict, verdict)].format(one="Border", other="Last layer refitted")
    visit = visitor(duels)
    page = drawn(visit, "/compare?run=duel")
    page.get_by_text(told).wait_for()
    visit.choose(words.AGAINST, "Last layer refitted")
    page.get_by_text(turned).wait_for()
    visit.settle()
    assert "last_layer" in page.url.partition("against=")[2]
    again = visitor(duels)
    drawn(again, page.url.removeprefix(duels.url))
    again.page.get_by_text(turned).wait_for()
    assert visit.console == again.console == []
    assert visit.outside == []


def test_downloads_are_real_files(duels, visitor, verdict):
    page = drawn(visitor(duels), "/compare?run=duel&with=other")
    found = {}
    for label in (inside.DOWNLOAD_CHART, words.DOWNLOAD_TABLE):
        with page.expect_download() as waiting:
            page.get_by_role("button", name=label).click()
        found[label] = Path(waiting.value.path()).read_bytes()
    assert found[inside.DOWNLOAD_CHART].startswith(b"\x89PNG")
    table = list(csv.DictReader(io.StringIO(found[words.DOWNLOAD_TABLE].decode())))
    assert [row["method"] for row in table] == ["reprogram", "last_layer", "leace", "leace", "output_shift"]
    assert table[1]["hypervolume_verdict"] == verdict


@pytest.mark.parametrize(("scheme", "width"), [("dark", 1440), ("light", 390)])
def test_board_of_several_methods_is_accessible(duels, visitor, scheme, width):
    visit = visitor(duels, width=width, scheme=scheme)
    page = drawn(visit, "/compare?run=duel&with=other")
    assert page.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0
    assert visit.findings() == []
    assert visit.console == []


@pytest.fixture(scope="module")
def paper(tmp_path_factory, tiny_duel):
    """A dashboard on a home with a study for each of the three experiments."""
    home = home_with(tiny_duel, tmp_path_factory.mktemp("paper"), "shares", "moved", "four")
    with running_server(home) as server:
        yield server


@pytest.mark.parametrize(("scheme", "width"), [("light", 1440), ("dark", 390)])
def test_experiments_are_drawn_read_and_handed_out(paper, visitor, tiny_duel, scheme, width):
    visit = visitor(paper, width=width, scheme=scheme)
    page = visit.open("/compare?run=shares&with=moved,four")
    for key in ("shares", "bases", "bases-curves", "classes"):
        page.locator(f".st-key-experiment-{key} .js-plotly-plot .main-svg").first.wait_for()
    visit.settle()
    assert page.get_by_text("Further charts appear here").count() == 0
    assert page.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0
    assert visit.findings() == []
    with page.expect_download() as waiting:
        page.get_by_role("button", name=experiment_words.PNG_MATRIX).click()
    assert Path(waiting.value.path()).read_bytes().startswith(b"\x89PNG")
    with page.expect_download() as waiting:
        page.get_by_role("button", name=experiment_words.CSV.format(title=experiment_words.TUNING)).click()
    table = list(csv.DictReader(io.StringIO(Path(waiting.value.path()).read_text("utf-8"))))
    kept = [row["kept"]["value"] for row in tuning_rows(tiny_duel("shares").result)]
    assert [row["tuning_ratio"] for row in table] == ["0.25", "1.0"] * 2
    assert [row["kept"] for row in table] == ["" if value is None else str(value) for value in kept]
    assert any(row["kept"] for row in table)
    assert visit.console == []
    assert visit.outside == []
