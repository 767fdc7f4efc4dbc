"""Probe: predictions of demographic classifiers on empty inputs that carry only the trigger."""

import streamlit as st

from app.charts import probe as charts
from app.charts.along import frames
from app.components import curve_slider, run_picker
from app.components.probe import null_pictures, null_words, reading
from app.components.runs import take_home
from app.models import saved_study
from app.state import artifacts, session
from app.widgets import live_plot, page, table
from app.wording import probe as words
from app.wording.shared import common, inside, neutral
from fairprog_core.report.figures.explanations import probe_of
from fairprog_core.report.figures.probe_controls import most_moved, probe_controls, readers
from fairprog_core.results.curve import Curve
from fairprog_core.results.explanations import Probe
from fairprog_core.results.result import Result

CHANNEL = "probe"
SIDE_BY_SIDE = 3  # groups; more are chosen from a list
NULLS = {"image": null_pictures.show, "text": null_words.show}


def show_probability(result: Result, curve: Curve, found: Probe, null: str, group: int, index: int) -> None:
    """Draw P(group | null input + trigger) along λ and its controls; next to it the null input and figures at one λ."""
    left, right = st.columns([8, 5], gap="large")
    with left:
        live_plot.show(charts.probability(found, null, group, index), key="probability")
        if controls := probe_controls(found, null, group, index):
            st.markdown(words.controls(controls, null, found.groups[group], found.collapsed_controls or ()))
        if lost := inside.collapsed_controls(found.collapsed_controls):
            st.markdown(lost)
    with right:
        gallery = artifacts.gallery(result, curve.key)
        if gallery:
            show, which = NULLS[saved_study.modality(result.study)], found.nulls.index(null)
            show(gallery, key="nulls", channel=CHANNEL, index=index, null=null, which=which)
        lines = charts.lines(found, null, group)
        table.show(words.table(found, lines, index, common.group(found.groups[group])), key="classifiers")
        st.markdown(words.agreement(charts.now(found, null, index), group))
        if null in words.STRANGE:
            st.markdown(words.STRANGE_NOTE)


def choose_null(nulls: list[str]) -> str:
    """Draw the choice of the null input where there are several; its name."""
    if len(nulls) == 1:
        return nulls[0]
    return st.segmented_control(
        words.NULL, nulls, default=nulls[0], required=True, key="null",
        format_func=lambda name: words.NULLS.get(name, common.kind(name)),
    )  # fmt: skip


def choose_group(names: list[str], first: int, *, key: str) -> int:
    """Draw the choice of the group; its index.

    Args:
        names: of the groups.
        first: index of the initial choice.
        key: the widget's key; a new one begins with ``first`` again.
    """
    groups = range(len(names))
    names = [common.group(name) for name in names]
    if len(names) > SIDE_BY_SIDE:
        return st.selectbox(
            inside.GROUP, groups, first, key=key, format_func=lambda group: neutral.in_text(names[group])
        )
    return st.segmented_control(
        inside.GROUP, groups, default=first, required=True, key=key,
        format_func=lambda group: neutral.in_markdown(names[group]),
    )  # fmt: skip


@page.fragment
def explore() -> None:
    """Draw the choices, the slider and the parts that follow it."""
    first, second, third, fourth = st.columns([4, 4, 2, 3])
    with first:
        choice = run_picker.show(session.selected_run(), key="probe-run")
    if choice is None:
        return
    result = run_picker.result_of(choice)
    with second:
        run, curve = run_picker.show_curve({choice.run: result}, key="probe", seed=third, has_trigger=True)
    found = probe_of(curve)
    if found is None:
        st.info(inside.why_unexplained(result.study, curve, is_complete=result.is_complete) or words.EMPTY)
        st.page_link("views/train.py", label=inside.TO_TRAIN)
        return
    null = choose_null(found.nulls)
    chosen = found.lams.index(curve.chosen_lam) if curve.chosen_lam in found.lams else len(found.lams) - 1
    with fourth:
        group = choose_group(
            found.groups, most_moved(found, found.nulls[0], chosen), key=f"probe-group-{run}-{curve.key}"
        )
    n = len(found.lams)
    moving = {
        "probability": frames(charts.lines(found, null, group), n),
        "reading": frames(charts.reading_lines(found), n),
    }
    index = curve_slider.show(curve, run=run, channel=CHANNEL, charts=moving, is_sticky=True, result=result)
    if controls := probe_controls(found, null, group, index):
        counts = readers(found, null, group, index)
        st.markdown(words.conclusion(counts, controls, null, found.groups[group]))
    show_probability(result, curve, found, null, group, index)
    st.header(words.READING, anchor=False)
    reading.show(found, key="reading", index=index)
    with st.container(horizontal=True):
        take_home.show({run: result}, key="take_home")


page.header(words.TITLE, words.LEAD)
explore()
