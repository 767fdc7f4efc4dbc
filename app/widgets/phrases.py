"""Words as they would stand in a text, each phrase under its name; those with one per λ follow a λ slider.

All text is set as text, never as HTML; a phrase can be copied.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import streamlit as st

from app.wording.shared import inside as words

_FOLDER = Path(__file__).parent
_HTML = '<dl class="fp-phrases"></dl>'
_CSS = (_FOLDER / "phrases.css").read_text("utf-8")
_JS = (_FOLDER / "phrases.js").read_text("utf-8")


@dataclass(frozen=True)
class Phrase:
    """Words under a name; of each list the first stands for all λ, or there is one per λ.

    Attributes:
        names: what they are.
        texts: the words.
        is_approximate: whether they only stand for something that is no words.
        can_copy: whether there is a button that copies them.
    """

    names: Sequence[str]
    texts: Sequence[Sequence[str]]
    is_approximate: bool = False
    can_copy: bool = False


def show(value: Sequence[Phrase], *, key: str, channel: str, index: int, nothing: str = "") -> None:
    """Draw them.

    Args:
        value: the phrases.
        key: the component's key.
        channel: of the λ slider that they follow.
        index: of λ, while no slider has announced one.
        nothing: what stands for a phrase without words.
    """
    found = {"phrases": [asdict(phrase) for phrase in value], "channel": channel, "index": index, "nothing": nothing}
    _component()(key=key, data=[found | {"words": {"copy": words.COPY, "copied": words.COPIED}}])


@st.cache_resource
def _component() -> Any:
    return st.components.v2.component("fairprog_phrases", html=_HTML, css=_CSS, js=_JS, isolate_styles=False)
