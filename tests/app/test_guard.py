"""The middleware before everything: hosts, origins, headers and the visitor's cookie, without a server."""

import asyncio
import re
from typing import Any

import pytest
from starlette.types import ASGIApp
from streamlit.testing.v1 import AppTest

from app.server import serve
from app.server.guard import COOKIE_ROUTE, VISITOR, Guard
from app.state import visitor

NAMES = ["127.0.0.1", "localhost", "::1", "box"]


async def answering(scope, receive, send):
    """An application that answers every request and accepts every websocket."""
    if scope["type"] == "lifespan":
        await send({"type": "lifespan.startup.complete"})
    elif scope["type"] == "http":
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"hello"})
    else:
        await send({"type": "websocket.accept"})


def ask(
    *,
    application: ASGIApp = answering,
    kind: str = "http",
    method: str = "GET",
    path: str = "/",
    scheme: str = "http",
    proxies: tuple[str, ...] = (),
    **headers: str,
) -> tuple[Any, dict[str, str], bytes]:
    """What a guarded application answers: its status, or the type of a websocket's first message; headers; body."""
    sent: list[dict[str, Any]] = []

    async def receive():
        return {"type": "websocket.connect" if kind == "websocket" else "http.request"}

    async def send(message):
        sent.append(message)

    scope = {
        "type": kind, "method": method, "path": path, "scheme": scheme,
        "headers": [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()],
    }  # fmt: skip
    asyncio.run(Guard(application, names=NAMES, proxies=proxies)(scope, receive, send))
    first = sent[0]
    found = {name.decode().lower(): value.decode() for name, value in first.get("headers", [])}
    return first.get("status", first["type"]), found, sent[-1].get("body", b"")


@pytest.mark.parametrize(
    "host", ["127.0.0.1:8501", "localhost", "LOCALHOST:8501", "localhost.:8501", "[::1]:8501", "[::1]", "box:80"]
)
def test_own_names_are_answered(host):
    assert ask(host=host)[0] == 200
    assert ask(host=host, kind="websocket")[0] == "websocket.accept"


@pytest.mark.parametrize(
    "host",
    [
        "evil.example", "127.0.0.1.evil.example", "localhost:x", "localhost:99999", "user@localhost", "localhost/x",
        "0.0.0.0:8501", "[::1", "", "localhost;evil", "localhost:8501;x", "evil.example:8501#localhost", "a" * 5000,
    ],
)  # fmt: skip
def test_foreign_hosts_are_refused_in_one_sentence(host):
    for headers in ({"host": host}, {} if not host else {"host": host, "x_forwarded_host": "localhost"}):
        status, found, body = ask(**headers)
        assert status == 403
        assert len(body.decode()) <= 300
        assert found["x-content-type-options"] == "nosniff"
        assert ask(kind="websocket", **headers)[0] == "websocket.close"


@pytest.mark.parametrize(
    ("origin", "host", "is_own"),
    [
        ("http://127.0.0.1:8501", "127.0.0.1:8501", True),
        ("http://localhost", "localhost:80", True),
        ("https://localhost", "localhost:443", True),
        ("http://[::1]:8501", "[::1]:8501", True),
        ("http://localhost:9", "localhost:8501", False),
        ("http://localhost", "localhost:8501", False),
        ("http://0.0.0.0", "127.0.0.1:8501", False),
        ("http://0.0.0.0:8501", "127.0.0.1:8501", False),
        ("http://127.0.0.1:8501", "localhost:8501", False),
        ("https://evil.example", "localhost:8501", False),
        ("null", "localhost:8501", False),
        ("file://localhost:8501", "localhost:8501", False),
        ("", "localhost:8501", False),
        ("http://localhost:8501@evil.example", "localhost:8501", False),
    ],
)
def test_only_own_pages_may_open_a_websocket_or_change_anything(origin, host, is_own):
    assert (ask(kind="websocket", host=host, origin=origin)[0] == "websocket.accept") is is_own
    for method in ("PUT", "POST", "DELETE", "PATCH"):
        assert (ask(method=method, host=host, origin=origin)[0] == 200) is is_own
    assert ask(host=host, origin=origin)[0] == 200  # reading is kept to our pages by the browser


