"""Waits for the explanation of a user's own input: shows its place in the queue, a button to cancel it, and its end."""

import streamlit as st

from app.state import explain_process
from app.state.explain_process import Claim
from app.widgets import page
from app.wording import saliency as words
from app.wording.shared import common
from fairprog_core.common.errors import FairprogError, RunError
from fairprog_core.explain.live.request import ExplainRequest
from fairprog_core.explain.live.warm_process import Answer

FIRST_SECONDS = 1.0  # a warm process explains a picture in less; only a longer wait is drawn
SECONDS = 0.5  # between two looks at the queue


def show(value: ExplainRequest, *, key: str) -> Answer | None:
    """Draw what there is to say while no answer is there, and why there is none; else return the answer.

    Args:
        value: the request; a changed one replaces the one before.
        key: beginning of the widgets' keys.
    """
    try:
        claim = explain_process.ask(value, key=key)
    except FairprogError as error:
        st.error(common.plain(str(error)))
        return None
    with st.spinner(words.OWN_WAIT):
        claim.ticket.wait(FIRST_SECONDS)
    if not claim.ticket.is_over:
        page.fragment(_wait, run_every=SECONDS)(claim, key)
        return None
    if claim.is_given_up:
        st.info(words.OWN_CANCELLED)
        _again(key)
        return None
    if claim.ticket.is_dropped:
        st.rerun(scope="app")
    try:
        return claim.ticket.result()
    except FairprogError as error:
        st.error(common.plain(str(error)))
        if isinstance(error, RunError):
            _again(key)
        return None


def _wait(claim: Claim, key: str) -> None:
    """Draw the place in the queue; redraw the whole page at the end of waiting."""
    claim.see()
    if claim.ticket.is_over:
        st.rerun(scope="app")
    place = claim.ticket.place
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(words.place(place.n_before, is_computing=place.is_computing))
        if st.button(words.CANCEL, key=f"{key}-cancel"):
            claim.give_up()
            st.rerun(scope="app")


def _again(key: str) -> None:
    if st.button(words.AGAIN, key=f"{key}-again"):
        explain_process.ask_again(key)
        st.rerun(scope="app")
