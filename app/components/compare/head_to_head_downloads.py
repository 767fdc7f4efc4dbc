"""Downloads of the page Compare: the chart as a PNG file, the figures as a CSV file."""

import streamlit as st

from app.widgets import chart_tools
from app.wording import head_to_head as words
from fairprog_core.results.head_to_head import ComparisonJson, head_to_head_csv


def show(value: ComparisonJson, *, key: str, chart: str) -> None:
    """Draw the buttons.

    Args:
        value: the comparison.
        key: beginning of the keys.
        chart: key of the live chart.
    """
    with st.container(horizontal=True):
        chart_tools.show(chart, key=f"{key}-tools", file="fairprog-compare")
        st.download_button(
            words.DOWNLOAD_TABLE, lambda: head_to_head_csv(value), file_name="fairprog-compare.csv", mime="text/csv",
            key=f"{key}-csv", on_click="ignore",
        )  # fmt: skip
