"""Runs: all runs of this home; open, compare, cancel, resume, remove."""

import streamlit as st

from app.components.runs import class_banner, run_table, take_in
from app.models import saved_study
from app.state import run_store, session
from app.widgets import confirm, page
from app.wording import runs as words
from fairprog_core.common.limits import limits
from fairprog_core.common.sharing import sharing

SECONDS = 2.0  # between two reads of the store while a run is active
SHARED_SECONDS = 5.0  # the same on a shared server, where many look at once
N_FIRST = 20  # runs that are shown at first


def draw(*, is_still: bool) -> None:
    """Draw the table and the button Compare; redraw the whole page when the first run starts or the last one ends."""
    if run_store.are_all_over() != is_still:
        st.rerun(scope="app")
    bar = st.container(horizontal=True, vertical_alignment="center")
    with bar:
        limit, skip = choose_rows(run_store.n_runs())
    shown = run_store.runs(limit=limit, skip=skip)
    selected = run_table.show(shown, key="runs")
    kinds = dict.fromkeys(saved_study.dataset_kind(run.study) for run in shown if run.id in selected)
    is_possible = len(selected) > 1 and len(kinds) == 1
    if bar.button(words.COMPARE, key="runs.compare", disabled=not is_possible, help=words.COMPARE_HELP):
        first, *others = selected
        parameters = {session.RUN: first, session.COMPARE: ",".join(others)}
        st.switch_page("views/compare.py", query_params=parameters)
    if len(kinds) > 1:
        bar.markdown(words.other_data(kinds))


def choose_rows(n: int) -> tuple[int, int]:
    """Draw the choice of the shown runs: the newest few, or all of them, in pages; their number, and that before them.

    Args:
        n: number of all runs.
    """
    if n <= N_FIRST or not st.toggle(words.SHOW_ALL.format(n=n), key="runs.all"):
        return N_FIRST, 0
    per_page = limits().rows
    if n <= per_page:
        return per_page, 0
    starts = range(0, n, per_page)
    skip = st.selectbox(
        words.PAGE, starts, format_func=lambda start: words.page(start, per_page, n), key="runs.page", width=200
    )
    return per_page, skip


page.header(words.TITLE, words.LEAD)
class_banner.show()
if run_store.n_runs() == 0:
    st.info(words.EMPTY)
    if st.button(words.TO_TRAIN, type="primary", key="runs.to_train"):
        st.switch_page("views/train.py")
else:
    is_still = run_store.are_all_over()
    if asked := run_store.asked_removal():
        confirm.show(asked, key="runs.confirm")
    seconds = SHARED_SECONDS if sharing().is_shared else SECONDS
    page.fragment(draw, run_every=None if is_still else seconds)(is_still=is_still)
if not sharing().is_shared:  # there it would fill the owner's disk
    take_in.show(key="runs.take_in")
