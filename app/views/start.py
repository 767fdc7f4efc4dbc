"""Start: what this is, in three sentences and one living picture."""

from pathlib import Path

import streamlit as st

from app import chrome, demo, session
from app.components import living_picture
from app.wording import common
from app.wording import start as words
from fairprog_core.errors import FairprogError


def choose(folders: list[Path]) -> Path:
    """The example that is shown; nothing is asked where there is only one."""
    if len(folders) == 1:
        return folders[0]
    return st.segmented_control(
        words.DEMO, folders, default=folders[0], required=True, key="demo", persist_state="session",
        format_func=lambda folder: common.kind(folder.name),
    )  # fmt: skip


def show(folder: Path) -> None:
    """The living picture of one example."""
    try:
        picture = demo.living_picture(folder)
    except FairprogError as error:
        st.warning(words.BROKEN_DEMO.format(reason=common.plain(str(error))))
        return
    if picture is None:
        st.info(words.NO_DEMO)
    else:
        living_picture.show(picture, key=f"living_picture-{folder.name}")


chrome.header(words.TITLE, words.LEAD)
if st.button(words.BUTTON, type="primary", key="to_train", help=words.BUTTON_HELP):
    st.switch_page("views/train.py")
folders = list(session.demos().values())
if folders:
    show(choose(folders))
else:
    st.info(words.NO_DEMO)
