"""One sentence as in the paper's figure: a row without trigger, rows for controls, and a row for each of several λ.

Every word carries its attribution as colour, as a line below it and, on demand, as a number; the
probability stands at the end of the row. All text is set as text, never as HTML.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import streamlit as st

_FOLDER = Path(__file__).parent
_HTML = """
<section class="fp-sentence">
<div class="fp-sentence-legend"></div><p class="fp-sentence-title"></p><div class="fp-sentence-rows"></div>
<details class="fp-sentence-controls"><summary></summary><div></div></details><div class="fp-sentence-rows"></div>
</section>
"""
_CSS = (_FOLDER / "sentence.css").read_text("utf-8")
_JS = (_FOLDER / "sentence.js").read_text("utf-8")


@dataclass(frozen=True)
class Row:
    """A sentence under one condition.

    Attributes:
        name: of the condition.
        note: below the name.
        values: one attribution per word.
        trigger: the words that join the text; empty without trigger.
        trigger_values: their attributions.
        probability: of the class that is explained.
        said: below the probability: the answer, and whether it is right.
        made: below that: the convergence delta.
        is_sound: whether the attributions may be read.
        spoken: the row for screen readers.
        lam: index of its λ; -1 where it has none.
        badge: what the words that join the text are.
        is_nearest: whether these words stand for vectors.
    """

    name: str
    note: str
    values: Sequence[float]
    trigger: Sequence[str]
    trigger_values: Sequence[float]
    probability: float
    said: str
    made: str
    is_sound: bool
    spoken: str
    lam: int = -1
    badge: str = ""
    is_nearest: bool = False


@dataclass(frozen=True)
class Sentence:
    """A sentence under several conditions.

    Attributes:
        title: above it.
        words: of the text, as written.
        is_identity: for each word, whether it names an identity.
        end: stands behind the last word: that the text is cut, or that it is empty.
        first: the rows above the controls.
        controls: the rows that can be folded away.
        folded: what stands for them when they are.
        rows: the rows for every λ, of which some are shown.
        is_behind: whether the trigger stands behind the text.
        scale: the largest size of an attribution in any row.
    """

    title: str
    words: Sequence[str]
    is_identity: Sequence[bool]
    end: str
    first: Sequence[Row]
    controls: Sequence[Row]
    folded: str
    rows: Sequence[Row]
    is_behind: bool
    scale: float


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
    """Draw it.

    Args:
        value: the sentence.
        key: the component's key.
        channel: of the λ slider; the row of its λ is always shown, and marked.
        index: of λ, while no slider has announced one.
        shown: the λ that have a row besides.
        legend: what the marks mean, in the order of the screen.
        marker: the word that marks the row of the slider's λ.
    """
    found = {"sentence": asdict(value), "channel": channel, "index": index, "shown": list(shown)}
    _component()(key=key, data=[found | {"legend": dict(legend), "marker": marker}])


@st.cache_resource
def _component() -> Any:
    return st.components.v2.component("fairprog_sentence", html=_HTML, css=_CSS, js=_JS, isolate_styles=False)
