"""Start: the claim, a demo that shows it, and what to look at next."""

from pathlib import Path

import streamlit as st

from app.components.start import next_steps
from app.presenters import intro_demo
from app.widgets import page
from app.widgets.intro import demo
from app.wording import start as words
from app.wording.shared import common
from fairprog_core.common.errors import FairprogError
from fairprog_core.results.run_folder import shipped_demos


def choose(folders: dict[str, Path]) -> str:
    """Draw the choice of the example where there are several; its id among the runs."""
    runs = list(folders)
    if len(runs) == 1:
        return runs[0]
    run: str = st.segmented_control(
        words.DEMO, runs, default=runs[0], required=True, key="demo", persist_state="session",
        format_func=lambda run: common.kind(folders[run].name), label_visibility="collapsed",
    )  # fmt: skip
    return run


def task(folder: Path) -> str:
    """What the classifier of an example answers; empty where the example cannot be read."""
    try:
        found = intro_demo.of_folder(folder)
    except FairprogError:  # `show` says so
        return ""
    return found["words"]["task"] if found else ""


@page.fragment
def show(folder: Path) -> None:
    """Draw the demo of one example, or a sentence where it is damaged or empty."""
    try:
        found = intro_demo.of_folder(folder)
    except FairprogError as error:
        st.warning(words.BROKEN_DEMO.format(reason=common.plain(str(error))))
        return
    if found is None:
        st.info(words.NO_DEMO)
        return
    key = f"intro_demo-{folder.name}"
    if found["modality"] == "text":
        from app.components.start import typed_sentence  # the faces are drawn without the explain process's modules

        found = typed_sentence.scored(found, folder, demo.typed_text(key), key=key)
    with st.container(key="intro_demo_place"):  # has its height before the demo is there, so that nothing below moves
        demo.show(found, key=key)


with st.container(key="start"):  # first, because the style of this page hangs on it
    page.header(words.TITLE, words.LEAD)
    st.caption(words.PAPER)
    folders, shown = shipped_demos(), None
    if folders:
        with st.container(horizontal=True, vertical_alignment="center", key="start_choice"):
            shown = choose(folders)
            st.markdown(task(folders[shown]), width="content")
    if shown:
        show(folders[shown])
    else:
        st.info(words.NO_DEMO)
    next_steps.show(shown)
