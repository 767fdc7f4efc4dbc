"""The frame of every page: title, width, spacing, a font size that grows with the screen; and the display of errors."""

from collections.abc import Callable, Iterable
from functools import wraps
from typing import ParamSpec

import streamlit as st

from app.state.refusals import sentence_of
from app.wording.shared import common

P = ParamSpec("P")
_CSS = """
<style>
.stMainBlockContainer { max-width: 82rem; margin-inline: auto; }
.stMainBlockContainer h1 { font-size: clamp(1.7rem, 1.2rem + 2vw, 2.25rem); text-wrap: balance; }
.stMainBlockContainer [data-testid="stCaptionContainer"] { color: inherit; opacity: 0.8; }
.st-key-study_form .stExpander details { border: 0; background: none; }
.st-key-study_form .stExpander summary { padding-inline: 0; }
.st-key-study_form .stExpander [data-testid="stExpanderDetails"] { padding-inline: 0; }
.st-key-card-row [data-testid="stImage"] img {
  aspect-ratio: 3; max-height: 6.5rem; object-fit: cover; object-position: 50% 30%;
}
.st-key-choices [data-testid="stImage"] img { aspect-ratio: 1; }
.st-key-card-row [data-testid="stHeading"] { margin-bottom: 0.4rem; }
.st-key-card-row h2 { padding-block: 0; margin-bottom: 0; }
.st-key-card-row h2, .st-key-choices h2, .st-key-study_panel h2 { font-size: 1.25rem; }
.st-key-watch-charts-plane, .st-key-watch-end-plane { min-height: 36rem; }
.st-key-watch-charts-rows { min-height: 40rem; }
.st-key-watch-stages { min-height: 4.9rem; }
.st-key-card-row blockquote { margin: 0; }
[class*="st-key-card-chosen"] { border-color: #0072b2 !important; box-shadow: inset 0 0 0 1px #0072b2; }
[class*="st-key-run_row_"] { border-top: 1px solid rgba(122, 135, 148, 0.35); padding-top: 0.9rem; }
@media (max-width: 640px) { .st-key-runs_heading { display: none; } }
.stMain [data-stale="true"] { opacity: 1 !important; }
@media (min-width: 1900px) { html { font-size: 20px !important; } }
@media (min-width: 2400px) { html { font-size: 24px !important; } }
.stMainBlockContainer p, .stMainBlockContainer li { max-width: 46rem; }
.stMain [data-testid="stSelectbox"] input { text-overflow: ellipsis; }
.stMain [data-selected="true"] p { color: light-dark(#00619a, #6cb8e6); }
.stMain [data-selected="true"] [data-testid="stCaptionContainer"] { opacity: 1; }
@media (prefers-reduced-motion: reduce) {
  *, *::before, *::after { animation: none !important; transition: none !important; }
}
</style>
"""


def set_up() -> None:
    """Apply the style sheet; call it once per script run, before the page."""
    st.html(_CSS)


def warn(sentences: Iterable[str]) -> None:
    """Show warnings at the top of the page, e.g. that a plug-in could not be loaded."""
    for sentence in sentences:
        st.warning(common.plain(sentence))


def header(title: str, lead: str) -> None:
    """Draw a page's heading and its lead sentence."""
    st.title(title, anchor=False)
    st.markdown(lead)


def show_errors(draw: Callable[P, None]) -> Callable[P, None]:
    """Wrap ``draw``: a `FairprogError`, a full disk and the like are shown as a sentence; bugs pass through."""

    @wraps(draw)
    def inner(*args: P.args, **named: P.kwargs) -> None:
        try:
            draw(*args, **named)
        except Exception as error:
            if (sentence := sentence_of(error)) is None:
                raise
            st.error(common.plain(sentence))

    return inner


def fragment(draw: Callable[P, None], *, run_every: float | None = None) -> Callable[P, None]:
    """Wrap ``draw`` as a part of a page that is redrawn on its own; its errors do not reach the page around it.

    Args:
        draw: draws the part.
        run_every: seconds between two drawings; None: it is redrawn only when a widget in it changes.
    """
    return st.fragment(show_errors(draw), run_every=run_every)
