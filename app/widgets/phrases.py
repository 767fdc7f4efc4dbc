"""Phrases under their names; phrases with one text per λ follow a λ slider.

All text is set as text, never as HTML.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import streamlit as st

from app.widgets import page
from app.wording.shared import inside as words
from app.wording.shared import neutral

_PHRASE = 4.2  # rem, the least height of one
_FOLDER = Path(__file__).parent
_HTML = '<dl class="fp-phrases"></dl>'
_CSS = (_FOLDER / "phrases.css").read_text("utf-8")
_JS = (_FOLDER / "phrases.js").read_text("utf-8")


@dataclass(frozen=True)
class Phrase:
    """Words under a name; a list has one entry for all λ, or one per λ.

    Attributes:
        names: of the phrase.
        texts: its words.
        is_approximate: whether the words only approximate the trigger, whose learned vectors are not words.
        can_copy: whether a button copies the words.
    """

    names: Sequence[str]
    texts: Sequence[Sequence[str]]
    is_approximate: bool = False
    can_copy: bool = False


def show(value: Sequence[Phrase], *, key: str, channel: str, index: int, nothing: str = "") -> None:
    """Draw the phrases.

    Args:
        value: the phrases.
        key: the component's key.
        channel: of the λ slider that the phrases follow.
        index: the initial index of λ, until the slider sends one.
        nothing: the text of a phrase without words.
    """
    found = {"phrases": [asdict(phrase) for phrase in value], "channel": channel, "index": index, "nothing": nothing}
    with page.reserved(_PHRASE * len(value), key=key):
        _component()(
            key=key, data=[neutral.in_component(found | {"words": {"copy": words.COPY, "copied": words.COPIED}})]
        )


@st.cache_resource
def _component() -> Any:
    return st.components.v2.component("fairprog_phrases", html=_HTML, css=_CSS, js=_JS, isolate_styles=False)
