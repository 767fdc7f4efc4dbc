"""The card of a data set on the screen."""

import streamlit as st

from app import cards
from app.wording import common
from app.wording import train as words


def show(value: str, *, key: str) -> str:
    """Draw the card of a data set, folded.

    Args:
        value: its key in the registry.
    """
    card = cards.card(value)
    with st.expander(words.CARD, key=key):
        if card is None:
            st.markdown(words.NO_CARD)
            return value
        st.markdown(card.about)
        for what, text in card.lines:
            st.markdown(f"**{common.plain(what)}** {common.plain(text)}")
    return value
