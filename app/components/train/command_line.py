"""The command line and the file that compute the same study, folded, to be copied."""

import streamlit as st

from app.wording import train as words
from fairprog_core.study import Study
from fairprog_core.study.settings import command, to_toml


def show(value: Study, *, preset: str | None, key: str) -> Study:
    """Draw the command of a study, and its file.

    Args:
        value: the study.
        preset: the name of the preset that the form began with; None: it began with the visitor's own data.
        key: of the container.
    """
    line = None if preset is None else command(value, preset)
    file = to_toml(value)
    if line is None and file is None:
        return value
    with st.container(key=key), st.expander(words.COMMAND):
        if line is not None:
            st.code(line, language=None, wrap_lines=True)
        if file is not None:
            if line is None:
                st.code(words.COMMAND_OF_FILE, language=None, wrap_lines=True)
            st.download_button(
                words.FILE, lambda: file, words.FILE_NAME, "application/toml", key=f"{key}.file", on_click="ignore"
            )
    return value
