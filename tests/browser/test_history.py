"""Back and forward in a real browser: one press for one page."""

from playwright.sync_api import expect

from app.wording.shared import common


def shows(visit, title: str) -> None:
    """Wait until the page with this heading has drawn itself."""
    expect(visit.page.get_by_role("heading", level=1, name=title)).to_be_visible()
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
