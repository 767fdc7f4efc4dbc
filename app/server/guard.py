"""The first to see every request: refuses foreign hosts and origins, sets the headers that browsers obey."""

import re
import secrets
from collections.abc import Iterable
from typing import NamedTuple
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.server.policy import content_security_policy
from fairprog_core.common.errors import shorten, shown

VISITOR = "fairprog_visitor"  # the cookie that tells one browser from another
COOKIE_ROUTE = "/_stcore/host-config"  # a page fetches it once, before it opens its websocket
COOKIE_DAYS = 365
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}
FOREIGN_HOST = (
    "This dashboard does not answer to the host name “{name}”; open it under the address that `fairprog app` printed, "
    "or let its owner start it with --name."
)
FOREIGN_ORIGIN = "This request comes from a page of another site ({name}), so it was refused."

_SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
_ID = re.compile(r"[0-9a-f]{32}")
_PORTS = {"http": 80, "ws": 80, "https": 443, "wss": 443}


class Place(NamedTuple):
    """A host and a port, e.g. of a header ``Host`` or ``Origin``; without a port, that of its scheme."""

    name: str
    port: int | None

    @classmethod
    def read(cls, text: str, scheme: str) -> "Place | None":
        """The place in ``dash.example.org:8501``; None where the text is none."""
        try:
            parts = urlsplit(f"//{text}")
            name, port = parts.hostname, parts.port
        except ValueError:
            return None
        if not name or parts.netloc != text or parts.username is not None:
            return None
        return cls(name.rstrip("."), port or _PORTS.get(scheme))


class Guard:
    """ASGI middleware around the whole dashboard.

    Attributes:
        app: what answers allowed requests.
        names: the host names at which the dashboard may be opened.
        proxies: those of them under which a proxy shows it: the origin of its pages may be another than the host.
    """

    def __init__(self, app: ASGIApp, *, names: Iterable[str], proxies: Iterable[str] = ()) -> None:
        self.app = app
        self.proxies = {
            place for name in proxies for scheme in ("http", "https") if (place := Place.read(name, scheme))
        }
        self.names = {name.lower().rstrip(".") for name in names} | {place.name for place in self.proxies}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse, or pass on and complete the headers of the answer."""
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        refusal = self._refusal(scope, headers)
        if refusal is None:
            await self.app(_judged(scope, headers), receive, _GuardedSend(scope, headers, send))
        elif scope["type"] == "http":
            await PlainTextResponse(refusal, status_code=403, headers=HEADERS)(scope, receive, send)
        else:
            await receive()
            await send({"type": "websocket.close", "code": 1008})  # before it is accepted: the browser sees 403

    def _refusal(self, scope: Scope, headers: Headers) -> str | None:
        """Why a request is refused; None: it is not."""
        host = Place.read(headers.get("host", ""), scope["scheme"])
        if host is None or host.name not in self.names:
            return FOREIGN_HOST.format(name=shorten(host.name if host else headers.get("host", ""), 80))
        origin = headers.get("origin")
        if origin is None or (scope["type"] == "http" and scope["method"] in _SAFE_METHODS):
            return None
        return None if self._is_own(origin, headers["host"]) else FOREIGN_ORIGIN.format(name=shown(origin))

    def _is_own(self, origin: str, host: str) -> bool:
        """Whether a page of this origin was delivered by this dashboard: same host and port, or an owner's proxy."""
        scheme, _, place = origin.partition("://")
        found = Place.read(place, scheme) if scheme in ("http", "https") else None
        return found is not None and (found in self.proxies or found == Place.read(host, scheme))


def _judged(scope: Scope, headers: Headers) -> Scope:
    """A request for Streamlit: without an origin that it would look up in the net, as it differs from the host."""
    origin = headers.get("origin")
    if origin is None or origin.partition("://")[2] == headers["host"]:
        return scope
    return {**scope, "headers": [pair for pair in scope["headers"] if pair[0] != b"origin"]}


class _GuardedSend:
    """Sends the messages of an answer on, with our headers in its first one."""

    def __init__(self, scope: Scope, request: Headers, send: Send) -> None:
        self.scope, self.request, self.send = scope, request, send

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            headers.update(HEADERS)
            headers["Content-Security-Policy"] = content_security_policy(self.request["host"])
            if message["status"] == 200 and self.scope["path"].endswith(COOKIE_ROUTE) and not self._has_cookie():
                headers.append("Set-Cookie", self._cookie())
        await self.send(message)

    def _has_cookie(self) -> bool:
        named = (part.strip().partition("=") for part in self.request.get("cookie", "").split(";"))
        return any(name == VISITOR and _ID.fullmatch(value) is not None for name, _, value in named)

    def _cookie(self) -> str:
        secure = "; Secure" if self.scope["scheme"] == "https" else ""
        age = COOKIE_DAYS * 24 * 3600
        return f"{VISITOR}={secrets.token_hex(16)}; Path=/; Max-Age={age}; HttpOnly; SameSite=Strict{secure}"
