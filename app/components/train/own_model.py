"""A visitor's own classifier on the page Train: a zip of its folder is uploaded, and the form begins with it."""

from collections.abc import Mapping
from typing import Any

import streamlit as st

from app.state import own_data
from app.widgets import confirm
from app.wording import train as words
from app.wording.shared import common
from fairprog_core.common.limits import limits
from fairprog_core.common.options import Modality

TYPES = ("zip",)


def show(value: Modality, *, key: str) -> Mapping[str, Any] | None:
    """Draw the upload, folded; the options of the uploaded classifier as JSON values, None where there is none.

    Args:
        value: the modality of the data.
        key: prefix of the widgets' keys.
    """
    chosen = own_data.model()
    if chosen is not None:
        with st.container(horizontal=True, vertical_alignment="center", key=f"{key}.chosen"):
            st.caption(words.OWN_MODEL_CHOSEN.format(name=common.plain(chosen.about.name)), width="content")
            if st.button(words.OWN_MODEL_LEAVE, key=f"{key}.leave", type="tertiary"):
                own_data.choose_model(None)
                st.rerun()
        folder = str(own_data.unpacked(chosen))
        return {"kind": "image_model", "model": folder} if value == "image" else {
            "kind": "encoder", "model": folder, "tuned": True
        }  # fmt: skip
    most = limits().upload_megabytes
    with st.popover(words.OWN_MODEL):
        st.markdown(words.OWN_MODEL_NOTE.format(most=f"{most:,}"))
        file = st.file_uploader(words.OWN_MODEL_FILE, TYPES, max_upload_size=most, key=f"{key}.file")
        if file is not None:
            confirm.attempt(lambda: own_data.choose_model(own_data.keep_model(file.name, file)))
    return None
