"""The gap over the number of classes: chart, table, downloads; Figure 6 of the paper."""

from collections.abc import Sequence

import streamlit as st

from app.charts import levels as charts
from app.components.compare import experiment_downloads
from app.components.compare.candidate_picker import Picked
from app.models import experiment
from app.models.experiment import RunRow as Row
from app.presenters import experiments
from app.widgets import live_plot, table
from app.wording import experiments as words
from app.wording.shared import common
from fairprog_core.results.experiments import ExperimentRow


def show(value: Sequence[Row], *, key: str, picked: Picked) -> Sequence[Row]:
    """Draw the section.

    Args:
        value: rows of ``experiments.several_classes_rows``, at least one.
        key: beginning of the keys.
        picked: the choices on the page.
    """
    lines = experiments.lines(value, picked.runs, name=lambda row: common.kind(experiment.name(row)), place=_n_classes)
    bases = experiments.lines(value, picked.runs, name=lambda _: common.BASE, place=_n_classes).values()
    base_rows = [{row["n_classes"]: row for row in line}.values() for line in bases]  # one per number of classes
    st.markdown(words.CLASSES_LEAD)
    plot = charts.levels(
        {name: charts.of(line, _n_classes) for name, line in list(lines.items())[: charts.N_MOST]},
        base=[charts.of(line, _n_classes, is_base=True) for line in base_rows],
        x_title=words.CLASSES_AXIS, y_title=common.metric(value[0]["gap_name"]), tick="{:g}".format,
        label=words.CLASSES_LABEL,
    )  # fmt: skip
    live_plot.show(plot, key=key)
    for sentence in words.left_out(value):
        st.markdown(sentence)
    if len(lines) > charts.N_MOST:
        st.markdown(words.MORE.format(n=len(lines) - charts.N_MOST, most=charts.N_MOST))
    table.show(words.classes_table(lines), key=f"{key}-table")
    experiment_downloads.show(value, key=key, title=words.CLASSES, charts={words.PNG.format(title=words.CLASSES): key})
    return value


def _n_classes(row: ExperimentRow) -> int:
    return row["n_classes"]
