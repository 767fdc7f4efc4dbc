"""The gap over the share of the tuning data: chart, table, downloads; Figure 4 of the paper."""

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
from fairprog_core.metrics.intervals import Estimate
from fairprog_core.results.experiments import ExperimentRow


def show(value: Sequence[Row], *, key: str, picked: Picked) -> Sequence[Row]:
    """Draw the section.

    Args:
        value: rows of ``experiments.tuning_rows``, at least one.
        key: beginning of the keys.
        picked: the choices on the page.
    """
    lines = experiments.lines(
        value, picked.runs, name=lambda row: common.kind(experiment.name(row)), place=lambda _: None
    )
    st.markdown(" ".join([words.TUNING_LEAD, *words.bases(value)]))
    bases = dict.fromkeys(row["base_gap"] for row in value if row["base_gap"] is not None)
    plot = charts.levels(
        {name: charts.of(line, _share) for name, line in list(lines.items())[: charts.N_MOST]},
        base=[[charts.Level(1.0, Estimate(gap, None))] for gap in bases],
        x_title=words.TUNING_AXIS, y_title=common.metric(value[0]["gap_name"]), tick=words.percent,
        label=words.TUNING_LABEL,
    )  # fmt: skip
    live_plot.show(plot, key=key)
    if len(lines) > charts.N_MOST:
        st.markdown(words.MORE.format(n=len(lines) - charts.N_MOST, most=charts.N_MOST))
    table.show(words.tuning_table(lines), key=f"{key}-table")
    st.caption(words.NOTE)
    experiment_downloads.show(value, key=key, title=words.TUNING, charts={words.PNG.format(title=words.TUNING): key})
    return value


def _share(row: ExperimentRow) -> float:
    return row["tuning_ratio"] or 1.0
