"""Every page, light and dark, on a projector and on a phone: accessible, without errors, without outside calls."""

from pathlib import Path

import pytest

from app.wording.shared.common import PAGES

PROJECTOR = "projector"
VIEWS = Path(__file__).resolve().parents[2] / "app" / "views"
MOST_SHIFT = 0.05
MOST_SHIFT_LATE = 0.3  # of a page that a busy machine shows before it is complete
TRIES = 3  # the calmest counts
SIZES = {"desktop": (1440, 900), "phone": (390, 844)}
LUMINANCE = """() => {
  const parts = getComputedStyle(document.querySelector('[data-testid="stApp"]')).backgroundColor.match(/[\\d.]+/g);
  return (0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]) / 255;
}"""

IS_LATE = "document.documentElement.classList.contains('is-late')"
ALL_BUT_PICTURES = """() => document.querySelector('[data-test-script-state="notRunning"]') !== null
  && document.querySelector('.st-key-card-row img') !== null
  && document.querySelector('[data-testid="stSkeleton"], [data-stale="true"]') === null"""


def test_every_view_is_in_the_navigation():
    views = {path.stem for path in VIEWS.glob("*.py") if not path.stem.startswith("_")}
    assert views == {*PAGES, PROJECTOR}  # the projector is a page of a class alone


@pytest.fixture
def visit(server, finished, visitor, request):
    """The page named by the test's parameters, drawn: with the shipped demo, or with a finished run."""
    name, scheme, size, subject = request.param
    width, height = SIZES[size]
    for _ in range(TRIES):
        visit = visitor(server, width=width, height=height, scheme=scheme)
        visit.open(("/" if name == "start" else f"/{name}") + (f"?run={finished.run_id}" if subject == "run" else ""))
        if visit.shift() <= MOST_SHIFT:
            break
    return visit


CASES = [
    ("light", "phone", "demo"), ("dark", "desktop", "demo"), ("light", "desktop", "run"), ("dark", "phone", "run"),
]  # fmt: skip


@pytest.mark.parametrize(
    "visit",
    [pytest.param((name, *case), id="-".join((name, *case))) for name in PAGES for case in CASES],
    indirect=True,
)
def test_page_is_accessible_and_calm(visit, request):
    _, scheme, size, _ = request.node.callspec.params["visit"]
    page = visit.page
    assert page.locator('[data-testid="stException"]').all_inner_texts() == []
    assert page.locator("h1").count() >= 1
    assert (page.evaluate(LUMINANCE) < 0.5) == (scheme == "dark")
    too_wide = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    assert too_wide <= 0, f"the page scrolls sideways by {too_wide} px at {SIZES[size][0]} px"
    assert visit.shift() <= (MOST_SHIFT_LATE if page.evaluate(IS_LATE) else MOST_SHIFT)
    assert visit.findings() == []
    assert visit.console == []
    assert visit.outside == []


def test_visit_notes_errors_outside_calls_and_findings(server, visitor):
    """The eyes of the test above are open: an error, an outside host and an unnamed button are all seen.

    The pages' own policy keeps them from asking an outside host, which their console tells; a page without it asks.
    """
    visit = visitor(server)
    page = visit.open("/")
    page.evaluate("console.error('a spilled cup')")
    page.evaluate("fetch('http://outside.invalid/').catch(() => {})")
    page.evaluate("document.querySelector('h1').after(document.createElement('button'))")
    assert any("a spilled cup" in line for line in visit.console)
    assert any("outside.invalid" in line and "Content Security Policy" in line for line in visit.console)
    assert any(line.startswith("button-name") for line in visit.findings())
    page.goto("about:blank")
    page.evaluate("fetch('http://outside.invalid/').catch(() => {})")
    assert visit.outside == ["http://outside.invalid/"]


def test_a_picture_that_comes_late_moves_nothing(server, visitor):
    visit = visitor(server, **dict(zip(("width", "height"), SIZES["phone"], strict=True)))
    page, held = visit.page, []
    page.route("**/media/*", lambda request: held.append(request))
    page.goto(f"{server.url}/train", wait_until="commit")
    page.wait_for_function(ALL_BUT_PICTURES)
    assert "is-drawn" not in (shown := page.evaluate("[...document.documentElement.classList]")) or "is-late" in shown
    for request in held:
        request.continue_()
    page.unroute("**/media/*")
    visit.settle()
    assert page.locator(".st-key-card-row img").evaluate("image => image.naturalWidth") > 0
    assert visit.shift() <= (MOST_SHIFT_LATE if page.evaluate(IS_LATE) else MOST_SHIFT)


def test_server_has_no_traceback_in_its_log(server):
    assert "Traceback" not in server.log.read_text(errors="replace")
