"""Saliency in a real browser: pictures follow the slider, filters, a picture of one's own."""

import pytest

from app.wording import saliency as words
from app.wording.shared import inside
from fairprog_core.report.figures import overlay
from tests.browser.test_tradeoff import results  # noqa: F401

PICTURES = (
    "() => [...document.querySelectorAll('.st-key-gallery .fp-cards li:first-child img')].map(image => image.src)"
)


@pytest.fixture
def saliency(results, visitor):  # noqa: F811
    visit = visitor(results)
    visit.open("/saliency?lam=0")
    visit.page.locator(".st-key-gallery img").first.wait_for()
    return visit


def test_pictures_with_the_trigger_follow_the_slider_at_once(saliency):
    page = saliency.page
    before = page.evaluate(PICTURES)
    page.get_by_role("slider", name=inside.SLIDER).focus()
    page.keyboard.press("End")
    after = page.evaluate(PICTURES)
    assert [one == other for one, other in zip(before, after, strict=True)] == [True, True, False, True]
    page.locator(".stMarkdown", has_text="At λ = 4,").first.wait_for()
    saliency.settle()
    assert page.evaluate(PICTURES) == after
    assert saliency.console == []
    assert saliency.outside == []


def test_every_picture_has_a_text(saliency):
    texts = saliency.page.locator(".st-key-gallery .fp-cards img").evaluate_all("images => images.map(one => one.alt)")
    assert texts
    assert all(texts)


def test_other_map_replaces_pictures_and_legend(saliency):
    page = saliency.page
    before = page.evaluate(PICTURES)
    page.get_by_role("radio", name=words.VIEWS["integrated_gradients"]).click()
    page.locator(".fp-legend", has_text=words.SIGNED_HIGH).first.wait_for()
    saliency.settle()
    after = page.evaluate(PICTURES)
    assert after[0] == before[0]
    assert after[1:] != before[1:]


def test_own_picture_is_explained_by_a_process_of_its_own(saliency, finished, tmp_path):
    page = saliency.page
    result = finished.result
    file = tmp_path / "face.png"
    file.write_bytes(overlay.png(result.gallery(result.curves[0]).arrays["photo"][0]))
    page.locator("input[type=file]").set_input_files(file)
    card = page.locator(".st-key-own-card")
    card.locator("strong", has_text=words.OWN_TITLE.format(lam="0")).wait_for(timeout=90_000)
    assert card.locator("img").count() == 5  # four pictures and the legend
    saliency.settle()
    assert saliency.findings() == []
