"""Projector: the run that the teacher of a class has chosen; it follows by itself."""

import streamlit as st

from app.components.runs import projection
from app.state import class_room
from app.widgets import page
from app.wording.panels import class_room as words
from fairprog_core.common.sharing import sharing

SECONDS = 3.0  # between two looks at what the teacher chose


def follow() -> None:
    """Draw the chosen run, or that there is none."""
    projection.show(class_room.board().projected, key="projection")


st.title(words.PROJECTOR, anchor=False)
page.fragment(follow, run_every=SECONDS if sharing().is_class else None)()
