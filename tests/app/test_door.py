"""The door of a class: what is seen without its code, and by whom."""

import asyncio
import re
import time

import pytest

from app.server import door
from app.server.door import Door
from app.wording.panels import class_room as words
from fairprog_core.common.process.class_pass import LETTERS, PASS, is_code, issue, new_code, new_token, role_of

CODE, TOKEN = "ABCDEF", "0" * 32
INSIDE = b"what is inside"


async def inside(scope, receive, send):
    """The dashboard."""
    if scope["type"] == "websocket":
        await send({"type": "websocket.accept"})
        return
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": INSIDE})


@pytest.fixture
def ask():
    """``ask("/runs", cookie=…)``: status, headers and body of the answer; of a websocket its first message."""
    made = Door(inside, code=CODE, token=TOKEN)

    def call(path: str, *, cookie: str = "", query: str = "", accept: str = "text/html", kind: str = "http"):
        sent = []

        async def send(message):
            sent.append(message)

        async def receive():
            return {"type": "websocket.connect"}

        headers = [(b"accept", accept.encode()), (b"cookie", cookie.encode()), (b"host", b"localhost")]
        scope = {"type": kind, "scheme": "http", "path": path, "query_string": query.encode(), "headers": headers}
        scope |= {"method": "GET", "http_version": "1.1", "server": ("localhost", 80), "root_path": ""}
        asyncio.run(made(scope, receive, send))
        if kind == "websocket":
            return sent[0]["type"]
        head = {name.decode().lower(): value.decode() for name, value in sent[0]["headers"]}
        return sent[0]["status"], head, b"".join(message.get("body", b"") for message in sent)

    return call


@pytest.mark.parametrize(
    "path", ["/", "/runs", "/tradeoff", "/_stcore/host-config", "/media/x.png", "/teach", "/x/join"]
)
def test_without_a_pass_nothing_of_the_class_is_seen(ask, path):
    for cookie in (
        "",
        f"{PASS}=member",
        f"{PASS}={issue('teacher', '1' * 32)}",
        f"{PASS}=teacher.{'0' * 64}",
        '"\x00;=',
    ):
        status, head, body = ask(path, cookie=cookie)
        assert (status, head["location"]) == (303, "/join")
        assert ask(path, cookie=cookie, accept="*/*")[0] == 403
        assert INSIDE not in body
    assert ask("/_stcore/stream", kind="websocket") == "websocket.close"


def test_with_the_code_a_browser_gets_a_pass_and_is_let_in(ask):
    assert INSIDE not in ask("/join")[2]
    status, head, _ = ask("/join", query="code=abc-def")
    assert (status, head["location"]) == (303, "/")
    cookie = head["set-cookie"]
    assert "HttpOnly" in cookie
    assert "samesite=lax" in cookie.lower()
    kept = cookie.partition(";")[0]
    assert ask("/runs", cookie=kept)[2] == INSIDE
    assert ask("/_stcore/stream", cookie=kept, kind="websocket") == "websocket.accept"
    assert role_of(kept.partition("=")[2], TOKEN) == "member"


def test_the_teacher_comes_by_the_address_on_the_terminal_only(ask):
    status, head, _ = ask(f"/teach/{TOKEN}")
    assert (status, head["location"]) == (303, "/")
    assert role_of(head["set-cookie"].partition(";")[0].partition("=")[2], TOKEN) == "teacher"
    for token in ("", "1" * 32, CODE, "ä"):
        status, head, body = ask(f"/teach/{token}")
        assert (status, "set-cookie" in head) == (403, False)
        assert words.NO_TEACHER.encode() in body


def test_a_teacher_who_opens_the_address_of_the_pupils_stays_the_teacher(ask):
    _, head, _ = ask("/join", query=f"code={CODE}", cookie=f"{PASS}={issue('teacher', TOKEN)}")
    assert role_of(head["set-cookie"].partition(";")[0].partition("=")[2], TOKEN) == "teacher"


def test_trying_all_codes_takes_years(ask, monkeypatch):
    now = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    for _ in range(door.MOST_WRONG):
        status, _, body = ask("/join", query="code=WRONG<b>")
        assert status == 403
        assert b"<b>" not in body
    assert ask("/join", query=f"code={CODE}")[0] == 429
    now[0] += door.WRONG_SECONDS
    assert ask("/join", query=f"code={CODE}")[0] == 303
    minutes = len(LETTERS) ** len(new_code()) / door.MOST_WRONG
    assert minutes > 2 * 365 * 24 * 60


def test_codes_can_be_read_aloud():
    assert re.fullmatch(f"[{LETTERS}]{{6}}", new_code())
    assert not set("ILO01") & set(LETTERS)
    assert is_code(" abc-def ", CODE)
    assert not is_code("", CODE)
    assert not is_code("ABCDEFG", CODE)
    assert len({new_token() for _ in range(9)}) == 9


def test_health_is_open_because_the_command_waits_for_it(ask):
    assert ask("/_stcore/health", accept="*/*")[2] == INSIDE
