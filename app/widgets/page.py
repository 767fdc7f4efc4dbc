"""The frame of every page: title, width, spacing, a font size that grows with the screen; and the display of errors."""

from collections.abc import Callable, Iterable
from functools import wraps
from typing import ParamSpec

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from app.state.refusals import sentence_of
from app.wording.shared import common

P = ParamSpec("P")
_RESERVED = range(4, 82, 2)  # rem
_STYLE = """
.stMain .stMainBlockContainer { max-width: 82rem; margin-inline: auto; padding-top: 4.75rem; }
.stMainBlockContainer h1 { font-size: clamp(1.7rem, 1.2rem + 2vw, 2.25rem); text-wrap: balance; }
.stMainBlockContainer [data-testid="stCaptionContainer"] { color: inherit; opacity: 0.8; }
.st-key-study_form .stExpander details { border: 0; background: none; }
.st-key-study_form .stExpander summary { padding-inline: 0; }
.st-key-study_form .stExpander [data-testid="stExpanderDetails"] { padding-inline: 0; }
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
.stElementContainer:has([data-testid="stSkeleton"]) { min-height: 4.23rem; }
.stElementContainer[class*="st-key-lam-"] { min-height: 8.2rem; }
""" + "\n".join(f'[class*="st-key-reserve-{rem}-"] {{ min-height: {rem}rem; }}' for rem in _RESERVED)
STYLE = f"<style>{_STYLE}</style>"
"""The style sheet. The server puts it into the page's head too: there it holds before the first element is drawn, so
that nothing moves when it arrives. What loads its script first keeps the place that it will need."""


def set_up() -> None:
    """Apply the style sheet; call it once per script run, before the page."""
    st.html(STYLE)


def reserved(rem: float, *, key: str) -> DeltaGenerator:
    """A container that has a height before its content has loaded, so that what follows does not move.

    Args:
        rem: the height that the content will have at least.
        key: unique on the page.
    """
    within = [each for each in _RESERVED if each <= rem]
    return st.container(key=f"reserve-{within[-1]}-{key}" if within else key + "-place", gap=None)


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
