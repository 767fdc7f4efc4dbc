"""The frame of every page: title, width, spacing, a font size that grows with the screen; and the display of errors."""

import html
from collections.abc import Callable, Iterable
from functools import cache, wraps
from pathlib import Path
from typing import ParamSpec

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from app.state.refusals import sentence_of
from app.wording.shared import common
from app.wording.shared.glossary import BUTTON, CLOSE, COPIED_LINK, COPY_LINK, TITLE, glossary

P = ParamSpec("P")
_RESERVED = range(4, 82, 2)  # rem
_STYLE = Path(__file__).with_suffix(".css").read_text("utf-8") + "\n".join(
    f'[class*="st-key-reserve-{rem}-"] {{ min-height: {rem}rem; }}' for rem in _RESERVED
)
_CHIPS = {n: 2.2 + 1.85 * ((n + 1) // 2) for n in range(3, 13)}  # rem on a phone, two in a line
_OF_CHIPS = " ".join(f'[class*="st-key-chips-{n}-"] {{ min-height: {rem:.2f}rem; }}' for n, rem in _CHIPS.items())
_STYLE += f"@media (max-width: 640px) {{ {_OF_CHIPS} }}"
STYLE = f"<style>{_STYLE}</style>"
"""The style sheet. The server puts it into the page's head too: there it holds before the first element is drawn, so
that nothing moves when it arrives. What loads its script first keeps the place that it will need."""


def set_up() -> None:
    """Apply the style sheet and draw the glossary; call it once per script run, before the page."""
    with st.container(key="glossary"):  # takes no room, not even before its script is there
        st.html(STYLE)
        st.html(words())


@cache
def words() -> str:
    """Two buttons in the header of every page: one copies its address (see head.js), one opens the glossary."""
    terms = "".join(
        f"<dt>{html.escape(term.name)}</dt><dd>{html.escape(term.text)}</dd>" for term in glossary().values()
    )
    return (
        f'<button class="fp-link" type="button" data-copied="{COPIED_LINK}">{COPY_LINK}</button>'
        f'<button class="fp-words" type="button" popovertarget="fp-glossary">{BUTTON}</button>'
        f'<div class="fp-glossary" id="fp-glossary" popover="auto" role="dialog" aria-label="{TITLE}"><h2>{TITLE}</h2>'
        f"<dl>{terms}</dl>"
        '<div class="fp-close"><button type="button" popovertarget="fp-glossary" popovertargetaction="hide">'
        f"{CLOSE}</button></div></div>"
    )


def reserved(rem: float, *, key: str) -> DeltaGenerator:
    """A container that has a height before its content has loaded, so that what follows does not move.

    Args:
        rem: the height that the content will have at least.
        key: unique on the page.
    """
    within = [each for each in _RESERVED if each <= rem]
    return st.container(key=f"reserve-{within[-1]}-{key}" if within else key + "-place", gap=None)


def chips(n: int, *, key: str) -> DeltaGenerator:
    """A container for a field with n chosen values, which take several lines on a phone; see `reserved`."""
    return st.container(key=f"chips-{n}-{key}", gap=None)


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
