"""Probe: what demographic classifiers read in a picture that holds nothing but the trigger."""

from typing import Any

import streamlit as st

from app import artifacts, chrome, session
from app.charts import probe as charts
from app.charts.along import estimate, frames
from app.components import lam_slider, live_plot, null_pictures, run_picker, table
from app.series import Curve
from app.wording import common, compare, inside
from app.wording import probe as words
from fairprog_core.results import Result

CHANNEL = "probe"


def slider(curve: Curve, run: str, null: str, group: int) -> int:
    """The λ slider of the page; the index of λ."""
    found = curve["probe"]
    moving = {"probability": frames(charts.lines(found, null, group), len(found["lams"]))}
    moving["reading"] = frames(list(charts.readings(found).values()), len(found["lams"]))
    index = lam_slider.show(
        session.nearest_lam(found["lams"], curve["chosen_lam"]), key=f"lam-{run}-{curve['key']}", channel=CHANNEL,
        lams=found["lams"], chosen=curve["chosen_lam"], charts=moving, is_sticky=True,
    )  # fmt: skip
    session.remember(session.LAM, f"{found['lams'][index]:g}")
    return index


def show_probability(result: Result, curve: Curve, null: str, group: int, index: int) -> None:
    """P(group | null + trigger) beside the pictures that were read."""
    found = curve["probe"]
    left, right = st.columns([8, 5], gap="large")
    with left:
        live_plot.show(charts.probability(found, null, group, index), key="probability")
    with right:
        gallery = artifacts.gallery(result, curve["key"])
        if gallery and "nulls" in gallery.arrays:
            which = found["nulls"].index(null)
            null_pictures.show(gallery, key="nulls", channel=CHANNEL, index=index, null=null, which=which)
        lines = charts.lines(found, null, group)
        table.show(words.table(found, lines, index, found["groups"][group]), key="classifiers")
        st.markdown(words.agreement([each.along[index] for each in lines]))
        if null in words.STRANGE:
            st.markdown(words.STRANGE_NOTE)


def show_reading(found: dict[str, Any], index: int) -> None:
    """How well the group can be read from the base's features."""
    st.header(words.READING, anchor=False)
    if not found.get("reading"):
        st.info(words.READING_NONE)
        return
    left, right = st.columns([8, 5], gap="large")
    with left:
        live_plot.show(charts.reading(found, index), key="reading")
    with right:
        for kind, each in charts.readings(found).items():
            st.markdown(compare.at(each, words.READING_WHATS[kind], found["lams"], index))
        st.markdown(words.against_chance(estimate(found["reading"]["lam"][index]), found["reading"]["chance"]))
        st.markdown(compare.OVERLAP)


@st.fragment
def explore() -> None:
    """Everything that answers to the slider."""
    first, second, third, fourth = st.columns([4, 4, 2, 3])
    with first:
        choice = run_picker.show(session.selected_run(), key="probe-run")
    if choice is None:
        return
    result = run_picker.result_of(choice)
    with second:
        run, curve = run_picker.show_curve({choice.run: result}, key="probe", seed=third)
    found = curve.get("probe")
    if not found:
        st.info(words.EMPTY)
        st.page_link("views/train.py", label=inside.TO_TRAIN)
        return
    groups = range(len(found["groups"]))
    group = fourth.segmented_control(
        inside.GROUP,
        groups,
        default=groups[-1],
        required=True,
        key="probe-group",
        format_func=lambda g: found["groups"][g],
    )
    null = st.segmented_control(
        words.NULL, found["nulls"], default=found["nulls"][0], required=True, key="null",
        format_func=lambda name: words.NULLS.get(name, common.kind(name)),
    )  # fmt: skip
    index = slider(curve, run, null, group)
    show_probability(result, curve, null, group, index)
    show_reading(found, index)


chrome.header(words.TITLE, words.LEAD)
explore()
