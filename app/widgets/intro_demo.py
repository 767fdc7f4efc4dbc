"""The demo of the page Start: a λ slider that puts a real trigger on test rows while bars and figures move.

Everything happens in the browser; the slider is a native range input, the pictures are canvases
with a text, and what it shows is said in one sentence to screen readers.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import streamlit as st

_FOLDER = Path(__file__).parent
_HTML = '<section class="fp-intro"></section>'
_CSS = (_FOLDER / "intro_demo.css").read_text("utf-8")
_JS = (_FOLDER / "intro_demo.js").read_text("utf-8")


def show(value: Mapping[str, Any], *, key: str) -> Mapping[str, Any]:
    """Draw what ``app.presenters.intro_demo.picture`` made."""
    _component()(key=key, data=[value])  # a list: Streamlit imports pandas to look into a dict, 70 MB for the server
    return value


@st.cache_resource
def _component() -> Any:
    return st.components.v2.component("fairprog_intro_demo", html=_HTML, css=_CSS, js=_JS)
