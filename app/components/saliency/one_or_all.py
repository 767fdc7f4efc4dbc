"""A widget that chooses one name or all."""

from collections.abc import Sequence

import streamlit as st

from app.wording.shared import neutral


def show(value: Sequence[str], *, key: str, label: str, everything: str, first: int | None = None) -> int | None:
    """Draw the widget; the index of the chosen name, None for all.

    Args:
        value: the names.
        key: of the widget.
        label: its label.
        everything: the text of the choice of all.
        first: the initial choice.
    """
    numbers, names = [None, *range(len(value))], [neutral.in_text(name) for name in value]
    found: int | None = st.selectbox(
        label, numbers, numbers.index(first), format_func=lambda i: everything if i is None else names[i], key=key
    )
    return found
