"""The demo of the page Start: a λ slider that puts a real trigger on test rows and moves bars and figures.

It runs in the browser. The slider is a native range input, the pictures are canvases with a text alternative, and
screen readers get every stop as one sentence.
"""

from pathlib import Path
from typing import Any

import streamlit as st

from app.models.demo import Demo
from app.wording.shared import neutral

_FOLDER = Path(__file__).parent
_HTML = '<section class="fp-intro"></section>'
_CSS = (_FOLDER / "intro_demo.css").read_text("utf-8")
_JS = (_FOLDER / "intro_demo.js").read_text("utf-8")


def show(value: Demo, *, key: str) -> Demo:
    """Draw the demo; ``app.presenters.intro_demo.picture`` makes ``value``."""
    found = neutral.in_component(value)
    _component()(key=key, data=[found])  # a list: for a dict Streamlit imports pandas, 70 MB for the server
    return value


@st.cache_resource
def _component() -> Any:
    return st.components.v2.component("fairprog_intro_demo", html=_HTML, css=_CSS, js=_JS)
