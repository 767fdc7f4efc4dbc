"""Rows of captioned pictures; cells with one picture per λ follow a λ slider in the browser."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import streamlit as st

from app.widgets import page
from app.wording.shared import neutral

_LEGEND, _CARD = 2, 10  # rem, least heights: that of a card's pictures follows the width
_FOLDER = Path(__file__).parent
_HTML = """<div class="fp-pictures"><p class="fp-legend"></p><ul class="fp-cards"></ul></div>"""
_CSS = (_FOLDER / "pictures.css").read_text("utf-8")
_JS = (_FOLDER / "pictures.js").read_text("utf-8")


@dataclass(frozen=True)
class PictureCell:
    """One picture with its caption; a list has one entry for all λ, or one per λ.

    Attributes:
        label: title of the picture, e.g. "With the trigger".
        sources: data URIs.
        captions: texts below the picture.
        alts: the picture in words.
    """

    label: str
    sources: Sequence[str]
    captions: Sequence[str]
    alts: Sequence[str]


@dataclass(frozen=True)
class PictureCard:
    """A titled row of pictures."""

    title: str
    cells: Sequence[PictureCell]


@dataclass(frozen=True)
class Legend:
    """A strip of colours (a data URI), and the meaning of its left and right end."""

    source: str
    low: str
    high: str


def show(
    value: Sequence[PictureCard],
    *,
    key: str,
    channel: str = "",
    index: int = 0,
    width: str = "32rem",
    legend: Legend | None = None,
) -> None:
    """Draw the cards; all text in them is shown as text, never as HTML.

    Args:
        value: the cards.
        key: the component's key.
        channel: of the λ slider that the pictures follow.
        index: the initial index of λ, until the slider sends one.
        width: least width of a card, in CSS; a row has as many cards as fit.
        legend: of the colours in the pictures.
    """
    found = {"cards": [asdict(card) for card in value], "channel": channel, "index": index, "width": width}
    with page.reserved(_LEGEND * bool(legend) + _CARD * bool(value), key=key):
        _component()(key=key, data=[neutral.in_component(found | {"legend": asdict(legend) if legend else None})])


@st.cache_resource
def _component() -> Any:
    return st.components.v2.component("fairprog_pictures", html=_HTML, css=_CSS, js=_JS, isolate_styles=False)
