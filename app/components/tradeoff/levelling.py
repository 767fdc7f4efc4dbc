"""Levelling down: how much of a gap closed because the better-off group lost; a sentence and a table."""

from collections.abc import Sequence

import streamlit as st

from app.widgets import table
from app.wording.panels import levelling as words
from fairprog_core.metrics.intervals import Estimate
from fairprog_core.metrics.levelling import Levelling


def show(value: Levelling | None, *, key: str, gap: str, change: Estimate, labels: Sequence[str], lam: float) -> None:
    """Draw the sentence, and a table of the two groups that the gap compares.

    Args:
        value: see ``fairprog_core.metrics.levelling.levelling_down``; None where it is not estimable.
        key: the table's key.
        gap: the gap of the curve's criterion.
        change: of that gap against the base.
        labels: the c class names.
        lam: λ.
    """
    st.markdown(words.sentence(value, change=change, lam=lam))
    if value is not None:
        st.markdown(words.pair(value, gap, labels))
        table.show(words.table(value, labels), key=key)
