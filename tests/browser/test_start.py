"""Start in a real browser: the dot and the slider, the pictures, the typed sentence, the glossary, and no motion."""

import statistics
from collections.abc import Iterator

import pytest

from app.wording import start as words
from app.wording.shared import glossary, inside
from tests.browser.conftest import Visit, running_server

REDRAW = """stop => {
  const root = document.querySelector('[data-testid="stBidiComponentIsolated"]').shadowRoot;
  const range = root.querySelector('input[type=range]');
  const began = performance.now();
  range.value = stop;
  range.dispatchEvent(new Event('input'));
  return new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done(performance.now() - began))));
}"""
TYPED_DEADLINE = 150_000  # milliseconds; the explain process has to start first


@pytest.fixture(scope="module")
def shipped(tmp_path_factory) -> Iterator[object]:
    """A dashboard with the shipped studies."""
    from fairprog_core.common.home import Home

    with running_server(Home(tmp_path_factory.mktemp("start") / "home")) as server:
        yield server


@pytest.fixture
def start(shipped, visitor) -> Visit:
    """The page Start, drawn; motion is not wanted."""
    visit: Visit = visitor(shipped)
    visit.open("/")
    visit.page.locator(".fp-intro canvas").first.wait_for()
    return visit


def pixels(page, number=1):
    """The content of a picture; the second one is that with the trigger."""
    return page.locator(".fp-intro canvas").nth(number).evaluate("canvas => canvas.toDataURL()")


def verdicts(page):
    """Whether the two pictures are marked as right or wrong."""
    return [side.get_attribute("class") for side in page.locator(".fp-intro .side").all()]


def test_first_view_tells_the_story_without_a_move(start):
    """Without motion the dot stands at the chosen λ at once; the first example is a gain; all is in one view."""
    page = start.page
    assert page.locator(".fp-intro .apart").inner_text() == "47 → 4 points apart."
    assert "blond men recognised" in page.locator(".fp-intro .lines").inner_text()
    assert verdicts(page) == ["side wrong", "side right"]
    assert "29,298" in page.locator(".fp-intro .lock").inner_text()
    last = page.locator(".st-key-next_steps a").last.bounding_box()
    assert last["y"] + last["height"] <= 900
    assert start.findings() == []
    assert (start.console, start.outside) == ([], [])


def test_slider_and_dot_move_pictures_and_figures(start):
    page = start.page
    slider = page.get_by_role("slider", name=inside.SLIDER)
    assert slider.get_attribute("aria-valuetext").startswith("λ = 2. 47 → 4 points apart.")
    framed = pixels(page)
    slider.focus()
    page.keyboard.press("Home")
    assert page.locator(".fp-intro .apart").inner_text() == "47 points apart."
    assert pixels(page) != framed
    page.locator(".fp-intro .said", has_text=words.NO_TRIGGER).wait_for(state="attached")
    dot, ring = (page.locator(f".fp-intro {name}").bounding_box() for name in (".dot", ".ring"))
    page.mouse.move(dot["x"] + dot["width"] / 2, dot["y"] + dot["height"] / 2)
    page.mouse.down()
    page.mouse.move(ring["x"] + ring["width"] / 2, ring["y"] + ring["height"] / 2, steps=6)
    page.mouse.up()
    assert slider.get_attribute("aria-valuetext").startswith("λ = 2")
    assert pixels(page) == framed


def test_slider_redraws_within_300_ms(start):
    times = [start.page.evaluate(REDRAW, stop) for stop in (1, 2, 3, 0, 2, 1, 3, 0, 1, 2)]
    assert statistics.median(times) <= 300, times


def test_examples_change_and_a_click_shows_what_the_classifier_sees(start):
    page = start.page
    first = pixels(page, 0)
    page.get_by_role("button", name=words.LOSS).click()
    page.locator(".fp-intro .side.wrong canvas").nth(0).wait_for()
    page.wait_for_function(
        "first => document.querySelector('[data-testid=stBidiComponentIsolated]').shadowRoot"
        ".querySelector('canvas').toDataURL() !== first", arg=first,
    )  # fmt: skip
    assert verdicts(page) == ["side right", "side wrong"]
    drawing = pixels(page, 0)
    picture = page.locator(".fp-intro .look").first
    picture.focus()
    page.keyboard.press("Enter")
    assert picture.get_attribute("aria-pressed") == "true"
    colours = """canvas => {
      const pixels = canvas.getContext('2d').getImageData(0, 0, canvas.width, 1).data;
      return pixels.slice(0, 4).every((value, i) => value === pixels[4 * Math.floor(canvas.width / 128) + i]);
    }"""
    assert pixels(page, 0) != drawing
    assert page.locator(".fp-intro canvas").first.evaluate(colours)  # one of 64 × 64 squares has one colour
    page.keyboard.press("Enter")
    assert pixels(page, 0) == drawing


def test_typed_sentence_gets_its_scores_and_chips_swap_the_group(start):
    page = start.page
    page.get_by_text("Made-up comments", exact=True).click()
    field = page.get_by_role("textbox", name=words.INPUT)
    field.wait_for()
    assert field.input_value() == words.SENTENCES[0]
    assert page.locator(".fp-intro .share").all_inner_texts() == ["58 %", "28 %"]
    page.get_by_role("button", name="Christians").click()
    assert field.input_value() == words.SENTENCES[1]
    field.fill("My Muslim neighbour is <b>kind</b>.")
    page.locator(".fp-intro .texts.waits").wait_for(state="attached")
    page.locator(".fp-intro .texts:not(.waits)").wait_for(timeout=TYPED_DEADLINE)
    assert page.get_by_role("button", name="Muslims").get_attribute("aria-pressed") == "true"
    assert start.findings() == []
    assert (start.console, start.outside) == ([], [])


def test_glossary_opens_and_closes_by_keyboard(start):
    page = start.page
    page.get_by_role("button", name=glossary.BUTTON, exact=True).focus()
    page.keyboard.press("Enter")
    page.get_by_role("dialog", name=glossary.TITLE).wait_for()
    assert page.locator("#fp-glossary dt").all_inner_texts() == [term.name for term in glossary.glossary().values()]
    assert start.findings() == []
    page.keyboard.press("Escape")
    page.locator("#fp-glossary").wait_for(state="hidden")


def test_dot_sweeps_to_the_chosen_lambda_once(shipped, browser):
    """With motion the dot starts at the base and is at the chosen λ after three seconds; on a second visit at once."""
    page = browser.new_context(viewport={"width": 1440, "height": 900}).new_page()
    page.goto(shipped.url)
    page.locator(".fp-intro .value", has_text=words.NO_TRIGGER).wait_for()
    began = page.evaluate("performance.now()")
    page.locator(".fp-intro .value", has_text="λ = 2").wait_for()
    page.wait_for_function(
        "() => { const root = document.querySelector('[data-testid=stBidiComponentIsolated]').shadowRoot;"
        "const [dot, ring] = ['.dot', '.ring'].map(name => root.querySelector(name).getAttribute('cx'));"
        "return Math.abs(dot - ring) < 0.5; }"
    )
    assert 1500 < page.evaluate("performance.now()") - began < 8000
    page.context.close()


def test_strip_leads_on_by_keyboard(start):
    page = start.page
    page.get_by_role("link", name=words.NEXT["tradeoff"]).focus()
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Accuracy against the gap").wait_for()
    assert "/tradeoff?run=demo" in page.url
