"""The page Saliency for texts: test sentences with their attributions, averages, a sentence that the user enters."""

import streamlit as st

from app.charts import saliency as charts
from app.components import curve_slider
from app.components.saliency import averages, own_sentence, sentence_filter, sentence_gallery
from app.components.saliency.sentence_filter import SentenceFilter
from app.models import saved_study
from app.models.explanations import explanation_of
from app.presenters import sentences
from app.state import artifacts
from app.wording import saliency as shared
from app.wording import sentences as words
from app.wording.shared import common, inside
from fairprog_core.data.card import data_card
from fairprog_core.results.curve import Curve
from fairprog_core.results.result import Result


def show(value: Result, *, run: str, curve: Curve, channel: str) -> None:
    """Draw the choices, the slider and the parts that follow it.

    Args:
        value: the result.
        run: its run.
        curve: one of its curves.
        channel: of the slider.
    """
    card = data_card(saved_study.dataset_kind(value.study))
    if card and card.note:
        st.caption(common.plain(card.note[:1].upper() + card.note[1:]))
    lams, chosen = curve.lams, curve.chosen_lam
    start = SentenceFilter(rows=tuple(sentences.default_rows(lams, chosen)))
    choice = sentence_filter.show(
        start, key=f"sentences-{curve.key}", groups=value.group_names, labels=value.labels, lams=lams
    )
    explain = explanation_of(curve)
    found = charts.averages_of_texts(explain)
    frames = {each.key: charts.marker_frames(each, len(lams)) for each in found}
    index = curve_slider.show(curve, run=run, channel=channel, charts=frames, is_sticky=True)
    gallery = artifacts.gallery(value, curve.key)
    reason = inside.why_unexplained(value.study, curve, is_complete=value.is_complete)
    if gallery is None and reason:
        st.info(reason)
    else:
        if gallery and gallery.n_rows:
            stamp = artifacts.stamp(value, curve.key)
            sentence_gallery.show(
                gallery, key="gallery", stamp=stamp, channel=channel, choice=choice, index=index, chosen=chosen
            )
        else:
            st.info(inside.NO_GALLERY)
        st.header(shared.AVERAGES, anchor=False)
        averages.show(found, lams=lams, index=index, rows=explain.rows if explain else 0)
    st.header(words.OWN, anchor=False)
    weights = artifacts.base_weights(value)
    if weights is None:
        st.info(words.OWN_MISSING)
        return
    own_sentence.show(
        curve, key="own", classifier=weights, trigger=curve.artifact, channel=channel, index=index,
        rows=choice.rows,
    )  # fmt: skip
