"""Start in a real browser: the slider moves pictures, bars and figures at once, by mouse and by keyboard."""

import statistics
from pathlib import Path

import pytest

from app.wording import start as words
from tests.browser.conftest import running_server

REDRAW = """stop => {
  const root = document.querySelector('[data-testid="stBidiComponentIsolated"]').shadowRoot;
  const range = root.querySelector('input[type=range]');
  const began = performance.now();
  range.value = stop;
  range.dispatchEvent(new Event('input'));
  return new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done(performance.now() - began))));
}"""


@pytest.fixture
def start(finished, home, tmp_path: Path, monkeypatch, visitor):
    """The page Start of a dashboard whose demo is the tiny study."""
    folder = tmp_path / "assets" / "demo" / "faces"
    folder.parent.mkdir(parents=True)
    folder.symlink_to(finished.folder, target_is_directory=True)
    monkeypatch.setenv("FAIRPROG_ASSETS", str(tmp_path / "assets"))
    with running_server(home) as server:
        visit = visitor(server)
        visit.open("/")
        visit.page.locator(".fp-intro canvas").first.wait_for()
        yield visit


def pixels(page):
    """The content of the first picture."""
    return page.locator(".fp-intro canvas").first.evaluate("canvas => canvas.toDataURL()")


def test_slider_moves_pictures_figures_and_bars(start, finished):
    page = start.page
    slider = page.get_by_role("slider", name=words.SLIDER)
    assert slider.get_attribute("aria-valuetext") == words.NO_TRIGGER
    before, figures = pixels(page), page.locator(".fp-intro .now").all_inner_texts()
    assert figures[1] == f"{finished.result.base['accuracy']:.3f}"
    slider.focus()
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    assert slider.get_attribute("aria-valuetext") == "λ = 4"
    point = finished.result.points(method="reprogram", lam=4.0)[0]
    assert page.locator(".fp-intro .now").all_inner_texts()[1] == f"{point['accuracy']:.3f}"
    assert pixels(page) != before
    page.locator(".fp-intro .said", has_text="λ = 4").wait_for(state="attached")
    page.keyboard.press("Home")
    assert pixels(page) == before
    assert start.console == []
    assert start.outside == []


def test_slider_redraws_within_300_ms(start):
    times = [start.page.evaluate(REDRAW, stop) for stop in (1, 2, 3, 0, 2, 1, 3, 0, 1, 2)]
    assert statistics.median(times) <= 300, times


def test_button_leads_to_train_by_keyboard(start):
    page = start.page
    page.get_by_role("button", name=words.BUTTON).focus()
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Train a trigger").wait_for()
    assert page.url.endswith("/train")
