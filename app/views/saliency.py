"""Saliency: where the classifier looks, without and with the trigger: test rows, averages, an input of one's own."""

import streamlit as st

from app import chrome, modality, session
from app.components import look_pictures, look_sentences, run_picker
from app.wording import saliency as words

CHANNEL = "saliency"
LOOKS = {"image": look_pictures.show, "text": look_sentences.show}


@chrome.fragment
def explore() -> None:
    """Everything that answers to the slider."""
    first, second, third = st.columns([5, 5, 3])
    with first:
        picked = run_picker.show(session.selected_run(), key="saliency-run")
    if picked is None:
        return
    result = run_picker.result_of(picked)
    with second:
        run, curve = run_picker.show_curve({picked.run: result}, key="saliency", seed=third, has_trigger=True)
    LOOKS[modality.of(result.study)](result, run=run, curve=curve, channel=CHANNEL)


chrome.header(words.TITLE, words.LEAD)
explore()
