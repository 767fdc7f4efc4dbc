"""The page Saliency for pictures: a picture of one's own, means by group, test pictures with their maps, averages."""

import streamlit as st

from app.charts import saliency as charts
from app.components import curve_slider
from app.components.saliency import averages, gallery_pages, map_picker, own_picture
from app.components.saliency.maps import group_maps
from app.components.saliency.maps.gallery import Choice
from app.models import saved_study
from app.presenters import row_order
from app.state import artifacts
from app.wording import saliency as words
from app.wording.panels import group_means
from app.wording.shared import inside
from fairprog_core.report.figures.explanations import explanation_of
from fairprog_core.report.figures.mean_maps import has_maps
from fairprog_core.results.curve import Curve
from fairprog_core.results.gallery_file import Gallery
from fairprog_core.results.result import Result

PICKER = "map"  # beginning of the keys of the choices
FIGURE = 8  # of the paper: where the classifier looks on photos


def show(value: Result, *, run: str, curve: Curve, channel: str) -> None:
    """Draw the choices, the slider and the parts that follow it.

    Args:
        value: the result.
        run: its run.
        curve: one of its curves.
        channel: of the slider.
    """
    groups, labels = value.group_names, value.labels
    start = Choice("grad_cam", "untrained", words.POSITIVE if len(labels) == 2 else None)
    explain = explanation_of(curve)
    lost = explain.collapsed_controls if explain else None
    choice = map_picker.remembered(start, key=PICKER)
    found = charts.averages(explain, choice.view, choice.target)
    frames = {each.key: charts.marker_frames(each, len(curve.lams)) for each in found}
    index = curve_slider.show(curve, run=run, channel=channel, charts=frames, is_sticky=True, result=value)
    gallery, lam = artifacts.gallery(value, curve.key), curve.lams[index]
    reason = inside.why_unexplained(value.study, curve, is_complete=value.is_complete)
    if gallery is None and reason:
        st.info(reason)
        return
    stamp = artifacts.stamp(value, curve.key)
    _own(value, curve, gallery, choice, lam)
    if gallery and has_maps(gallery):
        st.subheader(group_means.TITLE, anchor=False)
        _verdict(charts.averages(explain, "grad_cam", words.POSITIVE), curve, index)
        group_maps.show(gallery, key="means", stamp=stamp, channel=channel, index=index, explain=explain)
    st.header(words.ROWS, anchor=False)
    choice = map_picker.show(start, key=PICKER, groups=groups, labels=labels, collapsed=lost or ())
    if gallery and gallery.n_rows:
        gallery_pages.show(
            gallery, key="gallery", stamp=stamp, channel=channel, choice=choice, lam=lam, index=index,
            **row_order.shown(value, curve, gallery),
        )  # fmt: skip
    else:
        st.info(inside.NO_GALLERY)
    st.header(words.AVERAGES, anchor=False)
    averages.show(found, lams=curve.lams, index=index, rows=explain.rows if explain else 0)


def _verdict(found: list[charts.Average], curve: Curve, index: int) -> None:
    """Draw the sentence on the paper's figure: decided by the share on the first region and its controls."""
    average = next((each for each in found if each.key == charts.POSITIVE_SHARE), None)
    st.markdown(
        group_means.verdict(
            average.line if average else None, average.names.what if average else "", curve.lams, index,
            figure=FIGURE, is_rise=True, flat=average.flat if average else None,
        )
    )  # fmt: skip


def _own(result: Result, curve: Curve, gallery: Gallery | None, choice: Choice, lam: float) -> None:
    """Draw the upload of a picture, or say why none can be explained: it needs the base's weights and the gallery."""
    weights = artifacts.base_weights(result)
    if not gallery or not weights:
        st.info(words.OWN_MISSING if gallery else words.OWN_NO_GALLERY)
        return
    own_picture.show(
        gallery, key="own", classifier=weights, trigger=curve.artifact, lam=lam, choice=choice,
        is_drawn=saved_study.dataset_kind(result.study) == "faces",
    )  # fmt: skip
