"""What a test set could show: the smallest difference, and the rows that another one would need."""

from collections.abc import Mapping
from typing import Any

import streamlit as st

from app.wording.panels import power as words


def show(value: Mapping[str, Any], *, key: str, metric: str) -> None:
    """Draw it.

    Args:
        value: a point.
        key: of the field.
        metric: the gap.
    """
    ci = ((value.get("delta") or {}).get(metric) or {}).get("ci")
    if not ci or ci[0] == ci[1]:
        st.markdown(words.NONE)
        return
    st.markdown(words.smallest(ci, value["n"]))
    field, _ = st.columns([2, 5])
    difference = field.number_input(
        words.ASK, min_value=0.001, max_value=1.0, value=0.01, step=0.005, format="%.3f", help=words.ASK_HELP, key=key
    )
    st.markdown(words.needed(ci, value["n"], difference))
