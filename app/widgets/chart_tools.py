"""Tools of a live chart: pick a point by a click, save the chart as a PNG."""

from pathlib import Path
from typing import Any

import streamlit as st

from app.charts import theme
from app.wording.shared import inside as words

_CSS = """
button { font: 400 0.875rem / 1.6 var(--st-font); color: var(--st-text-color); background: transparent;
  border: 1px solid var(--st-border-color); border-radius: var(--st-button-radius, 0.5rem);
  min-height: 2.5rem; padding: 0.25rem 0.75rem; cursor: pointer; }
button:hover { border-color: var(--st-link-color); color: var(--st-link-color); }
button:focus-visible { outline: 3px solid var(--st-link-color); outline-offset: 2px; }
"""
_JS = Path(__file__).with_suffix(".js").read_text("utf-8")


def show(value: str, *, key: str, file: str, label: str = words.DOWNLOAD_CHART) -> list[Any] | None:
    """Draw the button; the custom data of the point that was just clicked, None without a click.

    Args:
        value: key of the live chart.
        key: the component's key.
        file: name of the PNG, without its extension.
        label: of the button.
    """
    data = {"chart": value, "file": file, "ink": theme.INK["light"], "words": {"download": label}}
    found = _component()(data=[data], key=key, on_picked_change=lambda: None, width="content")
    return list(found.picked) if found.picked else None


@st.cache_resource
def _component() -> Any:
    html = "<button type='button'></button>"
    return st.components.v2.component("fairprog_chart_tools", html=html, css=_CSS, js=_JS)
