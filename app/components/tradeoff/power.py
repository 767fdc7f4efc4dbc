"""The power of the test set: the smallest difference it can show, and the rows needed to show another one."""

import streamlit as st

from app.wording.panels import power as words
from fairprog_core.metrics.point import Point


def show(value: Point, *, key: str, metric: str) -> None:
    """Draw the sentences and the field for another difference.

    Args:
        value: a point.
        key: of the field.
        metric: the gap.
    """
    ci = value.change(metric).ci
    if not ci or ci[0] == ci[1]:
        st.markdown(words.NONE)
        return
    st.markdown(words.smallest(ci, value.n))
    field, _ = st.columns([2, 5])
    difference = field.number_input(
        words.ASK, min_value=0.001, max_value=1.0, value=0.01, step=0.005, format="%.3f", help=words.ASK_HELP, key=key
    )
    st.markdown(words.needed(ci, value.n, difference))
