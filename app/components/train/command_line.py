"""The command line that computes the same study, folded, to be copied."""

import streamlit as st

from app.wording import train as words
from fairprog_core.study import Study
from fairprog_core.study.settings import command


def show(value: Study, *, preset: str, key: str) -> Study:
    """Draw the command of a study; nothing where no command can express it.

    Args:
        value: the study.
        preset: the name of the preset that the form began with.
        key: of the container.
    """
    line = command(value, preset)
    if line is not None:
        with st.container(key=key), st.expander(words.COMMAND):
            st.code(line, language=None, wrap_lines=True)
    return value
