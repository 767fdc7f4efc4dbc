"""Trade-off: accuracy against the gap for all finished curves, and one λ of one curve in detail."""

import streamlit as st

from app.charts.theme import SYMBOLS
from app.components import run_picker, weak_base
from app.components.runs import take_home
from app.components.tradeoff import detail, downloads, plane, point_tables, trigger_view, trigger_words
from app.models import saved_study
from app.models.series import drawable, gather
from app.state import artifacts, session
from app.widgets import chart_tools, page
from app.wording import tradeoff as words
from app.wording.shared import common
from fairprog_core.metrics.fairness import gaps
from fairprog_core.results.curve import Curve
from fairprog_core.results.experiments import is_about_shares
from fairprog_core.results.result import Result
from fairprog_core.results.summary import query_sentence

CHANNEL = "tradeoff"
ALL = "tradeoff-all"  # key of the choice of all criteria
TRIGGERS = {"image": trigger_view.show, "text": trigger_words.show}


def choose_gap(result: Result, curve: Curve) -> str:
    """Draw the choice of the gap on the horizontal axis; at first the remembered gap, else that of the criterion."""
    start, offered = session.remembered(session.GAP), [name for name in gaps() if name in result.base.metrics]
    index = offered.index(start if start in offered else curve.gap)
    metric = st.selectbox(words.GAP, offered, index, format_func=common.metric, key="gap")
    session.remember(session.GAP, metric)
    return metric


def show_point(result: Result, curve: Curve, index: int, metric: str) -> None:
    """Draw gap and accuracy at one λ, and the trigger."""
    detail.show(result.points_of(curve)[index], key="detail", base=result.base, metric=metric)
    if curve.queries:
        st.caption(query_sentence(curve.queries))
    if curve.trigger is None:
        st.header(words.TRIGGER, anchor=False)
        st.markdown(words.no_trigger(curve.method))
        return
    gallery, show = artifacts.gallery(result, curve.key), TRIGGERS[saved_study.modality(result.study)]
    if gallery:
        show(
            gallery, key="trigger", channel=CHANNEL, index=index, study=result.study, trigger=curve.trigger,
            stamp=artifacts.stamp(result, curve.key),
        )  # fmt: skip


@page.fragment
def explore() -> None:
    """Draw the choices, the plane and all parts that follow a click or the slider."""
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
        metric = choose_gap(results[run], curve)
    session.compare_runs(run, list(results))
    weak_base.show_one(results[run].weak_base)
    series = [each for one, result in results.items() for each in gather(result, metric, run=one, name=names[one])]
    others = {str(each.criterion) for each in series} - {curve.criterion}
    if not st.session_state.get(ALL):
        series = [each for each in series if each.criterion == curve.criterion]
    series, n_more = drawable(series, picked=(run, curve.family), most=len(SYMBOLS))
    left, right = st.columns([8, 5], gap="large")
    key = f"plane-{metric}"
    with left:
        index = plane.show(series, key=key, channel=CHANNEL, results=results, metric=metric, run=run, curve=curve)
        if others:
            st.toggle(words.all_criteria(sorted(others)), key=ALL)
        if any(is_about_shares(result) for result in results.values()):
            st.markdown(words.SHARES)
        if n_more:
            st.markdown(words.MORE.format(n=n_more, most=len(SYMBOLS)))
    with right:
        show_point(results[run], curve, index, metric)
    point_tables.show(results[run], key="tables", curve=curve, index=index, metric=metric)
    st.header(words.DOWNLOADS, anchor=False)
    with st.container(horizontal=True):
        picked = chart_tools.show(key, key="tools", file=f"fairprog-{curve.key}")
        take_home.show({run: results[run], **results}, key="take_home", names=names)
        downloads.show(results[run], key="download", curve=curve, index=index)
    if picked:
        clicked = series[int(picked[0])]
        session.select(clicked.run, clicked.curves[int(picked[1])].key, float(picked[2]))
        st.rerun(scope="fragment")


page.header(words.TITLE, words.LEAD)
explore()
