"""Compare: methods on the same test rows, with a verdict where the intervals allow one; Figures 4 to 6 of the paper."""

from collections.abc import Sequence
from dataclasses import replace

import streamlit as st

from app.charts import tradeoff as charts
from app.components.compare import candidate_picker, experiments, head_to_head, head_to_head_downloads, side_by_side
from app.components.compare.candidate_picker import Picked
from app.components.runs import take_home
from app.components.train import needs_table
from app.models import saved_study
from app.models.series import PlotPoint, gather, plot_point
from app.state import artifacts, pins, run_store, session
from app.widgets import live_plot, page
from app.wording import head_to_head as words
from app.wording import tradeoff as tradeoff_words
from app.wording.panels import side_by_side as side_words
from app.wording.shared import common, inside
from fairprog_core.methods import METHODS
from fairprog_core.results.run_folder import shipped_comparisons, shipped_demos

KEY = "compare"  # beginning of the keys of the choices
CHART = "duel"  # the chart's key


def show_chart(picked: Picked) -> None:
    """Draw the means over seeds and the step line of every chosen candidate."""
    first, gap = picked.candidates[0].result, picked.candidates[0].curves[0].gap
    series, bases = {}, dict[PlotPoint, str]()
    for run, result in {each.run: each.result for each in picked.candidates}.items():
        for each in gather(result, gap, run=run):
            series[f"{run}:{each.family}"] = replace(each, controls={})
        if found := plot_point(result.base, gap):
            bases.setdefault(found, picked.runs[run])  # runs on the same base and rows share a star
    drawn = [series[each.key] for each in picked.candidates]
    names = [common.BASE] if len(bases) == 1 else [inside.in_run(run, common.BASE) for run in bases.values()]
    plot = charts.plane(
        drawn, metric=gap, base=list(bases), base_names=names, majority=first.majority_accuracy, show_seeds=False,
        is_majority_of_one=len(bases) > 1, names=[picked.names[each.key] for each in picked.candidates],
    )  # fmt: skip
    live_plot.show(replace(plot, label=words.CHART_LABEL), key=CHART)
    for sentence in tradeoff_words.notes(drawn, show_seeds=False):
        st.markdown(sentence)


def show_comparison(picked: Picked) -> None:
    """Draw chart, verdicts and figures; no verdicts on other rows, and a sentence alone on other data."""
    results = {each.run: each.result for each in picked.candidates}
    if not side_by_side.has_same_data(results):
        st.info(side_words.other_data([saved_study.dataset_kind(result.study) for result in results.values()]))
        st.page_link("views/tradeoff.py", label=words.TO_TRADEOFF)
        return
    if not side_by_side.has_same_rows(results):
        show_chart(picked)
        side_by_side.show(picked, key="beside")
        return
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
    with st.container(horizontal=True):
        take_home.show(results, key="take_home", names=picked.runs)
    head_to_head_downloads.show(comparison, key="compare", chart=CHART)


def with_companions(runs: Sequence[str], *, key: str) -> list[str]:
    """The runs to compare; a single one gets the pinned runs on its data at first.

    One that has nothing to compare, and the shipped demo, also get the shipped comparison on its data.

    Args:
        runs: ids of the selected runs; none: the shipped demo.
        key: beginning of the widgets' keys; when they are drawn, the visitor has chosen.
    """
    selected = list(runs) or list(shipped_demos())[:1]
    if len(selected) != 1 or f"{key}-runs" in st.session_state:
        return selected
    shipped = [] if _has_rivals(selected[0]) else shipped_comparisons()
    kinds = {
        run: saved_study.dataset_kind(result.study)
        for run in dict.fromkeys([*selected, *shipped, *pins.pinned()])
        if (folder := run_store.folder_of(run)) and (result := artifacts.read(folder))
    }
    return [run for run, kind in kinds.items() if kind == kinds.get(selected[0])] or selected


def _has_rivals(run: str) -> bool:
    """Whether a visitor's run compares methods or triggers by itself."""
    folder = run_store.folder_of(run)
    result = artifacts.read(folder) if folder else None
    if result is None or run in shipped_demos():
        return False
    return len({(curve.method, curve.name) for curve in result.curves}) > 1


@page.fragment
def explore() -> None:
    """Draw the choices and all parts that depend on them."""
    picked = candidate_picker.show(with_companions(session.compared_runs(), key=KEY), key=KEY)
    if picked is None:
        return
    if picked.candidates:
        show_comparison(picked)
    experiments.show(picked, key="experiment")


page.header(words.TITLE, words.LEAD)
explore()
