"""The demo of the page Start: one example without and with a trigger, beside the trade-off curve and its λ.

It runs in the browser. The slider is a native range input that the dot on the curve follows, the pictures are canvases
with a text alternative, and screen readers get every stop as one sentence. Only a sentence that a visitor types goes to
the server, and comes back with its scores.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import streamlit as st

from app.models.demo import Demo
from app.widgets.intro import bundle
from app.wording.shared import neutral

_FOLDER = Path(__file__).parent
_HTML = '<section class="fp-intro"></section>'
_CSS = (_FOLDER / "demo.css").read_text("utf-8")
_SCRIPTS = ("types", "parts", "chart", "pictures", "texts", "demo")  # each may use the ones before it


class Typed(NamedTuple):
    """A typed text; its answer is found by the number, because a text may be shown otherwise than it was typed."""

    text: str
    turn: int


def script() -> str:
    """The files of the script as one module."""
    return bundle.joined(_FOLDER / f"{name}.js" for name in _SCRIPTS)


def typed_text(key: str) -> Typed | None:
    """What the visitor typed last into the demo with this key; None where there is nothing."""
    found = st.session_state.get(key)
    typed = found.get("typed") if found else None
    if not isinstance(typed, Mapping):
        return None
    text, turn = typed.get("text"), typed.get("turn")
    return Typed(text, turn) if isinstance(text, str) and isinstance(turn, int) else None


def show(value: Demo, *, key: str) -> Demo:
    """Draw the demo; ``app.presenters.intro_demo.picture`` makes ``value``."""
    found = neutral.in_component(value)
    # a list: for a dict Streamlit imports pandas, 70 MB for the server
    _component()(key=key, data=[found], default={"typed": None}, on_typed_change=lambda: None)
    return value


@st.cache_resource
def _component() -> Any:
    return st.components.v2.component("fairprog_intro_demo", html=_HTML, css=_CSS, js=script())
