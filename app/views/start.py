"""Start: what this is, in three sentences and one demo."""

from pathlib import Path

import streamlit as st

from app.presenters.intro_demo import of_folder
from app.state import run_store
from app.widgets import intro_demo, page
from app.wording import start as words
from app.wording.shared import common
from fairprog_core.common.errors import FairprogError


def choose(folders: dict[str, Path]) -> Path:
    """The example that is shown; nothing is asked where there is only one."""
    runs = list(folders)
    if len(runs) == 1:
        return folders[runs[0]]
    run = st.segmented_control(
        words.DEMO, runs, default=runs[0], required=True, key="demo", persist_state="session",
        format_func=lambda run: common.kind(folders[run].name),
    )  # fmt: skip
    return folders[run]


def show(folder: Path) -> None:
    """The demo of one example."""
    try:
        picture = of_folder(folder)
    except FairprogError as error:
        st.warning(words.BROKEN_DEMO.format(reason=common.plain(str(error))))
        return
    if picture is None:
        st.info(words.NO_DEMO)
    else:
        intro_demo.show(picture, key=f"intro_demo-{folder.name}")


page.header(words.TITLE, words.LEAD)
if st.button(words.BUTTON, type="primary", key="to_train", help=words.BUTTON_HELP):
    st.switch_page("views/train.py")
folders = run_store.demos()
if folders:
    show(choose(folders))
else:
    st.info(words.NO_DEMO)
