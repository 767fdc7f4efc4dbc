"""A Plotly chart that updates without flicker: one DOM node for the life of the page, ``Plotly.react`` on new data.

Zoom, hover and legend survive an update. CSS sets the colour of texts, so that a change of theme needs no redraw.
plotly.js is the one of the installed plotly package, but only the part for lines and bars (plotly.js-basic-dist-min): a
browser reads it in a fifth of the time that all of plotly.js takes.
"""

import json
import re
from contextlib import nullcontext
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any

import streamlit as st
from streamlit.components.v1 import declare_component

from app.charts.plot import DrawnPlot, Plot
from app.widgets import page

_ROOT = 17  # px: the type that the heights of charts are made for
_CAPTION = 3.5  # rem: the label and the folded table below the chart
_served: set[bool] = set()  # not empty: a page of this server has drawn a chart
_FOLDER = Path(__file__).parent
PLOTLY = _FOLDER.parent / "static" / "plotly" / "plotly-basic.min.js"
_HTML = (_FOLDER / "live_plot.html").read_text("utf-8")
_CSS = (_FOLDER / "live_plot.css").read_text("utf-8")
_JS = (_FOLDER / "live_plot.js").read_text("utf-8")


def show(value: Plot | DrawnPlot, *, key: str, is_reserved: bool = True) -> None:
    """Draw the chart, or update it with new data.

    Args:
        value: the chart.
        key: of the component.
        is_reserved: whether it keeps its place until it is loaded. A chart whose height changes while it is watched
            stands in a place of its own: another height here would build it anew.
    """
    drawn = value if isinstance(value, DrawnPlot) else DrawnPlot.of(value)
    data = drawn.texts | {"figure": json.dumps(drawn.figure, separators=(",", ":")), "source": source()}
    _served.add(True)
    with page.reserved(value.height / _ROOT + _CAPTION, key=key) if is_reserved else nullcontext():
        _component()(key=key, data=[data])  # a list: for a dict Streamlit imports pandas, 70 MB for the server


@st.cache_resource
def _component() -> Any:
    return st.components.v2.component("fairprog_live_plot", html=_HTML, css=_CSS, js=_JS, isolate_styles=False)


def is_served() -> bool:
    """Whether Streamlit serves plotly.js by now."""
    return bool(_served)


def source() -> str:
    """The address of plotly.js on this server."""
    files = declare_component("plotly_files", path=str(PLOTLY.parent))
    base = (st.get_option("server.baseUrlPath") or "").strip("/")
    prefix = f"/{base}" if base else ""
    return f"{prefix}/component/{files.name}/{PLOTLY.name}?v={plotly_version(PLOTLY)}"


@cache
def plotly_version(script: Path) -> str:
    """The version that a file of plotly.js names in its first lines."""
    with script.open(encoding="utf-8") as lines:
        return re.search(r"v(\d+\.\d+\.\d+)", "".join(islice(lines, 5)))[1]  # type: ignore[index]
