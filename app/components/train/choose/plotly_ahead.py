"""Lets the browser read plotly.js while the visitor chooses, so that the chart of the training appears at once."""

from pathlib import Path
from typing import Any

import streamlit as st

from app.widgets import live_plot

_JS = Path(__file__).with_suffix(".js").read_text("utf-8")


def show(*, key: str) -> None:
    """Draw nothing; the browser reads plotly.js as soon as it has nothing else to do."""
    _component()(key=key, data=[{"source": live_plot.source()}], height="content")


@st.cache_resource
def _component() -> Any:
    return st.components.v2.component("fairprog_plotly_ahead", html="<span></span>", js=_JS)
