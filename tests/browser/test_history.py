"""Back and forward in a real browser: one press for one page."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, WebSocketRoute, expect

from app.wording.shared import common


def shows(visit, title: str) -> None:
    """Wait until the page with this heading has drawn itself."""
    expect(visit.page.get_by_role("heading", level=1, name=title)).to_be_visible(timeout=30_000)
    visit.settle()


Held = list[tuple[WebSocketRoute, str | bytes]]


def slow_way(page: Page) -> Callable[[], AbstractContextManager[Held]]:
    """Let a slow connection be played; call it before the page is opened.

    Returns:
        A function for ``with``: what the browser asks for inside is listed, and reaches the server at the end, all at
        once.
    """
    held: Held = []
    is_holding = False

    def connect(browser: WebSocketRoute) -> None:
        server = browser.connect_to_server()

        def on_request(message: str | bytes) -> None:
            if is_holding:
                held.append((server, message))
            else:
                server.send(message)

        browser.on_message(on_request)

    @contextmanager
    def holding() -> Iterator[Held]:
        nonlocal is_holding
        is_holding = True
        yield held
        is_holding = False
        for server, message in held:
            server.send(message)

    page.route_web_socket("**/_stcore/stream", connect)
    return holding


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


def test_back_after_a_move_of_a_slider_shows_the_page_before(server, visitor):
    visit = visitor(server)
    held_up = slow_way(visit.page)
    page = visit.open("/")
    start = page.get_by_role("heading", level=1).inner_text()
    page.get_by_role("link", name=common.PAGES["tradeoff"], exact=True).first.click()
    shows(visit, "Accuracy against the gap")
    slider = page.get_by_role("slider").first
    with held_up() as held:
        slider.press("ArrowLeft")
        page.go_back()
        for _ in range(200):
            if len(held) >= 2:  # for the page before, and for the slider, which has come to rest meanwhile
                break
            page.wait_for_timeout(50)
        assert len(held) >= 2
    shows(visit, start)
    assert urlsplit(page.url).path == "/"


def test_menu_of_a_phone_closes_after_a_choice(server, visitor):
    visit = visitor(server, width=390, height=844)
    page = visit.open("/")
    page.get_by_test_id("stExpandSidebarButton").click()
    page.get_by_test_id("stSidebarNavLink").filter(has_text=common.PAGES["probe"]).click()
    shows(visit, "Which group does the trigger suggest?")
    expect(page.get_by_test_id("stSidebar")).to_have_attribute("data-collapsed", "true")
