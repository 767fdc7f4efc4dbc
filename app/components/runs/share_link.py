"""A button that copies the address of the page."""

from pathlib import Path
from typing import Any

import streamlit as st

from app.wording.shared import inside as words

_FOLDER = Path(__file__).parent
_HTML = '<div class="fp-share"><button type="button"></button><input class="address" readonly hidden></div>'
_CSS = (_FOLDER / "share_link.css").read_text("utf-8")
_JS = (_FOLDER / "share_link.js").read_text("utf-8")


def show(value: str, *, key: str) -> str:
    """Draw the button with this label; where the browser refuses to copy, the address is shown, selected."""
    found = {"copy": value, "copied": words.COPIED_LINK, "address": words.ADDRESS}
    _component()(key=key, data=[found], width="content")
    return value


@st.cache_resource
def _component() -> Any:
    return st.components.v2.component("fairprog_share_link", html=_HTML, css=_CSS, js=_JS)
