"""Texts in a real browser: a sentence is picked and read at every λ, whatever it holds; every page is accessible."""

import shutil

import psutil
import pytest

from app.wording import saliency as shared
from app.wording import sentences as words
from app.wording.shared import inside
from fairprog_core.common.home import Home
from tests.browser.conftest import running_server
from tests.tiny_texts import LAMS, ODD

RUN = "demo-comments"
SIZES = {"desktop": (1440, 900), "phone": (390, 844)}
SHOWN = """() => [...document.querySelectorAll('.st-key-gallery .fp-sentence-row')]
  .filter(row => row.checkVisibility()).map(row => row.querySelector('.fp-sentence-name strong').textContent)"""
ARE_SHOWN = f"names => JSON.stringify(({SHOWN})()) === JSON.stringify(names)"
NOW = "() => document.querySelector('.st-key-gallery .is-now .fp-sentence-name strong').textContent"
DIRECTIONS = """() => [...document.querySelectorAll('.st-key-gallery .fp-sentence-row')]
  .filter(row => row.checkVisibility()).map(row => getComputedStyle(row.querySelector('p')).direction)"""


@pytest.fixture(scope="module")
def texts(tmp_path_factory, odd_texts):
    """A dashboard whose only demo is the tiny study on odd texts; do not change its home."""
    folder = tmp_path_factory.mktemp("texts")
    home = Home(folder / "home")
    shutil.copytree(odd_texts.folder, folder / "assets" / "demo" / "comments")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FAIRPROG_ASSETS", str(folder / "assets"))
        with running_server(home) as server:
            yield server


@pytest.fixture
def saliency(texts, visitor):
    visit = visitor(texts)
    visit.open(f"/saliency?run={RUN}&lam=1")
    visit.page.locator(".st-key-gallery .fp-sentence-row").first.wait_for()
    return visit


def pick(visit, text):
    """Pick the sentence that begins so."""
    visit.page.locator(".fp-sentences label", has_text=text).first.click()
    visit.page.locator(".st-key-gallery .fp-sentence-row p", has_text=text.split()[0]).first.wait_for()
    visit.settle()


def test_rows_follow_slider_and_choice(saliency):
    page = saliency.page
    assert page.evaluate(SHOWN) == ["Without trigger", "λ = 0", "λ = 0.5", "λ = 1", "λ = 2", "λ = 5"]
    assert page.evaluate(NOW) == "λ = 1"
    page.get_by_role("slider", name=inside.SLIDER).focus()
    page.keyboard.press("End")
    assert page.evaluate(NOW) == "λ = 5"
    assert page.evaluate(SHOWN) == ["Without trigger", "λ = 0", "λ = 0.5", "λ = 2", "λ = 5"]
    saliency.settle()
    page.get_by_role("button", name="0.5", exact=True).click()
    page.wait_for_function(ARE_SHOWN, arg=["Without trigger", "λ = 0", "λ = 2", "λ = 5"])
    saliency.settle()
    page.locator(".st-key-gallery summary").click()
    assert page.evaluate(SHOWN)[1:3] == ["Random words", "Neutral words"]
    assert saliency.console == []
    assert saliency.outside == []


def test_sentence_is_picked_by_keyboard_and_the_trigger_is_marked(saliency, odd_texts):
    page = saliency.page
    first = page.locator(".st-key-gallery .fp-sentence-row p").first.inner_text()
    page.locator(".fp-sentences input").first.focus()
    page.keyboard.press("ArrowDown")
    page.wait_for_function(
        "first => document.querySelector('.st-key-gallery .fp-sentence-row p').innerText !== first", arg=first
    )
    saliency.settle()
    assert page.locator(".fp-sentences input").nth(1).is_checked()
    frames = page.locator(".st-key-gallery .is-now .fp-trigger .fp-word").all_inner_texts()
    gallery = odd_texts.result.gallery(odd_texts.result.curves[0])
    assert frames == gallery.about["trigger_words"]["lam"][LAMS.index(1.0)]


def test_numbers_can_be_shown_beside_colours_and_lines(saliency):
    page = saliency.page
    number = page.locator(".st-key-gallery .fp-sentence-row .fp-word small").first
    assert not number.is_visible()
    page.get_by_label(words.LEGEND["numbers"]).check()
    assert number.is_visible()
    styles = page.evaluate(
        """() => ['for', 'against'].map(sign => getComputedStyle(
          document.querySelector(`.st-key-gallery .fp-sentence-row .is-${sign}`)).borderBottomStyle)"""
    )
    assert styles == ["solid", "dashed"]


def test_markup_in_a_text_stays_text(saliency):
    page = saliency.page
    dialogs = []
    page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
    pick(saliency, "<img src=x")
    shown = page.locator(".st-key-gallery .fp-sentence-row p").first
    assert shown.inner_text().replace("\n", " ") == ODD[0]
    assert page.locator(".st-key-gallery p img, .st-key-gallery p script, .fp-sentences img").count() == 0
    assert dialogs == []
    assert saliency.outside == []


def test_text_from_right_to_left_runs_so_and_the_trigger_does_not_turn_it(saliency):
    pick(saliency, ODD[1][:10])
    assert set(saliency.page.evaluate(DIRECTIONS)) == {"rtl"}
    pick(saliency, "bell")
    assert set(saliency.page.evaluate(DIRECTIONS)) == {"ltr"}


