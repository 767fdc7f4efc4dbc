"""Runs the action of a button, and asks for confirmation before a run is deleted."""

from collections.abc import Callable
from typing import Any

import streamlit as st

from app.state import run_store, session
from app.state.refusals import sentence_of
from app.wording import runs as words
from app.wording.shared import common
from fairprog_core.runs import Run


@st.dialog(words.CONFIRM_TITLE, on_dismiss=lambda: session.ask_removal(None))
def show(value: Run, *, key: str) -> None:
    """Ask whether to remove a run; remove it after a yes."""
    st.markdown(words.CONFIRM.format(name=common.plain(value.name), run_id=value.id))
    with st.container(horizontal=True):
        if st.button(words.CONFIRM_YES, type="primary", key=f"{key}.yes"):
            session.ask_removal(None)
            attempt(lambda: run_store.remove(value.id))
        if st.button(words.CONFIRM_NO, key=f"{key}.no"):
            session.ask_removal(None)
            st.rerun()


def attempt(action: Callable[[], Any]) -> None:
    """Run the action of a button and redraw the page; where the action fails, show its error."""
    try:
        action()
    except Exception as error:
        if (sentence := sentence_of(error)) is None:
            raise
        st.error(common.plain(sentence))
        return
    st.rerun(scope="app")
