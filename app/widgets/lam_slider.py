"""A slider over the λ values of a curve; it updates pictures and charts in the browser, without the page's script.

While it moves, it sends its index on ``window`` as the event ``fairprog:lam``: pictures that follow λ listen, and the
markers of live charts move with ``Plotly.restyle``. The page's script runs when the slider is at rest.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import streamlit as st

from app.models.frame import MarkerFrame
from app.wording.shared import common
from app.wording.shared import inside as words

_FOLDER = Path(__file__).parent
_HTML = """
<div class="fp-lam"><label><span></span><small></small><output></output></label><input type="range" min="0" step="1">
<div class="fp-lam-ticks" aria-hidden="true"></div></div>
"""
_CSS = (_FOLDER / "lam_slider.css").read_text("utf-8")
_JS = (_FOLDER / "lam_slider.js").read_text("utf-8")

Frames = Sequence[MarkerFrame]


def show(
    index: int,
    *,
    key: str,
    channel: str,
    lams: Sequence[float],
    chosen: float | None = None,
    charts: Mapping[str, Frames] | None = None,
    is_sticky: bool = False,
    notes: Sequence[str] = (),
) -> int:
    """Draw the slider; the index of its λ.

    Args:
        index: the initial index; a new key makes a new slider.
        key: the widget's key.
        channel: name of the slider; components with this channel follow it.
        lams: the k values of λ, ascending.
        chosen: the value that was chosen on validation.
        charts: by key of a live chart, its marker's position at every λ.
        is_sticky: whether the slider stays visible while the page scrolls.
        notes: what each λ does, in a few words (k); empty: nothing is said.
    """
    data = {
        "channel": channel,
        "index": index,
        "stops": [common.lam(lam) for lam in lams],
        "chosen": list(lams).index(chosen) if chosen is not None and chosen in lams else -1,
        "charts": {name: [dict(frame) for frame in frames] for name, frames in (charts or {}).items()},
        "is_sticky": is_sticky,
        "notes": list(notes),
        "words": {"label": words.SLIDER, "chosen": words.CHOSEN},
    }
    found = _component()(data=[data], key=key, default={"index": index}, on_index_change=lambda: None)
    return max(0, min(int(found.index), len(lams) - 1))


@st.cache_resource
def _component() -> Any:
    return st.components.v2.component("fairprog_lam_slider", html=_HTML, css=_CSS, js=_JS, isolate_styles=False)