@pytest.mark.parametrize("beginning", ["xxxx", "long long", words.EMPTY_TEXT])
def test_long_and_empty_texts_keep_to_the_page(texts, visitor, beginning):
    visit = visitor(texts, width=390, height=844)
    page = visit.open(f"/saliency?run={RUN}&lam=1")
    page.locator(".fp-sentences label", has_text=beginning).first.click()
    end = words.EMPTY_TEXT if beginning == words.EMPTY_TEXT else words.CUT
    page.locator(".st-key-gallery .fp-sentence-row em", has_text=end).first.wait_for()
    visit.settle()
    assert page.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0
    assert visit.findings() == []


def test_filter_that_hides_the_picked_sentence_picks_the_first(saliency):
    page = saliency.page
    pick(saliency, "bell")
    saliency.choose(shared.GROUP, "muslim")
    page.wait_for_function("() => document.querySelector('.fp-sentences input').checked")
    page.locator(".st-key-gallery .fp-sentence-title", has_text="muslim").wait_for()
    saliency.settle()
    listed = page.locator(".fp-sentences label > span > span").first.inner_text()
    shown = page.locator(".st-key-gallery .fp-sentence-row p").first.inner_text()
    assert shown.split()[:5] == listed.split()[:5]


@pytest.mark.parametrize(("scheme", "size"), [("light", "phone"), ("dark", "desktop")])
@pytest.mark.parametrize("name", ["start", "tradeoff", "saliency", "probe"])
def test_page_on_texts_is_accessible_and_calm(texts, visitor, name, size, scheme):
    width, height = SIZES[size]
    visit = visitor(texts, width=width, height=height, scheme=scheme)
    page = visit.open("/" if name == "start" else f"/{name}?run={RUN}")
    assert page.locator('[data-testid="stException"]').all_inner_texts() == []
    assert page.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0
    assert visit.findings() == []
    assert visit.console == []
    assert visit.outside == []


def test_server_has_no_traceback_in_its_log(texts):
    assert "Traceback" not in texts.log.read_text(errors="replace")


def test_own_sentence_is_explained_by_a_process_of_its_own(server, visitor):
    """With the shipped demo: a real classifier and a real trigger; markup and emoji stay what they are."""
    visit = visitor(server)
    page = visit.open(f"/saliency?run={RUN}")
    page.get_by_label(words.OWN_LABEL, exact=True).fill("The <b>Muslims</b> next door are fools 🙂")
    page.get_by_role("button", name=words.OWN_BUTTON).click()
    card = page.locator(".st-key-own-sentence")
    card.locator(".fp-sentence-row").first.wait_for(timeout=120_000)
    visit.settle()
    read = card.locator(".fp-sentence-row p").first.locator(".fp-word > span").all_inner_texts()
    assert read == ["The", "<b>Muslims</b>", "next", "door", "are", "fools", "🙂"]
    identity = card.locator(".fp-sentence-row p").first.locator(".is-identity > span").all_inner_texts()
    assert identity == ["<b>Muslims</b>"]
    assert card.locator(".fp-sentence-row.is-now .fp-trigger .fp-word").count() == 5
    assert visit.findings() == []
    assert visit.console == []
    assert visit.outside == []


def ask(page, text):
    page.get_by_label(words.OWN_LABEL, exact=True).fill(text)
    page.get_by_role("button", name=words.OWN_BUTTON, exact=True).click()


@pytest.mark.timeout(600)
def test_visitors_wait_for_each_other_leave_and_cancel(server, visitor):
    """The last visitor's page goes on by itself when the second one has left and the first one has cancelled.

    The process is halted meanwhile, so that the first explanation is not ready too early.
    """
    visits = [visitor(server) for _ in range(3)]
    first, second, last = (visit.open(f"/saliency?run={RUN}") for visit in visits)
    ask(first, "The process starts.")
    first.locator(".st-key-own-sentence .fp-sentence-row").first.wait_for(timeout=240_000)
    ask(first, "One long sentence about neighbours and fools. " * 100)
    first.get_by_role("button", name=shared.CANCEL, exact=True).wait_for(timeout=60_000)
    next(
        each
        for each in psutil.Process(server.process.pid).children(recursive=True)
        if "spawn_main" in " ".join(each.cmdline())
    ).suspend()
    ask(second, "One that nobody waits for.")
    second.get_by_text(shared.OWN_BEFORE.format(n=1)).wait_for(timeout=60_000)
    ask(last, "A short one.")
    last.get_by_text(shared.OWN_BEFORE.format(n=2)).wait_for(timeout=60_000)
    second.close()
    last.get_by_text(shared.OWN_BEFORE.format(n=1)).wait_for(timeout=60_000)
    first.get_by_role("button", name=shared.CANCEL, exact=True).click()
    first.get_by_text(shared.OWN_CANCELLED).wait_for()
    last.locator(".st-key-own-sentence .fp-sentence-row").first.wait_for(timeout=240_000)
    visits[2].settle()
    assert visits[2].findings() == []
    assert visits[2].console == []