def test_a_proxy_may_show_the_pages_under_its_name():
    proxies = ("dash.example", "other.example:8443")
    for origin in ("https://dash.example", "http://dash.example", "https://other.example:8443"):
        for host in ("127.0.0.1:8501", "dash.example", "dash.example:8501"):
            assert ask(kind="websocket", host=host, origin=origin, proxies=proxies)[0] == "websocket.accept"
    for origin in ("https://dash.example:9", "https://other.example", "https://not-dash.example"):
        assert ask(kind="websocket", host="dash.example", origin=origin, proxies=proxies)[0] == "websocket.close"
    assert ask(host="dash.example")[0] == 403


@pytest.mark.parametrize(
    ("origin", "passes"), [("https://dash.example", False), ("http://box:1", True), ("http://localhost", False)]
)
def test_streamlit_is_not_asked_again_about_an_origin_that_differs_from_the_host(origin, passes):
    """It would ask a service in the net for this machine's address."""
    seen = []

    async def remembering(scope, receive, send):
        seen.extend(name for name, _ in scope["headers"])
        await answering(scope, receive, send)

    ask(application=remembering, host="box:1", origin=origin, proxies=("dash.example",))
    assert (b"origin" in seen) is passes
    assert b"host" in seen


def test_every_answer_carries_the_headers_that_browsers_obey():
    _, found, _ = ask(host="localhost:8501")
    policy = dict(part.split(" ", 1) for part in found["content-security-policy"].split("; "))
    assert policy["default-src"] == policy["base-uri"] == "'self'"
    assert policy["object-src"] == policy["frame-ancestors"] == "'none'"
    assert policy["connect-src"] == "'self' ws://localhost:8501 wss://localhost:8501"
    assert re.fullmatch(r"'self' blob:( 'sha256-[\w+/=]+'){2}", policy["script-src"])
    assert "unsafe" not in found["content-security-policy"].replace("style-src 'self' 'unsafe-inline'", "")
    assert (found["x-frame-options"], found["referrer-policy"]) == ("DENY", "same-origin")


def test_a_browser_gets_one_id_and_keeps_it():
    _, found, _ = ask(host="localhost", path=COOKIE_ROUTE)
    cookie = re.fullmatch(
        rf"{VISITOR}=([0-9a-f]{{32}}); Path=/; Max-Age=\d+; HttpOnly; SameSite=Strict", found["set-cookie"]
    )
    assert cookie
    assert ask(host="localhost", path=COOKIE_ROUTE)[1]["set-cookie"] != found["set-cookie"]
    assert "set-cookie" not in ask(host="localhost", path=COOKIE_ROUTE, cookie=f"a=b; {VISITOR}={cookie[1]}")[1]
    assert "set-cookie" in ask(host="localhost", path=COOKIE_ROUTE, cookie=f"{VISITOR}=mine")[1]
    assert "set-cookie" not in ask(host="localhost", path="/")[1]
    assert ask(host="localhost", path=COOKIE_ROUTE, scheme="https")[1]["set-cookie"].endswith("; Secure")
    assert visitor.COOKIE == VISITOR


def shown_visitor() -> None:
    """A page that shows who visits, twice."""
    import streamlit as st

    from app.state.visitor import visitor

    st.text(visitor())
    st.text(visitor())


def test_a_session_without_the_cookie_has_an_id_of_its_own():
    page = AppTest.from_function(shown_visitor).run()
    first = page.text[0].value
    assert re.fullmatch(r"[0-9a-f]{32}", first)
    assert {text.value for text in page.run().text} == {first}
    assert AppTest.from_function(shown_visitor).run().text[0].value != first


def test_a_wildcard_address_is_no_name(monkeypatch):
    monkeypatch.setenv("FAIRPROG_NAMES", "dash.example:8443")
    for host in serve.EVERYWHERE:
        options = serve.server_options(host, 8600, is_shared=True)
        assert {"127.0.0.1", "localhost", "dash.example"} <= set(options["server.allowedHosts"])
        assert host not in options["server.allowedHosts"]
