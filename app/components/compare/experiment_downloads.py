"""Downloads of one experiment: its charts as PNG files, its rows as a CSV file."""

from collections.abc import Mapping, Sequence

import streamlit as st

from app.models.experiment import RunRow as Row
from app.widgets import chart_tools
from app.wording import experiments as words
from fairprog_core.results.experiments import experiment_csv


def show(value: Sequence[Row], *, key: str, title: str, charts: Mapping[str, str]) -> None:
    """Draw the buttons.

    Args:
        value: the rows of the experiment.
        key: beginning of the keys.
        title: of the experiment.
        charts: by the label of a button, the key of its live chart.
    """
    file = f"fairprog-{title.lower().replace(' ', '-')}"
    with st.container(horizontal=True):
        for i, (label, chart) in enumerate(charts.items()):
            name = file if len(charts) == 1 else f"{file}-{i + 1}"
            chart_tools.show(chart, key=f"{key}-tools-{i}", file=name, label=label)
        st.download_button(
            words.CSV.format(title=title), lambda: experiment_csv(value), file_name=f"{file}.csv", mime="text/csv",
            key=f"{key}-csv", on_click="ignore",
        )  # fmt: skip
