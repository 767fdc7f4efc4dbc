"""What fairprog puts into the head of Streamlit's page: a script, the style sheet, the text font, a chart's script.

The script has to stand in the page itself, because the first elements and addresses arrive before any component has
loaded; so does our style sheet, so that nothing moves when it arrives. What the script does:

* Streamlit makes one entry in the browser's history for every value that a page writes into its address, and a page
  writes four of them when it opens. The script keeps it to one entry per page: Back leads to the page before.
* The elements of a page arrive one by one, many with a placeholder of another height. The first page of a tab is shown
  when it is complete, its pictures too, or after three seconds (``is-late``); until then its place is empty.
"""

import html
from functools import cache
from pathlib import Path

import streamlit
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.widgets.page import STYLE

SCRIPT = Path(__file__).with_name("head.js").read_text("utf-8")
_HEAD = b"<head>"
_WITH_CHARTS = ("tradeoff", "compare", "saliency", "probe")
_FONT = "SourceSansVF-Upright*.woff2"


@cache
def font() -> str:
    """A link that loads the text font at once: a heading that is drawn in another one first can have one line more."""
    files = sorted((Path(streamlit.__file__).parent / "static" / "static" / "media").glob(_FONT))
    kind = 'rel="preload" as="font" type="font/woff2" crossorigin'
    return "".join(f'<link {kind} href="./static/media/{file.name}">' for file in files)


def charts(path: str) -> str:
    """For a page that opens with a chart: a script that reads plotly.js while Streamlit still asks for the page.

    Reading it takes a browser about as long as everything else of the page. Empty until the server has drawn a chart:
    Streamlit serves a component's files only from then on.
    """
    if path.strip("/").rpartition("/")[2] not in _WITH_CHARTS:
        return ""
    from app.widgets import live_plot

    return f'<script async src="{html.escape(live_plot.source())}"></script>' if live_plot.is_served() else ""


class PageHead:
    """ASGI middleware around Streamlit; see the module.

    Attributes:
        app: what answers the requests.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on; the answer to one for a page gets the script."""
        if scope["type"] != "http" or "text/html" not in Headers(scope=scope).get("accept", ""):
            await self.app(scope, receive, send)
            return
        plain = [pair for pair in scope["headers"] if pair[0] != b"accept-encoding"]  # the page must be readable here
        head = f"<script>{SCRIPT}</script>{STYLE}{font()}{charts(scope['path'])}"
        await self.app({**scope, "headers": plain}, receive, _PageSend(send, head))


class _PageSend:
    """Sends an answer on; the whole body at once where it is a page."""

    def __init__(self, send: Send, head: str) -> None:
        self.send, self.head = send, head.encode()
        self.start: Message | None = None
        self.body = b""

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start" and _is_page(message):
            self.start = message
        elif self.start is None:
            await self.send(message)
        else:
            self.body += message.get("body", b"")
            if not message.get("more_body", False):
                await self._send_page(self.start)

    async def _send_page(self, start: Message) -> None:
        body = self.body.replace(_HEAD, _HEAD + self.head, 1)
        if "content-length" in (headers := MutableHeaders(scope=start)) and self.body:  # an answer to HEAD has no body
            headers["content-length"] = str(len(body))
        await self.send(start)
        await self.send({"type": "http.response.body", "body": body})


def _is_page(start: Message) -> bool:
    headers = Headers(scope=start)
    return "content-encoding" not in headers and headers.get("content-type", "").startswith("text/html")
