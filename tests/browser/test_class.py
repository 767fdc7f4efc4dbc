"""A class as a teacher and a pupil see it, each in a browser of their own."""

import http.client
import re
import shutil
import time
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect

from app.wording.panels import class_room as words
from fairprog_core.common.home import Home
from tests.browser.conftest import Server, running_server

SECONDS = 20_000  # milliseconds that a page may take to follow the teacher on a busy machine


@pytest.fixture
def class_server(home: Home, finished) -> Iterator[Server]:
    """A class on a home with one finished run, the owner's."""
    shutil.copytree(finished.home.path, home.path, dirs_exist_ok=True)
    with running_server(home, "--class", "--host", "127.0.0.1") as running:
        yield running


def announced(server: Server) -> tuple[str, str]:
    """The join code and the path of the teacher's address, from the owner's terminal."""
    deadline = time.monotonic() + 30
    while not (found := re.search(r"code ([A-Z]{6})\n.*(/teach/[0-9a-f]{32})", server.log.read_text())):
        assert time.monotonic() < deadline, server.log.read_text()
        time.sleep(0.05)
    return found[1], found[2]


def test_a_pupil_joins_with_the_code_and_follows_the_projector(class_server, finished, visitor):
    code, teach = announced(class_server)
    pupil, teacher = visitor(class_server, width=390), visitor(class_server)

    page = pupil.page
    page.goto(f"{class_server.url}/runs")
    expect(page).to_have_url(f"{class_server.url}/join")
    assert pupil.findings() == []
    page.get_by_label(words.CODE).fill("wrong")
    page.get_by_role("button", name=words.JOIN).click()
    expect(page.get_by_role("alert")).to_have_text(words.WRONG_CODE)
    page.get_by_label(words.CODE).fill(f"{code[:3].lower()} {code[3:]}")
    page.get_by_role("button", name=words.JOIN).click()
    expect(page).to_have_url(re.compile(re.escape(class_server.url) + r"/(\?.*)?$"))
    pupil.settle()
    pupil.open("/runs")
    assert page.get_by_text(finished.run_id).count() == 0  # the owner's run is not shared
    pupil.open("/projector")
    expect(page.get_by_text(words.NOTHING)).to_be_visible()

    teacher.open(teach)
    desk = teacher.open("/runs")
    expect(desk.get_by_text(f"{class_server.url}/join?code={code}")).to_be_visible()
    desk.get_by_role("button", name=words.PROJECT, exact=True).click()
    teacher.settle()
    expect(desk.get_by_role("button", name=words.UNPROJECT)).to_be_visible()

    expect(page.locator(".js-plotly-plot")).to_be_visible(timeout=SECONDS)  # without a click of the pupil
    assert pupil.findings() == []
    assert teacher.findings() == []
    desk.get_by_role("button", name=words.UNPROJECT).click()
    expect(page.get_by_text(words.NOTHING)).to_be_visible(timeout=SECONDS)
    assert [line for line in pupil.console if "403" not in line] == []  # the wrong code
    assert teacher.console == []
    assert (pupil.outside, teacher.outside) == ([], [])


def test_a_stranger_gets_no_session_no_file_and_no_cookie_of_a_visitor(class_server):
    place = urlsplit(class_server.url).netloc
    for path in ("/_stcore/stream", "/_stcore/host-config", "/media/x", "/component/x", "/_stcore/upload_file/a/b"):
        connection = http.client.HTTPConnection(place, timeout=10)
        upgrade = {
            "Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13",
            "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==", "Origin": class_server.url,
        }  # fmt: skip
        connection.request("GET", path, headers=upgrade if path.endswith("stream") else {})
        answer = connection.getresponse()
        answer.read()
        assert (answer.status, answer.getheader("Set-Cookie")) == (403, None)
        connection.close()
