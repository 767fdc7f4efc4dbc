"""The door of a class: whoever has not given the join code sees a page that asks for it, and nothing else.

The code is asked for once: the browser keeps a pass. The teacher's pass comes with the address on the owner's terminal.
"""

import hmac
import html
import time
from collections import deque
from collections.abc import Mapping
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qs

from starlette.datastructures import Headers
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from app.wording.panels import class_room as words
from fairprog_core.common.process.class_pass import PASS, Role, is_code, issue, role_of

JOIN, TEACH = "/join", "/teach/"
OPEN = ("/_stcore/health", "/favicon.png")  # paths that tell nothing of the class
MOST_WRONG, WRONG_SECONDS = 60, 60.0  # wrong codes of all visitors together, and the time in which they count
PASS_SECONDS = 12 * 3600

_PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><style>
:root {{ color-scheme: light dark; font: 1.25rem/1.5 system-ui, sans-serif; }}
body {{ display: grid; place-content: center; min-height: 90vh; margin: 0; padding: 1rem; }}
h1 {{ font-size: 2rem; margin: 0; }}
form {{ display: grid; gap: .75rem; max-width: 24rem; }}
input {{ font: inherit; font-size: 2rem; letter-spacing: .2em; text-transform: uppercase; padding: .3rem .6rem; }}
input, button {{ width: 100%; box-sizing: border-box; border-radius: .5rem; border: 1px solid #6b7885; }}
button {{ font: inherit; padding: .5rem; color: #fff; background: #0072b2; border-color: #0072b2; cursor: pointer; }}
p {{ max-width: 24rem; }}
</style></head><body><main><h1>{title}</h1><p>{lead}</p><form action="{action}" method="get">
<label for="code">{label}</label><input id="code" name="code" autocomplete="off" autocapitalize="characters"
 spellcheck="false" maxlength="20" required autofocus><button>{button}</button></form>{problem}</main></body></html>"""


class Door:
    """ASGI middleware around the dashboard of a class.

    Attributes:
        app: what answers those who have joined.
        code: the join code.
        token: the teacher's.
    """

    def __init__(self, app: ASGIApp, *, code: str, token: str) -> None:
        self.app, self.code, self.token = app, code, token
        self._wrong: deque[float] = deque(maxlen=MOST_WRONG)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let in, ask for the code, or give a pass."""
        if scope["type"] not in ("http", "websocket") or scope["path"] in OPEN:
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        answer = self._pass(scope) if scope["type"] == "http" else None
        if answer is None and role_of(_cookies(headers).get(PASS), self.token):
            await self.app(scope, receive, send)
        elif scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": 1008})  # before it is accepted: the browser sees 403
        else:
            await (answer or _ask(headers))(scope, receive, send)

    def _pass(self, scope: Scope) -> Response | None:
        """The answer to a request for a pass; None: it is a request for something else."""
        path = scope["path"]
        if path.startswith(TEACH):
            if hmac.compare_digest(path.removeprefix(TEACH).encode(), self.token.encode()):
                return self._let_in("teacher", scope)
            return _form(words.NO_TEACHER, status=403)
        if path != JOIN:
            return None
        typed = parse_qs(scope["query_string"].decode("latin-1")).get("code", [""])[0]
        if not typed:
            return _form()
        if self._is_closed():
            return _form(words.TOO_MANY, status=429)
        if is_code(typed, self.code):
            return self._let_in(role_of(_cookies(Headers(scope=scope)).get(PASS), self.token) or "member", scope)
        self._wrong.append(time.monotonic())
        return _form(words.WRONG_CODE, status=403)

    def _is_closed(self) -> bool:
        """Whether so many wrong codes came lately that somebody may be trying them all."""
        return len(self._wrong) == MOST_WRONG and time.monotonic() - self._wrong[0] < WRONG_SECONDS

    def _let_in(self, role: Role, scope: Scope) -> Response:
        answer = RedirectResponse("/", status_code=303)
        is_secure = scope["scheme"] == "https"
        answer.set_cookie(
            PASS, issue(role, self.token), max_age=PASS_SECONDS, httponly=True, samesite="lax", secure=is_secure
        )
        return answer


def _cookies(headers: Headers) -> Mapping[str, str]:
    try:
        return {name: morsel.value for name, morsel in SimpleCookie(headers.get("cookie", "")).items()}
    except CookieError:
        return {}


def _ask(headers: Headers) -> Response:
    """The answer to those who have no pass: the form for who opens a page, a sentence for programs."""
    if "text/html" in headers.get("accept", ""):
        return RedirectResponse(JOIN, status_code=303)
    return PlainTextResponse(words.NO_PASS, status_code=403)


def _form(problem: str = "", *, status: int = 200) -> Response:
    said = f'<p role="alert">{html.escape(problem)}</p>' if problem else ""
    texts = {"title": words.JOIN_TITLE, "lead": words.JOIN_LEAD, "label": words.CODE, "button": words.JOIN}
    shown = {name: html.escape(text) for name, text in texts.items()}
    headers = {"Cache-Control": "no-store"}
    return HTMLResponse(_PAGE.format(**shown, action=JOIN, problem=said), status_code=status, headers=headers)
