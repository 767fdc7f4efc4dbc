"""Compare in a browser: choosing, the link, downloads; on made-up studies whose rates are known."""

import csv
import io
from pathlib import Path

import pytest

from app.wording import experiments as experiment_words
from app.wording import head_to_head as words
from app.wording.shared import inside
from fairprog_core.common.home import Home
from tests.browser.conftest import running_server
from tests.made_up_duel import write_duel
from tests.made_up_experiments import write_classes, write_shares, write_transfer


@pytest.fixture(scope="module")
def duels(tmp_path_factory):
    """A dashboard on a home with two made-up studies on the same rows."""
    home = Home(tmp_path_factory.mktemp("duels") / "home")
    write_duel(home.run("duel"))
    write_duel(home.run("other"), methods={"output_shift": [(0.75, 0.45)]}, name="other")
    with running_server(home) as server:
        yield server


def drawn(visit, path):
    page = visit.open(path)
    page.locator(".st-key-duel .js-plotly-plot .scatterlayer").wait_for()
    page.get_by_role("heading", name=words.FIGURES).wait_for()
    visit.settle()
    return page


def test_choice_of_the_one_to_compare_with_turns_the_verdict_and_the_link(duels, visitor):
    visit = visitor(duels)
    page = drawn(visit, "/compare?run=duel")
    page.get_by_text("Last layer refitted is worse than Border").wait_for()
    visit.choose(words.AGAINST, "Last layer refitted")
    page.get_by_text("Border is better than Last layer refitted").wait_for()
    visit.settle()
    assert "last_layer" in page.url.partition("against=")[2]
    again = visitor(duels)
    drawn(again, page.url.removeprefix(duels.url))
    again.page.get_by_text("Border is better than Last layer refitted").wait_for()
    assert visit.console == again.console == []
    assert visit.outside == []


def test_downloads_are_real_files(duels, visitor):
    page = drawn(visitor(duels), "/compare?run=duel&with=other")
    found = {}
    for label in (inside.DOWNLOAD_CHART, words.DOWNLOAD_TABLE):
        with page.expect_download() as waiting:
            page.get_by_role("button", name=label).click()
        found[label] = Path(waiting.value.path()).read_bytes()
    assert found[inside.DOWNLOAD_CHART].startswith(b"\x89PNG")
    table = list(csv.DictReader(io.StringIO(found[words.DOWNLOAD_TABLE].decode())))
    assert [row["method"] for row in table] == ["reprogram", "last_layer", "leace", "output_shift"]
    assert table[1]["hypervolume_verdict"] == "worse"


@pytest.mark.parametrize(("scheme", "width"), [("dark", 1440), ("light", 390)])
def test_board_of_several_methods_is_accessible(duels, visitor, scheme, width):
    visit = visitor(duels, width=width, scheme=scheme)
    page = drawn(visit, "/compare?run=duel&with=other")
    assert page.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0
    assert visit.findings() == []
    assert visit.console == []


@pytest.fixture(scope="module")
def paper(tmp_path_factory):
    """A dashboard on a home with a made-up study for each of the three experiments."""
    home = Home(tmp_path_factory.mktemp("paper") / "home")
    write_shares(home.run("shares"))
    write_transfer(home.run("moved"))
    write_classes(home.run("four"), 4, left_out=("wavy",))
    with running_server(home) as server:
        yield server


@pytest.mark.parametrize(("scheme", "width"), [("light", 1440), ("dark", 390)])
def test_experiments_are_drawn_read_and_handed_out(paper, visitor, scheme, width):
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
    assert [(row["tuning_ratio"], float(row["kept"])) for row in table] == [("0.05", 0.5), ("1.0", 1.0)]
    assert visit.console == []
    assert visit.outside == []
