"""A field for the zip of an exported run, which is checked and added to this home."""

import streamlit as st

from app.state import run_store
from app.widgets import page
from app.wording import runs as words
from app.wording.shared import common


def show(*, key: str) -> None:
    """Draw the field; after a run was added, the whole page is drawn anew, with the run and an empty field."""
    n = st.session_state.setdefault(f"{key}.n", 0)
    if run_id := st.session_state.pop(f"{key}.added", None):
        st.success(words.TAKEN_IN.format(run_id=common.plain(run_id)))
    given = st.file_uploader(words.TAKE_IN, type="zip", key=f"{key}.{n}")
    if given is not None:
        page.show_errors(_add)(given, key=key)


def _add(given: "st.runtime.uploaded_file_manager.UploadedFile", *, key: str) -> None:
    st.session_state[f"{key}.added"] = run_store.take_in(given)
    st.session_state[f"{key}.n"] += 1
    st.rerun(scope="app")
