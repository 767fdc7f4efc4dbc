"""Saliency: where the classifier looks, without and with the trigger: test pictures, averages, one's own picture."""

import streamlit as st

from app import artifacts, chrome, session
from app.charts import saliency as charts
from app.components import gallery as maps
from app.components import lam_slider, live_plot, own_picture, run_picker
from app.series import Curve
from app.wording import common, compare, inside
from app.wording import saliency as words
from fairprog_core.gallery_file import Gallery

CHANNEL = "saliency"
PER_PAGE = 6


def slider(curve: Curve, run: str, averages: list[charts.Average]) -> int:
    """The λ slider of the page; the index of λ."""
    index = session.nearest_lam(curve["lams"], curve["chosen_lam"])
    frames = {each.key: charts.marker_frames(each, len(curve["lams"])) for each in averages}
    index = lam_slider.show(
        index, key=f"lam-{run}-{curve['key']}", channel=CHANNEL, lams=curve["lams"], chosen=curve["chosen_lam"],
        charts=frames, is_sticky=True,
    )  # fmt: skip
    session.remember(session.LAM, f"{curve['lams'][index]:g}")
    return index


def choose_map(groups: list[str], labels: list[str]) -> maps.Choice:
    """What the gallery shows."""
    first, second, third, fourth, fifth = st.columns([6, 5, 4, 5, 4])
    view = first.segmented_control(
        words.VIEW, list(words.VIEWS), default="grad_cam", required=True, key="view", format_func=words.VIEWS.get
    )
    control = second.segmented_control(
        words.CONTROL, list(words.CONTROLS), default="untrained", required=True, key="control",
        format_func=words.CONTROLS.get,
    )  # fmt: skip
    target = None
    if view == "grad_cam":
        name = lambda c: words.PREDICTED if c is None else labels[c]  # noqa: E731
        target = third.selectbox(words.TARGET, [None, *range(len(labels))], format_func=name, key="target")
    wanted = fourth.selectbox(words.SHOW, list(words.FILTERS), format_func=words.FILTERS.get, key="filter")
    name = lambda g: words.ALL_GROUPS if g is None else groups[g]  # noqa: E731
    group = fifth.selectbox(words.GROUP, [None, *range(len(groups))], format_func=name, key="group")
    return maps.Choice(view, control, target, wanted, group)


def show_gallery(gallery: Gallery, stamp: str, choice: maps.Choice, lam: float, index: int) -> None:
    """The kept test pictures, some at a time."""
    rows = maps.matching(gallery, choice, index)
    if not rows:
        st.info(words.NONE_LEFT.format(lam=common.lam(lam)))
        return
    place, pages = st.container(), -(-len(rows) // PER_PAGE)
    page = 1
    if pages > 1:
        page = st.segmented_control(words.PAGE, range(1, pages + 1), default=1, required=True, key=f"page-{pages}")
    shown = tuple(rows[(page - 1) * PER_PAGE : page * PER_PAGE])
    with place:
        cards = maps.cards(stamp, gallery, shown, choice)
        maps.show(cards, key="gallery", channel=CHANNEL, index=index, choice=choice)
    kept = len(gallery.arrays["row"])
    st.caption(words.about(gallery.about, choice.view, choice.target, shown=len(shown), kept=kept))


def show_averages(averages: list[charts.Average], curve: Curve, index: int) -> None:
    """The averages along λ, each with one sentence."""
    st.header(words.AVERAGES, anchor=False)
    if not averages:
        st.info(words.NO_AVERAGES)
        return
    st.markdown(words.AVERAGES_NOTE.format(rows=curve["explain"]["rows"]))
    for i in range(0, len(averages), 2):
        for column, each in zip(st.columns(2, gap="large"), averages[i : i + 2], strict=False):
            with column:
                live_plot.show(charts.chart(each, curve["lams"], index), key=each.key)
                st.markdown(compare.at(each.line, each.names.what, curve["lams"], index))
    st.markdown(compare.OVERLAP)


@st.fragment
def explore() -> None:
    """Everything that answers to the slider."""
    first, second, third = st.columns([5, 5, 3])
    with first:
        picked = run_picker.show(session.selected_run(), key="saliency-run")
    if picked is None:
        return
    result = run_picker.result_of(picked)
    with second:
        run, curve = run_picker.show_curve({picked.run: result}, key="saliency", seed=third)
    choice = choose_map(result.values["groups"], result.values["labels"])
    averages = charts.averages(curve["explain"] or {}, choice.view)
    index = slider(curve, run, averages)
    gallery, lam = artifacts.gallery(result, curve["key"]), curve["lams"][index]
    if gallery and len(gallery.arrays["row"]):
        show_gallery(gallery, artifacts.stamp(result, curve["key"]), choice, lam, index)
    else:
        st.info(inside.NO_GALLERY)
    show_averages(averages, curve, index)
    st.header(words.OWN, anchor=False)
    weights = artifacts.base_weights(result)
    if gallery and weights:
        own_picture.show(
            gallery, key="own", classifier=weights, trigger=result.path(curve["artifact"]), lam=lam, choice=choice,
            is_drawn=result.study.get("dataset", {}).get("kind") == "faces",
        )  # fmt: skip
    else:
        st.info(words.OWN_MISSING)


chrome.header(words.TITLE, words.LEAD)
explore()
