"""One sentence as in the paper's figure: a row without a trigger, rows for controls, and a row for each of several λ.

The attribution of a word is shown as colour, as a line below the word and, on demand, as a number. A row ends with
the probability. All text is set as text, never as HTML.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import streamlit as st

from app.models.sentence import Sentence
from app.wording.shared import neutral

_FOLDER = Path(__file__).parent
_HTML = """
<section class="fp-sentence">
<div class="fp-sentence-legend"></div><p class="fp-sentence-title"></p><div class="fp-sentence-rows"></div>
<details class="fp-sentence-controls"><summary></summary><div></div></details><div class="fp-sentence-rows"></div>
</section>
"""
_CSS = (_FOLDER / "sentence.css").read_text("utf-8")
_JS = (_FOLDER / "sentence.js").read_text("utf-8")


def show(
    value: Sentence,
    *,
    key: str,
    channel: str,
    index: int,
    shown: Sequence[int],
    legend: Mapping[str, str],
    marker: str,
) -> None:
    """Draw the sentence.

    Args:
        value: the sentence.
        key: the component's key.
        channel: of the λ slider; the row of its λ is always shown, and marked.
        index: the initial index of λ, until the slider sends one.
        shown: indices of the other λ that have a row.
        legend: the meaning of each mark, in the order of the screen.
        marker: the word that marks the row of the slider's λ.
    """
    found = {"sentence": asdict(value), "channel": channel, "index": index, "shown": list(shown)}
    _component()(key=key, data=[neutral.in_component(found | {"legend": dict(legend), "marker": marker})])


@st.cache_resource
def _component() -> Any:
    return st.components.v2.component("fairprog_sentence", html=_HTML, css=_CSS, js=_JS, isolate_styles=False)
