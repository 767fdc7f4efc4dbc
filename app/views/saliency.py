"""Saliency: where the classifier looks, without and with the trigger: test pictures, averages, one's own picture."""

import streamlit as st

from app import artifacts, chrome, session
from app.charts import saliency as charts
from app.components import averages, curve_slider, gallery_pages, map_picker, own_picture, run_picker
from app.components.gallery import Choice
from app.series import Curve
from app.wording import inside
from app.wording import saliency as words
from fairprog_core.gallery_file import Gallery
from fairprog_core.results import Result

CHANNEL = "saliency"


def show_own(result: Result, curve: Curve, gallery: Gallery | None, choice: Choice, lam: float) -> None:
    """A picture of one's own, where the run kept what it takes to explain it."""
    st.header(words.OWN, anchor=False)
    weights = artifacts.base_weights(result)
    if not gallery or not weights:
        st.info(words.OWN_MISSING)
        return
    own_picture.show(
        gallery, key="own", classifier=weights, trigger=result.path(curve["artifact"]), lam=lam, choice=choice,
        is_drawn=result.study.get("dataset", {}).get("kind") == "faces",
    )  # fmt: skip


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
    start, groups, labels = Choice("grad_cam", "untrained"), result.values["groups"], result.values["labels"]
    choice = map_picker.show(start, key="map", groups=groups, labels=labels)
    explain = curve["explain"] or {}
    found = charts.averages(explain, choice.view)
    frames = {each.key: charts.marker_frames(each, len(curve["lams"])) for each in found}
    index = curve_slider.show(curve, run=run, channel=CHANNEL, charts=frames, is_sticky=True)
    gallery, lam = artifacts.gallery(result, curve["key"]), curve["lams"][index]
    if gallery and len(gallery.arrays["row"]):
        stamp = artifacts.stamp(result, curve["key"])
        gallery_pages.show(gallery, key="gallery", stamp=stamp, channel=CHANNEL, choice=choice, lam=lam, index=index)
    else:
        st.info(inside.NO_GALLERY)
    st.header(words.AVERAGES, anchor=False)
    averages.show(found, lams=curve["lams"], index=index, rows=explain.get("rows", 0))
    show_own(result, curve, gallery, choice, lam)


chrome.header(words.TITLE, words.LEAD)
explore()
