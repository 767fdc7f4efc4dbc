"""The page Saliency for pictures: test pictures with their maps, averages, a picture that the user uploads."""

import streamlit as st

from app.charts import saliency as charts
from app.components import curve_slider
from app.components.saliency import averages, gallery_pages, map_picker, own_picture
from app.components.saliency.gallery import Choice
from app.models import saved_study
from app.models.explanations import explanation_of
from app.state import artifacts
from app.wording import saliency as words
from app.wording.shared import inside
from fairprog_core.results.curve import Curve
from fairprog_core.results.gallery_file import Gallery
from fairprog_core.results.result import Result


def show(value: Result, *, run: str, curve: Curve, channel: str) -> None:
    """Draw the choices, the slider and the parts that follow it.

    Args:
        value: the result.
        run: its run.
        curve: one of its curves.
        channel: of the slider.
    """
    start, groups, labels = Choice("grad_cam", "untrained"), value.group_names, value.labels
    explain = explanation_of(curve)
    lost = explain.collapsed_controls if explain else None
    choice = map_picker.show(start, key="map", groups=groups, labels=labels, collapsed=lost or ())
    found = charts.averages(explain, choice.view)
    frames = {each.key: charts.marker_frames(each, len(curve.lams)) for each in found}
    index = curve_slider.show(curve, run=run, channel=channel, charts=frames, is_sticky=True)
    gallery, lam = artifacts.gallery(value, curve.key), curve.lams[index]
    reason = inside.why_unexplained(value.study, curve, is_complete=value.is_complete)
    if gallery is None and reason:
        st.info(reason)
        return
    if gallery and gallery.n_rows:
        stamp = artifacts.stamp(value, curve.key)
        gallery_pages.show(gallery, key="gallery", stamp=stamp, channel=channel, choice=choice, lam=lam, index=index)
    else:
        st.info(inside.NO_GALLERY)
    st.header(words.AVERAGES, anchor=False)
    averages.show(found, lams=curve.lams, index=index, rows=explain.rows if explain else 0)
    _own(value, curve, gallery, choice, lam)


def _own(result: Result, curve: Curve, gallery: Gallery | None, choice: Choice, lam: float) -> None:
    """Draw the upload of a picture, or say why none can be explained: it needs the base's weights and the gallery."""
    st.header(words.OWN, anchor=False)
    weights = artifacts.base_weights(result)
    if not gallery or not weights:
        st.info(words.OWN_MISSING if gallery else words.OWN_NO_GALLERY)
        return
    own_picture.show(
        gallery, key="own", classifier=weights, trigger=curve.artifact, lam=lam, choice=choice,
        is_drawn=saved_study.dataset_kind(result.study) == "faces",
    )  # fmt: skip
