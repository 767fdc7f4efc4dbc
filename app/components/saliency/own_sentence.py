"""Explains a sentence that the user enters or picks from examples, in the explain process of this server."""

from collections.abc import Sequence
from pathlib import Path

import streamlit as st

from app.components.saliency import own_answer, sentence_gallery
from app.presenters import sentences
from app.state import explain_process, session
from app.wording import sentences as words
from app.wording.shared import neutral
from fairprog_core.common.limits import limits
from fairprog_core.explain.live.process import TextRequest
from fairprog_core.results.curve import Curve
from fairprog_core.results.gallery_layout import Gallery

HEIGHT = 82  # px of the text's field: two lines


def show(
    value: Curve, *, key: str, classifier: Path, trigger: Path, channel: str, index: int, rows: tuple[int, ...],
    examples: Sequence[str] = (),
) -> None:  # fmt: skip
    """Draw the input, and the attributions of the entered sentence.

    Args:
        value: the curve; gives the values of λ.
        key: beginning of the widgets' keys.
        classifier: path of the base's weights.
        trigger: path of the trigger.
        channel: of the λ slider that the sentence follows.
        index: of λ.
        rows: indices of the λ that have a row.
        examples: texts that can be picked.
    """
    with st.form(f"{key}-form", border=False):
        left, right = st.columns([9, 1], vertical_alignment="bottom")
        text = left.text_area(
            words.OWN_LABEL, session.asked_text() or "", max_chars=limits().letters, key=f"{key}-text", height=HEIGHT,
            help=words.OWN_NOTE,
        )  # fmt: skip
        if right.form_submit_button(words.OWN_BUTTON, key=f"{key}-explain", width="stretch"):
            _ask(text, key)
    if examples:
        st.pills(
            words.OWN_EXAMPLES, range(len(examples)), format_func=lambda i: neutral.in_markdown(examples[i]),
            key=f"{key}-example", on_change=_pick, args=(list(examples), key), wrap=True,
        )  # fmt: skip
    asked = session.asked_text()
    if asked is None:
        return
    request = TextRequest(asked, classifier, trigger, tuple(value.lams))
    found = own_answer.show(request, key=key)
    if not isinstance(found, tuple):
        return
    gallery = Gallery(*found)
    explained = sentences.sentence(gallery, 0, chosen=value.chosen_lam)
    sentence_gallery.show_one(explained, gallery, key=f"{key}-sentence", channel=channel, index=index, rows=rows)


def _ask(text: str, key: str) -> None:
    session.ask_text(text)
    explain_process.ask_again(key)


def _pick(examples: list[str], key: str) -> None:
    """Take the picked example as the text."""
    picked = st.session_state.get(f"{key}-example")
    if picked is not None:
        st.session_state[f"{key}-text"] = examples[picked]
        _ask(examples[picked], key)
