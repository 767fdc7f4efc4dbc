"""The card of a data set: input, label, sensitive attribute, source, licence; and a few of its rows."""

import streamlit as st

from app.components.train import comment_rows
from app.wording import train as words
from app.wording.shared import common, neutral
from fairprog_core.data import DatasetOptions
from fairprog_core.data.card import data_card

_PREVIEWS = {"text": comment_rows.show}


def show(value: DatasetOptions, *, key: str) -> DatasetOptions:
    """Draw the card: a description, its lines in two columns, and a few rows of the data set.

    Args:
        value: the data set's options.
        key: of the card.
    """
    card = data_card(value.kind)
    with st.container(key=key):
        st.header(words.CARD, anchor=False)
        st.markdown(card.about if card else words.NO_CARD)
        lines = list(card.lines.items()) if card else []
        half = (len(lines) + 1) // 2
        for column, part in zip(st.columns(2, gap="large"), (lines[:half], lines[half:]), strict=True):
            for what, text in part:
                column.markdown(f"**{common.plain(what)}**: {neutral.in_markdown_with_links(text)}")
        if preview := _PREVIEWS.get(value.modality):
            preview(value, key=f"{key}-rows")
    return value
