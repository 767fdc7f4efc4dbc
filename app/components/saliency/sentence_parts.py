"""The page Saliency for texts: a sentence of one's own, means by group, test sentences, averages."""

import streamlit as st

from app.charts import saliency as charts
from app.components import curve_slider
from app.components.saliency import averages, own_sentence, sentence_filter, sentence_gallery
from app.components.saliency.sentence_filter import SentenceFilter
from app.models import saved_study
from app.presenters import row_order, sentences
from app.state import artifacts
from app.widgets import table
from app.wording import saliency as shared
from app.wording import sentences as words
from app.wording.panels import group_means
from app.wording.shared import common, inside
from fairprog_core.data.card import data_card
from fairprog_core.metrics.explanations.averages import ImageExplanation, TextExplanation
from fairprog_core.report.figures import texts
from fairprog_core.report.figures.explanations import explanation_of
from fairprog_core.results.curve import Curve
from fairprog_core.results.gallery_file import Gallery
from fairprog_core.results.result import Result

FIGURE = 9  # of the paper: which words count
OF_RELIGIONS = ("comments", "civil_comments")  # data sets whose groups are religions
N_EXAMPLES = 3


def show(value: Result, *, run: str, curve: Curve, channel: str) -> None:
    """Draw the choices, the slider and the parts that follow it.

    Args:
        value: the result.
        run: its run.
        curve: one of its curves.
        channel: of the slider.
    """
    lams, chosen = curve.lams, curve.chosen_lam
    start, key = SentenceFilter(rows=tuple(sentences.default_rows(lams, chosen))), f"sentences-{curve.key}"
    explain = explanation_of(curve)
    found = charts.averages_of_texts(explain)
    frames = {each.key: charts.marker_frames(each, len(lams)) for each in found}
    index = curve_slider.show(curve, run=run, channel=channel, charts=frames, is_sticky=True, result=value)
    gallery = artifacts.gallery(value, curve.key)
    shown_rows = sentence_filter.remembered_rows(start, key=key, n=len(lams))
    _own(value, curve, gallery, channel=channel, index=index, rows=shown_rows)
    reason = inside.why_unexplained(value.study, curve, is_complete=value.is_complete)
    if gallery is None and reason:
        st.info(reason)
        return
    if found:
        _means(explain, found, curve, index)
    st.header(words.ROWS_TITLE, anchor=False)
    _note(value)
    choice = sentence_filter.show(start, key=key, groups=value.group_names, labels=value.labels, lams=lams)
    if gallery and gallery.n_rows:
        stamp = artifacts.stamp(value, curve.key)
        sentence_gallery.show(
            gallery, key="gallery", stamp=stamp, channel=channel, choice=choice, index=index, chosen=chosen,
            **row_order.shown(value, curve, gallery),
        )  # fmt: skip
    else:
        st.info(inside.NO_GALLERY)
    st.header(shared.AVERAGES, anchor=False)
    averages.show(found, lams=lams, index=index, rows=explain.rows if explain else 0)


def _note(value: Result) -> None:
    """Draw what the data set's card says about its texts, such as that they may offend."""
    card = data_card(saved_study.dataset_kind(value.study))
    if card and card.note:
        st.caption(common.plain(card.note[:1].upper() + card.note[1:]))


def _means(
    explain: ImageExplanation | TextExplanation | None, found: list[charts.Average], curve: Curve, index: int
) -> None:
    """Draw the sentence on the paper's figure and the means per group."""
    average = next((each for each in found if each.key == "share"), None)
    if average is None or explain is None:
        return
    st.subheader(group_means.TITLE, anchor=False)
    st.markdown(
        group_means.verdict(
            average.line, common.plain(average.names.what), curve.lams, index, figure=FIGURE, is_rise=False
        )
    )
    if groups := charts.of_groups(explain):
        controls = [name for name in group_means.PLURALS if any(name in line.controls for _, line in groups)]
        table.show(group_means.table(groups, index, controls), key="means")


def _own(
    result: Result, curve: Curve, gallery: Gallery | None, *, channel: str, index: int, rows: tuple[int, ...]
) -> None:
    """Draw the input of a sentence, or say why none can be explained."""
    weights = artifacts.base_weights(result)
    if weights is None:
        st.info(words.OWN_MISSING)
        return
    own_sentence.show(
        curve, key="own", classifier=weights, trigger=curve.artifact, channel=channel, index=index, rows=rows,
        examples=_examples(result, gallery),
    )  # fmt: skip


def _examples(result: Result, gallery: Gallery | None) -> list[str]:
    """Sentences about one group each where groups are religions; else the first saved test sentences."""
    if saved_study.dataset_kind(result.study) in OF_RELIGIONS:
        return [words.OWN_EXAMPLE.format(group=group) for group in words.OWN_GROUPS]
    return [texts.snippet(each, 90) for each in gallery.about.get("texts", [])[:N_EXAMPLES]] if gallery else []
