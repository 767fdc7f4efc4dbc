"""A second table, whose columns are added to a table of pictures by their file names."""

from pathlib import Path

import streamlit as st

from app.state import own_data
from app.widgets import confirm
from app.wording import data as words
from app.wording.shared import common
from fairprog_core.common.errors import DataError
from fairprog_core.common.home import is_file, user_path
from fairprog_core.common.limits import limits
from fairprog_core.common.sharing import sharing
from fairprog_core.data.table.report import Guess


def show(guess: Guess, path: Path, *, key: str) -> str:
    """Draw the choice, open where no group was found; the path of the second table, empty where there is none.

    Args:
        guess: about the first table.
        path: of the first table; each has a second one of its own.
        key: prefix of the widgets' keys.
    """
    if not guess.image:
        return ""
    chosen = own_data.second(path)
    with st.expander(words.SECOND, expanded=chosen is not None or not (guess.group or guess.groups)):
        if chosen is not None and is_file(chosen):
            with st.container(horizontal=True, vertical_alignment="center"):
                st.markdown(f"**{common.plain(chosen.name)}**", width="content")
                if st.button(words.SECOND_AWAY, key=f"{key}.away", type="tertiary"):
                    confirm.attempt(lambda: own_data.choose_second(path, None))
            return str(chosen)
        _choose(path, key)
    return ""


def _choose(path: Path, key: str) -> None:
    st.caption(words.SECOND_HELP)
    file = st.file_uploader(
        words.SECOND_UPLOAD, words.TYPES, max_upload_size=limits().upload_megabytes, key=f"{key}.file"
    )
    if file is not None:
        confirm.attempt(lambda: own_data.choose_second(path, own_data.keep(file.name, file).path))
    if sharing().may_name("folders"):
        with st.form(f"{key}.folder", border=False), st.container(horizontal=True, vertical_alignment="bottom"):
            text = st.text_input(words.FOLDER, key=f"{key}.path")
            if st.form_submit_button(words.OPEN) and text.strip():
                confirm.attempt(lambda: own_data.choose_second(path, _existing(text.strip())))


def _existing(text: str) -> Path:
    path = user_path(text).absolute()
    if not is_file(path):
        raise DataError(f"There is no file {path}; check the path, or upload the table.")
    return path
