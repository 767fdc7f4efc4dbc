"""A list to pick a sentence from: its text, its group and label, and the change of its probability by the trigger."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import streamlit as st

from app.wording.shared import neutral

_FOLDER = Path(__file__).parent
_HTML = '<fieldset class="fp-sentences"><legend></legend><div tabindex="-1"></div></fieldset>'
_CSS = (_FOLDER / "sentence_list.css").read_text("utf-8")
_JS = (_FOLDER / "sentence_list.js").read_text("utf-8")


@dataclass(frozen=True)
class Item:
    """A sentence of the list.

    Attributes:
        number: the value of the list when this item is picked.
        text: the beginning of the sentence.
        about: group and label.
        moved: the change of its probability by the trigger, as text: one for all λ, or one per λ.
    """

    number: int
    text: str
    about: str
    moved: Sequence[str]


def show(value: Sequence[Item], *, key: str, label: str, channel: str, index: int) -> int:
    """Draw the list; the number of the picked sentence, at first that of the first item.

    Args:
        value: at least one item.
        key: the component's key; another key has a pick of its own.
        label: caption of the list.
        channel: of the λ slider that the items follow.
        index: the initial index of λ, until the slider sends one.
    """
    numbers = [item.number for item in value]
    data = {"items": [asdict(item) for item in value], "label": label, "channel": channel, "index": index}
    found = _component()(
        data=[neutral.in_component(data)], key=key, default={"number": numbers[0]}, on_number_change=lambda: None
    )
    return int(found.number) if found.number in numbers else numbers[0]


@st.cache_resource
def _component() -> Any:
    return st.components.v2.component("fairprog_sentence_list", html=_HTML, css=_CSS, js=_JS, isolate_styles=False)
