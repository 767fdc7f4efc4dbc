"""Compare: methods on the same test rows, with a verdict where the intervals allow one; the paper's figures 4 to 6."""

from dataclasses import replace

import streamlit as st

from app import chrome, session
from app.charts import tradeoff as charts
from app.components import duel, duel_downloads, duel_picker, experiments, live_plot, needs_table
from app.components.duel_picker import Picked
from app.series import gather, spot
from app.wording import duel as words
from app.wording import tradeoff as tradeoff_words
from fairprog_core.methods import METHODS

CHART = "duel"


def show_chart(picked: Picked) -> None:
    """Every chosen method's means over seeds and its step line."""
    first, gap = picked.contenders[0].result, picked.contenders[0].curves[0]["gap"]
    series = {}
    for run, result in {each.run: each.result for each in picked.contenders}.items():
        for each in gather(result, gap, run=run):
            series[f"{run}:{each.family}"] = replace(each, controls={})
    drawn = [series[each.key] for each in picked.contenders]
    base = [found] if (found := spot(first.base, gap)) else []
    plot = charts.plane(
        drawn, metric=gap, base=base, majority=first.values.get("majority_accuracy"), show_seeds=False,
        names=[picked.names[each.key] for each in picked.contenders],
    )  # fmt: skip
    live_plot.show(replace(plot, label=words.CHART_LABEL), key=CHART)
    for sentence in tradeoff_words.notes(drawn, show_seeds=False):
        st.markdown(sentence)


def show_duel(picked: Picked) -> None:
    """Chart, verdicts and figures; a sentence where the curves cannot be compared."""
    judged = duel.judge(picked)
    if judged is None:
        return
    show_chart(picked)
    judged = duel.show(judged, picked=picked, key="figures")
    methods = dict.fromkeys(each.curves[0]["method"] for each in picked.contenders)
    needs_table.show([METHODS[method].options() for method in methods if method in METHODS], key="needs")
    st.header(words.DOWNLOADS, anchor=False)
    duel_downloads.show(judged, key="compare", chart=CHART)


@chrome.fragment
def explore() -> None:
    """Everything that answers to a choice."""
    picked = duel_picker.show(session.compared_runs(), key="compare")
    if picked is None:
        return
    if picked.contenders:
        show_duel(picked)
    experiments.show(picked, key="experiment")


chrome.header(words.TITLE, words.LEAD)
explore()
