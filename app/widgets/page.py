"""The frame of every page: title, width, spacing, a font size that grows with the screen; and the display of errors."""

import html
from collections.abc import Callable, Iterable
from functools import cache, wraps
from typing import ParamSpec

import streamlit as st

from app.state.refusals import sentence_of
from app.wording.shared import common
from app.wording.shared.glossary import BUTTON, CLOSE, TITLE, glossary

P = ParamSpec("P")
_CSS = """
<style>
.stMainBlockContainer { max-width: 82rem; margin-inline: auto; }
.stMainBlockContainer h1 { font-size: clamp(1.7rem, 1.2rem + 2vw, 2.25rem); text-wrap: balance; }
.stMainBlockContainer [data-testid="stCaptionContainer"] { color: inherit; opacity: 0.8; }
.st-key-study_form .stExpander details { border: 0; background: none; }
.st-key-study_form .stExpander summary { padding-inline: 0; }
.st-key-study_form .stExpander [data-testid="stExpanderDetails"] { padding-inline: 0; }
.st-key-card-row [data-testid="stImage"] img { max-height: 6.5rem; object-fit: cover; object-position: 50% 30%; }
.st-key-card-row [data-testid="stHeading"] { margin-bottom: 0.4rem; }
.st-key-card-row h3 { padding-block: 0; margin-bottom: 0; }
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
.stMainBlockContainer:has(.st-key-start) { padding-top: 4.25rem; padding-bottom: 1.5rem; }
.stMainBlockContainer:has(.st-key-start) [data-testid="stHeading"] h1 { padding: 0 0 0.5rem; }
.st-key-start { gap: 0.6rem; }
.stMainBlockContainer:has(.st-key-start) p { max-width: none; }
.stMainBlockContainer:has(.st-key-start) [data-testid="stCaptionContainer"] { opacity: 1; }
.stMainBlockContainer:has(.st-key-start) h1 { font-size: clamp(1.4rem, 1.1rem + 1.2vw, 2rem); padding-bottom: 0; }
.st-key-intro_demo_place { min-height: 63rem; }
@media (min-width: 801px) { .st-key-intro_demo_place { min-height: 34.5rem; } }
.st-key-next_steps a { border: 1px solid rgba(122, 135, 148, 0.45); border-radius: 0.5rem; }
.stElementContainer:has(.fp-words) { position: absolute; width: 0; height: 0; }
.fp-words {
  position: fixed; top: 0.75rem; right: 1rem; z-index: 999991; min-height: 2.25rem; padding: 0.25rem 0.9rem;
  border: 1px solid rgba(122, 135, 148, 0.6); border-radius: 0.5rem; background: transparent; color: inherit;
  font: inherit; cursor: pointer;
}
.fp-words:hover { border-color: currentColor; }
.fp-glossary {
  max-width: min(38rem, 92vw); max-height: 85vh; margin: auto; padding: 1.25rem 1.5rem; overflow: auto; font: inherit;
  border: 1px solid rgba(122, 135, 148, 0.6); border-radius: 0.75rem; background: light-dark(#ffffff, #18222c);
  color: light-dark(#18222c, #e9eef2); box-shadow: 0 1rem 3rem rgba(0, 0, 0, 0.35);
}
.fp-glossary h2 { font-size: 1.3rem; padding: 0 0 0.75rem; }
.fp-glossary dt { font-weight: 650; }
.fp-glossary dd { margin: 0 0 0.8rem; }
.fp-glossary button { padding: 0.35rem 1rem; border: 1px solid currentColor; border-radius: 0.5rem; background: none;
  color: inherit; font: inherit; cursor: pointer; }
@media (prefers-reduced-motion: reduce) {
  *, *::before, *::after { animation: none !important; transition: none !important; }
}
</style>
"""


def set_up() -> None:
    """Apply the style sheet and draw the glossary; call it once per script run, before the page."""
    st.html(_CSS)
    st.html(words())


@cache
def words() -> str:
    """A button in the header of every page, and what it opens. The browser opens and closes it by itself."""
    terms = "".join(
        f"<dt>{html.escape(term.name)}</dt><dd>{html.escape(term.text)}</dd>" for term in glossary().values()
    )
    return (
        f'<button class="fp-words" type="button" popovertarget="fp-glossary">{BUTTON}</button>'
        f'<div class="fp-glossary" id="fp-glossary" popover="auto" role="dialog" aria-label="{TITLE}"><h2>{TITLE}</h2>'
        f"<dl>{terms}</dl>"
        f'<button type="button" popovertarget="fp-glossary" popovertargetaction="hide">{CLOSE}</button></div>'
    )


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
