"""Back and forward in a real browser: one press for one page."""

import pytest
from playwright.sync_api import expect

from app.wording.shared import common


def shows(visit, title: str) -> None:
    """Wait until the page with this heading has drawn itself."""
    expect(visit.page.get_by_role("heading", level=1, name=title)).to_be_visible(timeout=30_000)
    visit.settle()


def test_one_press_of_back_leads_from_a_page_to_the_one_before(server, visitor):
    visit = visitor(server)
    visit.open("/")
    start = visit.page.get_by_role("heading", level=1).inner_text()
    visit.page.get_by_role("link", name=common.PAGES["tradeoff"], exact=True).first.click()
    shows(visit, "Accuracy against the gap")
    assert "lam=" in visit.page.url
    assert "curve=" in visit.page.url
    visit.page.go_back()
    shows(visit, start)
    visit.page.go_forward()
    shows(visit, "Accuracy against the gap")
    assert "lam=" in visit.page.url


def test_one_press_of_back_leaves_a_deep_link(server, visitor, finished):
    visit = visitor(server)
    visit.page.goto("about:blank")
    visit.open(f"/tradeoff?run={finished.run_id}")
    assert "lam=" in visit.page.url
    visit.page.go_back()
    assert visit.page.url == "about:blank"


@pytest.mark.parametrize("name", ["tradeoff", "compare", "saliency", "probe"])
def test_one_press_of_back_leaves_a_page_whatever_was_chosen_on_it(server, visitor, name):
    visit = visitor(server)
    page = visit.open("/")
    start = page.get_by_role("heading", level=1).inner_text()
    page.get_by_role("link", name=common.PAGES[name], exact=True).first.click()
    page.wait_for_url(f"**/{name}*")
    visit.settle()
    entries = page.evaluate("history.length")
    for name_of_choice in ("Criterion", "Trigger or method, and criterion", "Explained class", "Gap"):
        if (box := page.get_by_role("combobox", name=name_of_choice, exact=True)).count():
            visit.open_list(box)
            page.get_by_role("option").last.click()
            visit.settle()
    for slider in page.get_by_role("slider").all():
        slider.press("ArrowLeft")
        visit.settle()
    assert page.evaluate("history.length") == entries
    page.go_back()
    shows(visit, start)


def test_menu_of_a_phone_closes_after_a_choice(server, visitor):
    visit = visitor(server, width=390, height=844)
    page = visit.open("/")
    page.get_by_test_id("stExpandSidebarButton").click()
    page.get_by_test_id("stSidebarNavLink").filter(has_text=common.PAGES["probe"]).click()
    shows(visit, "Which group does the trigger suggest?")
    expect(page.get_by_test_id("stSidebar")).to_have_attribute("data-collapsed", "true")
