"""Who paid for a smaller gap: one sentence, and the pair of groups that it is about."""

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from app.components import table
from app.wording import levelling as words


def show(value: Mapping[str, Any] | None, *, key: str, gap: str, labels: Sequence[str], lam: float) -> None:
    """Draw it.

    Args:
        value: see ``fairprog_core.levelling.levelling_down``.
        key: the table's key.
        gap: the criterion's own.
        labels: the c class names.
        lam: λ.
    """
    st.markdown(words.sentence(value, lam=lam))
    if value is not None:
        table.show(words.table(value, gap, labels), key=key)
