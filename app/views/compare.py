"""Compare: methods on the same test rows, with a verdict where the intervals allow one; Figures 4 to 6 of the paper."""

from dataclasses import replace

import streamlit as st

from app.charts import tradeoff as charts
from app.components.compare import candidate_picker, experiments, head_to_head, head_to_head_downloads
from app.components.compare.candidate_picker import Picked
from app.components.train import needs_table
from app.models.series import gather, plot_point
from app.state import session
from app.widgets import live_plot, page
from app.wording import head_to_head as words
from app.wording import tradeoff as tradeoff_words
from fairprog_core.methods import METHODS

CHART = "duel"  # the chart's key


def show_chart(picked: Picked) -> None:
    """Draw the means over seeds and the step line of every chosen candidate."""
    first, gap = picked.candidates[0].result, picked.candidates[0].curves[0].gap
    series = {}
    for run, result in {each.run: each.result for each in picked.candidates}.items():
        for each in gather(result, gap, run=run):
            series[f"{run}:{each.family}"] = replace(each, controls={})
    drawn = [series[each.key] for each in picked.candidates]
    base = [found] if (found := plot_point(first.base, gap)) else []
    plot = charts.plane(
        drawn, metric=gap, base=base, majority=first.majority_accuracy, show_seeds=False,
        names=[picked.names[each.key] for each in picked.candidates],
    )  # fmt: skip
    live_plot.show(replace(plot, label=words.CHART_LABEL), key=CHART)
    for sentence in tradeoff_words.notes(drawn, show_seeds=False):
        st.markdown(sentence)


def show_comparison(picked: Picked) -> None:
    """Draw chart, verdicts and figures, or a sentence where the curves cannot be compared."""
    comparison = head_to_head.compare(picked)
    if comparison is None:
        return
    show_chart(picked)
    comparison = head_to_head.show(comparison, picked=picked, key="figures")
    methods = dict.fromkeys(each.curves[0].method for each in picked.candidates)
    needs_table.show(
        [METHODS[method].options.model_validate({}) for method in methods if method in METHODS], key="needs"
    )
    st.header(words.DOWNLOADS, anchor=False)
    head_to_head_downloads.show(comparison, key="compare", chart=CHART)


@page.fragment
def explore() -> None:
    """Draw the choices and all parts that depend on them."""
    picked = candidate_picker.show(session.compared_runs(), key="compare")
    if picked is None:
        return
    if picked.candidates:
        show_comparison(picked)
    experiments.show(picked, key="experiment")


page.header(words.TITLE, words.LEAD)
explore()
