"""Levelling down: how much of a gap closed because the better-off group lost; a sentence and a table."""

from collections.abc import Sequence

import streamlit as st

from app.widgets import table
from app.wording.panels import levelling as words
from fairprog_core.metrics.levelling import Levelling
from fairprog_core.metrics.point import Point


def show(value: Levelling | None, *, key: str, gap: str, point: Point, labels: Sequence[str], lam: float) -> None:
    """Draw the sentence, and a table of the two groups that the gap compares.

    Args:
        value: see ``fairprog_core.metrics.levelling.levelling_down``; None where it is not estimable.
        key: the table's key.
        gap: the gap of the curve's criterion.
        point: the one at λ.
        labels: the c class names.
        lam: λ.
    """
    st.markdown(words.sentence(value, change=point.change(gap), lam=lam, few=point.few_rows(gap)))
    if value is not None:
        st.markdown(words.pair(value, gap, labels))
        table.show(words.table(value, labels), key=key)
