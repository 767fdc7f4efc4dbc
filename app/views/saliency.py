"""Saliency: attributions without and with the trigger: test rows, averages, an input that the user enters."""

import streamlit as st

from app.components import run_picker
from app.components.runs import take_home
from app.components.saliency import picture_parts, sentence_parts
from app.models import saved_study
from app.state import session
from app.widgets import page
from app.wording import saliency as words

CHANNEL = "saliency"
PARTS = {"image": picture_parts.show, "text": sentence_parts.show}


@page.fragment
def explore() -> None:
    """Draw the choices and the parts for the run's modality."""
    first, second, third = st.columns([5, 5, 3])
    with first:
        picked = run_picker.show(session.selected_run(), key="saliency-run")
    if picked is None:
        return
    result = run_picker.result_of(picked)
    with second:
        run, curve = run_picker.show_curve({picked.run: result}, key="saliency", seed=third, has_trigger=True)
    PARTS[saved_study.modality(result.study)](result, run=run, curve=curve, channel=CHANNEL)
    with st.container(horizontal=True):
        take_home.show({run: result}, key="take_home")


page.header(words.TITLE, words.LEAD)
explore()
