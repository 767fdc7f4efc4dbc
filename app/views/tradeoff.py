"""Trade-off: accuracy against the gap for every finished curve, and one λ of one of them in detail."""

import streamlit as st

from app import artifacts, chrome, session
from app.charts import tradeoff as charts
from app.components import chart_tools, detail, downloads, group_table, lam_slider, live_plot, run_picker, trigger_view
from app.series import Curve, Series, gather, spot
from app.wording import common
from app.wording import tradeoff as words
from fairprog_core.metrics import GAPS
from fairprog_core.results import Result


def choose_gap(curve: Curve) -> str:
    """The metric on the horizontal axis; at first the one that the curve's criterion closes."""
    start = session.remembered(session.GAP)
    index = GAPS.index(start if start in GAPS else curve["gap"])
    metric = st.selectbox(words.GAP, GAPS, index, format_func=lambda name: common.METRICS[name], key="gap")
    session.remember(session.GAP, metric)
    return metric


def show_plane(results: dict[str, Result], series: list[Series], metric: str, run: str, curve: Curve) -> int:
    """The chart with its slider and tools; the index of λ."""
    at = next(i for i, each in enumerate(series) if each.run == run and curve in each.curves.values())
    spots = {spot.lam: spot for spot in series[at].single[curve["seed"]]}
    lams = curve["lams"]
    index = session.nearest_lam(lams, curve["chosen_lam"])
    base = [found for result in results.values() if (found := spot(result.base, metric))]
    majority = results[run].values.get("majority_accuracy")
    key = f"plane-{metric}"
    frames = [charts.marker_at(spots.get(lam)) for lam in lams]
    index = lam_slider.show(
        index, key=f"lam-{run}-{curve['key']}-{session.moves()}", channel="tradeoff", lams=lams,
        chosen=curve["chosen_lam"], charts={key: frames},
    )  # fmt: skip
    picked = spots.get(lams[index])
    marker = (at, picked) if picked else None
    chart = charts.plane(series, metric=metric, base=base, majority=majority, picked=marker)
    live_plot.show(chart, key=key)
    for sentence in words.notes(series):
        st.markdown(sentence)
    session.remember(session.LAM, f"{lams[index]:g}")
    return index


def show_point(result: Result, curve: Curve, index: int, metric: str) -> None:
    """One λ: what it costs and brings, and its trigger."""
    detail.show(result.points_of(curve)[index], key="detail", base=result.base, metric=metric)
    gallery = artifacts.gallery(result, curve["key"])
    if gallery:
        trigger_view.show(gallery, key="trigger", channel="tradeoff", index=index)
        is_printable = trigger_view.is_printable(result.study, curve["trigger"])
        st.markdown(words.PRINTABLE if is_printable else words.NOT_PRINTABLE)


def show_tables(result: Result, curve: Curve, index: int) -> None:
    """The groups, and who gained and who lost."""
    point = result.points_of(curve)[index]
    labels = result.values["labels"]
    st.header(words.GROUPS, anchor=False)
    caption = words.GROUPS_NOTE.format(lam=common.lam(curve["lams"][index]), seed=curve["seed"])
    before, rows = artifacts.group_table(result, result.base), artifacts.group_table(result, point)
    group_table.show(rows, key="groups", before=before, labels=labels, caption=caption)
    st.header(words.WHO, anchor=False)
    changes = artifacts.changes(result, point)
    st.markdown(words.who(changes, lam=curve["lams"][index], seed=curve["seed"]))
    live_plot.show(charts.flips(changes, labels), key="flips")


@st.fragment
def explore() -> None:
    """Everything that answers to a click or to the slider."""
    first, second, third, fourth = st.columns([4, 3, 3, 2])
    with first:
        choices = run_picker.show_several(session.compared_runs(), key="tradeoff-runs")
    if not choices:
        return
    results = {choice.run: run_picker.result_of(choice) for choice in choices}
    names = {choice.run: choice.name if len(choices) > 1 else "" for choice in choices}
    with third:
        run, curve = run_picker.show_curve(results, key="tradeoff", names=names, seed=fourth)
    with second:
        metric = choose_gap(curve)
    session.compare_runs(run, list(results))
    series = [each for one, result in results.items() for each in gather(result, metric, run=one, name=names[one])]
    left, right = st.columns([8, 5], gap="large")
    with left:
        index = show_plane(results, series, metric, run, curve)
    with right:
        show_point(results[run], curve, index, metric)
    show_tables(results[run], curve, index)
    st.header(words.DOWNLOADS, anchor=False)
    with st.container(horizontal=True):
        picked = chart_tools.show(f"plane-{metric}", key="tools", file=f"fairprog-{curve['key']}")
        downloads.show(results[run], key="download", curve=curve, index=index)
    if picked:
        clicked = series[int(picked[0])]
        session.select(clicked.run, clicked.curves[int(picked[1])]["key"], float(picked[2]))
        st.rerun(scope="fragment")


chrome.header(words.TITLE, words.LEAD)
explore()
