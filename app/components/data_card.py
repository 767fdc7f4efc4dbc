"""The card of a data set on the screen: input, label, sensitive attribute, source, licence."""

import streamlit as st

from app import cards
from app.wording import common
from app.wording import train as words


def show(value: str, *, key: str) -> str:
    """Draw the card of a data set: what it is, then its lines side by side.

    Args:
        value: its key in the registry.
    """
    card = cards.card(value)
    with st.container(key=key):
        st.header(words.CARD, anchor=False)
        st.markdown(card.about if card else words.NO_CARD)
        lines = card.lines if card else ()
        half = (len(lines) + 1) // 2
        for column, part in zip(st.columns(2, gap="large"), (lines[:half], lines[half:]), strict=True):
            for what, text in part:
                column.markdown(f"**{common.plain(what)}**: {common.plain(text)}")
    return value
