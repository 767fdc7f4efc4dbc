"""Runs: all runs of this home; open, compare, cancel, resume, remove."""

import streamlit as st

from app.components.runs import run_table
from app.state import run_store, session
from app.widgets import confirm, page
from app.wording import runs as words

SECONDS = 2.0  # between two reads of the store while a run is active
N_FIRST = 20  # runs that are shown at first


def draw(*, is_still: bool) -> None:
    """Draw the table and the button Compare; redraw the whole page when the first run starts or the last one ends."""
    runs = run_store.store().list()
    if all(run.is_over for run in runs) != is_still:
        st.rerun(scope="app")
    bar = st.container(horizontal=True)
    n_shown = N_FIRST
    if len(runs) > N_FIRST and st.toggle(words.SHOW_ALL.format(n=len(runs)), key="runs.all"):
        n_shown = len(runs)
    selected = run_table.show(runs[:n_shown], key="runs")
    if bar.button(words.COMPARE, key="runs.compare", disabled=len(selected) < 2, help=words.COMPARE_HELP):
        first, *others = selected
        parameters = {session.RUN: first, session.COMPARE: ",".join(others)}
        st.switch_page("views/compare.py", query_params=parameters)


page.header(words.TITLE, words.LEAD)
runs = run_store.store().list()
if not runs:
    st.info(words.EMPTY)
    if st.button(words.TO_TRAIN, type="primary", key="runs.to_train"):
        st.switch_page("views/train.py")
else:
    is_still = all(run.is_over for run in runs)
    if asked := run_store.asked_removal():
        confirm.show(asked, key="runs.confirm")
    page.fragment(draw, run_every=None if is_still else SECONDS)(is_still=is_still)
