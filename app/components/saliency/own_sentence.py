"""Explains a sentence that the user enters, in the explain process of this server."""

from pathlib import Path

import streamlit as st

from app.components.saliency import own_answer, sentence_gallery
from app.presenters import sentences
from app.state import explain_process, session
from app.wording import sentences as words
from fairprog_core.common.limits import limits
from fairprog_core.explain.live.process import TextRequest
from fairprog_core.results.curve import Curve
from fairprog_core.results.gallery_layout import Gallery


def show(
    value: Curve, *, key: str, classifier: Path, trigger: Path, channel: str, index: int, rows: tuple[int, ...]
) -> None:
    """Draw the input, and the attributions of the entered sentence.

    Args:
        value: the curve; gives the values of λ.
        key: beginning of the widgets' keys.
        classifier: path of the base's weights.
        trigger: path of the trigger.
        channel: of the λ slider that the sentence follows.
        index: of λ.
        rows: indices of the λ that have a row.
    """
    st.markdown(words.OWN_NOTE)
    with st.form(f"{key}-form", border=False):
        text = st.text_area(words.OWN_LABEL, session.asked_text() or "", max_chars=limits().letters, key=f"{key}-text")
        if st.form_submit_button(words.OWN_BUTTON, key=f"{key}-explain"):
            session.ask_text(text)
            explain_process.ask_again(key)
    asked = session.asked_text()
    if asked is None:
        return
    request = TextRequest(asked, classifier, trigger, tuple(value.lams))
    answer = own_answer.show(request, key=key)
    if not isinstance(answer, tuple):
        return
    found = Gallery(*answer)
    explained = sentences.sentence(found, 0, chosen=value.chosen_lam)
    sentence_gallery.show_one(explained, found, key=f"{key}-sentence", channel=channel, index=index, rows=rows)
