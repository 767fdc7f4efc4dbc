"""The end of a run: its figures on test rows, the test curve with the quoted λ, and the ways on."""

import streamlit as st

from app.charts import tradeoff
from app.charts.plot import Plot
from app.components.runs import take_home
from app.components.train.watch import live_rows
from app.models import records
from app.models.records import RunProgress
from app.models.series import gather, plot_point
from app.state import artifacts, run_store, session
from app.widgets import live_plot
from app.wording import train as words
from fairprog_core.results.curve import Curve
from fairprog_core.results.result import Result
from fairprog_core.runs import Run


def links(run: Run, *, key: str, is_measured: bool) -> None:
    """Draw the buttons that lead on: to the trade-off as soon as all curves are measured, then to the other pages.

    Args:
        run: the run.
        key: beginning of the keys.
        is_measured: whether its curves are measured; a run that is over may also show those that are.
    """
    folder = run_store.home().run(run.id)
    if not (is_measured or run.is_over) or not (folder / "result.json").is_file():
        return
    goto = [(words.OPEN, "tradeoff", "open")]
    if run.state == "done":
        goto += [(words.TO_SALIENCY, "saliency", "saliency"), (words.TO_PROBE, "probe", "probe")]
    for label, page, name in goto:
        if st.button(label, type="primary" if name == "open" else "secondary", key=f"{key}.{name}"):
            st.switch_page(f"views/{page}.py", query_params={session.RUN: run.id})
    if run.is_over and (result := artifacts.read(folder)):
        take_home.show({run.id: result}, key=f"{key}.take_home")


def show(run: Run, progress: RunProgress, *, key: str) -> Run:
    """Draw figures and the test curve of a finished run; the figures alone where its result cannot be read.

    Args:
        run: the run.
        progress: its records, of which the last look at six rows is shown.
        key: beginning of the keys.
    """
    rows = records.without_controls(run.figures)
    result = artifacts.read(run_store.home().run(run.id))
    curve = None if result is None or not result.curves else _choose(result, key)
    if result is not None and curve is not None:
        left, right = st.columns([1.25, 1], gap="large")
        with left:
            live_plot.show(_chart(result, curve), key=f"{key}.plane")
        with right:
            st.markdown(words.RING)
            for row in rows:
                if (row["method"], row["trigger"], row["criterion"]) == (curve.method, curve.trigger, curve.criterion):
                    with st.container(horizontal=True):
                        st.metric(words.APART, words.from_to(row["base_gap"], row["gap"]))
                        st.metric(words.RIGHT, words.from_to(row["base_accuracy"], row["accuracy"]))
                    st.caption(words.intervals(row))
            for sentence in words.beside(curve, result):
                st.caption(sentence)
            if (learned := progress.curves.get(curve.key)) and learned.live:
                live_rows.show(learned, key=f"{key}.rows")
    for row in rows:
        st.markdown(words.chosen(row))
    return run


def _choose(result: Result, key: str) -> Curve:
    """Draw the choice of the curve, where there are several."""
    first = {curve.family: curve for curve in reversed(result.curves)}
    names = {words.curve_name(curve.name, curve.criterion, tuning_ratio=curve.tuning_ratio): curve
             for curve in reversed(first.values())}  # fmt: skip
    if len(names) == 1:
        return next(iter(names.values()))
    return names[st.selectbox(words.CURVE, list(names), key=f"{key}.curve", width=420)]


def _chart(result: Result, curve: Curve) -> Plot:
    """Accuracy against the gap on test rows, with the quoted λ."""
    series = [each for each in gather(result, curve.gap, run="") if each.family == curve.family]
    base = plot_point(result.base, curve.gap)
    quoted = next((spot for spot in series[0].mean if spot.lam == curve.chosen_lam), None)
    return tradeoff.plane(
        series, metric=curve.gap, base=[base] if base else [], majority=result.majority_accuracy,
        picked=(0, quoted) if quoted else None,
    )  # fmt: skip
