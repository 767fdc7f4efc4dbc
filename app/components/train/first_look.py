"""A first look before anything is trained: how unequal the frozen base is on the validation rows."""

import streamlit as st

from app.components import audit_report
from app.state import cli_queries
from app.widgets import page
from app.wording import train as words
from fairprog_core.common.sharing import sharing
from fairprog_core.study import Study
from fairprog_core.study.settings import to_toml


def show(value: Study, *, key: str) -> None:
    """Draw the button, and the report once it is asked for.

    Not on a shared server: the base is computed with outside of the queue of runs.
    """
    if sharing().is_shared:
        return
    asked = f"{key}.asked"
    text = to_toml(value)
    if st.button(words.FIRST_LOOK, key=key, help=words.FIRST_LOOK_HELP, disabled=text is None):
        st.session_state[asked] = text
    if text is not None and st.session_state.get(asked) == text:
        page.show_errors(_report)(value, key=key)


def _report(study: Study, *, key: str) -> None:
    audit_report.show(cli_queries.first_look(study), key=f"{key}.report")
