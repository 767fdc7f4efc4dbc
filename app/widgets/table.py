"""A table in large type, legible on a projector; a cell has a smaller note below its text."""

from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import streamlit as st

from app.models.table import Table
from app.widgets import page
from app.wording.shared import common, neutral
from fairprog_core.common.limits import limits

_HEAD, _ROW = 4.0, 2.6  # rem: caption with headings, and a row with a note
_FOLDER = Path(__file__).parent
_HTML = """
<div class="fp-table" tabindex="0" role="region">
<table><caption></caption><thead></thead><tbody></tbody></table></div>
"""
_CSS = (_FOLDER / "table.css").read_text("utf-8")
_JS = (_FOLDER / "table.js").read_text("utf-8")


def show(value: Table, *, key: str) -> Table:
    """Draw the table, of a long one the first rows; all text in it is shown as text, never as HTML."""
    most = limits().rows
    with page.reserved(_HEAD + _ROW * min(len(value.rows), most), key=key):
        _component()(key=key, data=[neutral.in_component(asdict(replace(value, rows=value.rows[:most])))])
    if len(value.rows) > most:
        st.caption(common.first_rows(most, len(value.rows)))
    return value


@st.cache_resource
def _component() -> Any:
    return st.components.v2.component("fairprog_table", html=_HTML, css=_CSS, js=_JS, isolate_styles=False)
