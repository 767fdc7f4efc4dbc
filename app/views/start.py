"""Start: an introduction in three sentences and a demo."""

from pathlib import Path

import streamlit as st

from app.presenters.intro_demo import of_folder
from app.state import run_store
from app.widgets import intro_demo, page
from app.wording import start as words
from app.wording.shared import common
from fairprog_core.common.errors import FairprogError


def choose(folders: dict[str, Path]) -> Path:
    """Draw the choice of the example where there are several; its folder."""
    runs = list(folders)
    if len(runs) == 1:
        return folders[runs[0]]
    run = st.segmented_control(
        words.DEMO, runs, default=runs[0], required=True, key="demo", persist_state="session",
        format_func=lambda run: common.kind(folders[run].name),
    )  # fmt: skip
    return folders[run]


def show(folder: Path) -> None:
    """Draw the demo of one example, or a sentence where it is damaged or empty."""
    try:
        demo = of_folder(folder)
    except FairprogError as error:
        st.warning(words.BROKEN_DEMO.format(reason=common.plain(str(error))))
        return
    if demo is None:
        st.info(words.NO_DEMO)
    else:
        st.markdown(words.MOVE)
        intro_demo.show(demo, key=f"intro_demo-{folder.name}")


page.header(words.TITLE, words.LEAD)
if st.button(words.BUTTON, type="primary", key="to_train", help=words.BUTTON_HELP):
    st.switch_page("views/train.py")
folders = run_store.demos()
if folders:
    show(choose(folders))
else:
    st.info(words.NO_DEMO)
