"""A run in large, for a whole class: its name, its trade-off, and the two figures at the chosen λ."""

import streamlit as st

from app.charts import tradeoff as charts
from app.charts.plot import Plot
from app.charts.theme import SYMBOLS
from app.components.tradeoff import detail
from app.models.series import drawable, gather, plot_point
from app.presenters import shared_charts
from app.state import artifacts, run_store
from app.widgets import live_plot
from app.wording.panels import class_room as words
from app.wording.shared import common, inside
from fairprog_core.results.result import Result


def show(value: str, *, key: str) -> None:
    """Draw the run, or a sentence where there is nothing to draw.

    Args:
        value: its id; empty: none was chosen.
        key: of the chart.
    """
    if not value:
        st.info(words.NOTHING)
        return
    run, folder = run_store.find_run(value), run_store.folder_of(value)
    if run is None:
        st.info(words.GONE)
        return
    result = artifacts.read(folder) if folder else None
    st.header(inside.run_name(common.plain(run.name), run.id), anchor=False)
    if not run.is_over:
        st.progress(min(max(run.fraction, 0.0), 1.0), text=common.STATES[run.state])
    if result is None or not result.curves:
        st.info(words.NO_CURVE.format(name=common.plain(run.name), state=common.STATES[run.state].lower()))
        return
    left, right = st.columns([8, 5], gap="large")
    with left:
        _plane(result, run.id, key)
    with right:
        curve = result.curves[0]
        name = inside.curve_name(curve.name, curve.criterion, curve.tuning_ratio, curve.method)
        st.markdown(words.AT.format(curve=common.plain(name), lam=common.lam(curve.chosen_lam)))
        detail.show(result.chosen_point(curve), key=f"{key}.detail", base=result.base, metric=curve.gap)


def _plane(result: Result, run: str, key: str) -> None:
    curve = result.curves[0]

    def draw() -> Plot:
        found = [each for each in gather(result, curve.gap, run=run) if each.criterion == curve.criterion]
        series, _ = drawable(found, picked=(run, curve.family), most=len(SYMBOLS))
        base = plot_point(result.base, curve.gap)
        return charts.plane(series, metric=curve.gap, base=[base] if base else [], majority=result.majority_accuracy)

    live_plot.show(shared_charts.shared(("projection", artifacts.stamp(result, run)), draw), key=key)
