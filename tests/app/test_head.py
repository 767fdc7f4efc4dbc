"""The script in Streamlit's page that keeps the browser's history to one entry per page, without a server."""

import asyncio
import base64
import gzip
import hashlib
import re
from pathlib import Path

import plotly
import pytest
import streamlit
from plotly import graph_objects
from plotly.basedatatypes import BaseTraceType

from app.server.head import SCRIPT, PageHead, charts, font
from app.server.policy import content_security_policy
from app.widgets import live_plot
from app.widgets.page import STYLE

APP = Path(live_plot.__file__).parents[1]
PAGE = (Path(streamlit.__file__).parent / "static" / "index.html").read_bytes()


def is_trace(name: str) -> bool:
    found = getattr(graph_objects, name)
    return isinstance(found, type) and issubclass(found, BaseTraceType)


def answer(body, *, method="GET", accept="text/html,*/*", path="/runs", **headers):
    """Status, headers and body of what Streamlit would answer, after the middleware; the body comes in two parts."""
    sent, asked = [], []

    async def streamlit_app(scope, receive, send):
        asked.append(dict(scope["headers"]))
        named = {"content_type": "text/html; charset=utf-8", "content_length": str(len(body)), **headers}
        pairs = [(name.replace("_", "-").encode(), value.encode()) for name, value in named.items()]
        await send({"type": "http.response.start", "status": 200, "headers": pairs})
        half = len(body) // 2 if method == "GET" else 0
        await send({"type": "http.response.body", "body": body[:half], "more_body": True})
        await send({"type": "http.response.body", "body": body[half:] if method == "GET" else b""})

    async def send(message):
        sent.append(message)

    pairs = [(b"accept", accept.encode()), (b"accept-encoding", b"gzip")]
    scope = {"type": "http", "method": method, "path": path, "headers": pairs}
    asyncio.run(PageHead(streamlit_app)(scope, None, send))
    found = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    return asked[0], found, b"".join(message.get("body", b"") for message in sent)


def test_page_gets_the_script_before_any_other():
    asked, headers, body = answer(PAGE)
    assert b"accept-encoding" not in asked
    added = f"<script>{SCRIPT}</script>{STYLE}{font()}".encode()
    assert int(headers["content-length"]) == len(body) == len(PAGE) + len(added)
    assert body.index(SCRIPT.encode()) < body.index(b"<script", body.index(b"<head>") + 20)


def test_page_that_opens_with_a_chart_reads_plotly_at_once():
    assert charts("/runs") == charts("/") == ""
    live_plot._served.clear()
    assert charts("/tradeoff") == ""  # Streamlit has no file yet, and would answer 404
    live_plot._served.add(True)
    (source,) = re.findall(
        r'<script async src="(/component/[^"]+/plotly-basic.min.js[^"]*)"></script>', charts("/tradeoff")
    )
    assert source == live_plot.source()
    assert charts("/some/base/saliency").count("<script async") == 1
    assert charts("/tradeoff").encode() in answer(PAGE, path="/tradeoff")[2]


def test_plotly_js_is_that_of_the_installed_plotly_and_draws_all_that_charts_hold():
    whole = Path(plotly.__file__).parent / "package_data" / "plotly.min.js"
    assert live_plot.plotly_version(live_plot.PLOTLY) == live_plot.plotly_version(whole)
    sources = "".join(file.read_text("utf-8") for file in (APP / "charts").glob("*.py"))
    kinds = {trace.lower() for trace in dir(graph_objects) if f".add_{trace.lower()}(" in sources and is_trace(trace)}
    assert {"scatter", "bar"} <= kinds
    script = live_plot.PLOTLY.read_text("utf-8")
    assert {kind for kind in kinds if f'moduleType:"trace",name:"{kind}"' not in script} == set()


def test_font_is_one_that_the_style_sheet_of_streamlit_names():
    (name,) = re.findall(r'href="\./static/media/([^"]+)"', font())
    sheets = (Path(streamlit.__file__).parent / "static" / "static" / "css").glob("*.css")
    assert any(name in sheet.read_text("utf-8") for sheet in sheets)


def test_browser_may_run_the_script():
    digest = base64.b64encode(hashlib.sha256(SCRIPT.encode()).digest()).decode()
    assert f"'sha256-{digest}'" in content_security_policy("localhost:8501")


@pytest.mark.parametrize(
    "other",
    [
        {"accept": "*/*"}, {"content_type": "application/json"},
        {"content_encoding": "gzip"}, {"method": "HEAD"},
    ],
)  # fmt: skip
def test_other_answers_pass_unchanged(other):
    body = gzip.compress(PAGE) if "content_encoding" in other else PAGE
    _, headers, found = answer(body, **other)
    assert found == (b"" if other.get("method") else body)
    assert headers["content-length"] == str(len(body))
