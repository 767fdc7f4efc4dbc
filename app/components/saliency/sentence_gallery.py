"""The gallery of a curve: a list of test sentences, and the picked one with its attributions.

Notation: m sentences, l λ-values.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from app.components.saliency.sentence_filter import SentenceFilter
from app.models.sentence import Sentence
from app.presenters import row_order, sentences
from app.widgets import sentence as picture
from app.widgets import sentence_list
from app.widgets.sentence_list import Item
from app.wording import sentences as words
from app.wording.shared import common
from fairprog_core.report.figures import texts
from fairprog_core.results.gallery_file import Gallery
from fairprog_core.results.gallery_layout import GalleryAbout


def show(
    value: Gallery,
    *,
    key: str,
    stamp: str,
    channel: str,
    choice: SentenceFilter,
    index: int,
    chosen: float | None,
    ranks: Sequence[int] = (),
    ratio: str = "",
) -> None:
    """Draw the list, the picked sentence, and a note on how it was explained.

    Args:
        value: the gallery of a curve.
        key: beginning of the components' keys.
        stamp: cache key that changes with the gallery.
        channel: of the λ slider that the sentences follow.
        choice: the listed sentences, and the λ that have a row.
        index: of λ.
        chosen: the λ that was chosen on validation.
        ranks: of the sentences, see ``presenters.row_order``; empty: in their order.
        ratio: the sentence on their order.
    """
    rows = sorted(matching(value, choice, index), key=lambda i: ranks[i] if ranks else i)
    if not rows:
        st.info(words.NONE_LEFT.format(lam=common.lam(float(value.arrays["lams"][index]))))
        return
    listed = [items(stamp, value)[i] for i in rows]
    i = sentence_list.show(listed, key=f"list-{key}", label=words.PICK, channel=channel, index=index)
    show_one(_sentence(stamp, value, i, chosen), value, key=key, channel=channel, index=index, rows=choice.rows)
    st.caption(f"{ratio} {words.about(value.about, shown=len(rows), kept=value.n_rows)}".strip())


def show_one(value: Sentence, gallery: Gallery, *, key: str, channel: str, index: int, rows: Sequence[int]) -> None:
    """Draw one sentence.

    Args:
        value: the sentence.
        gallery: the gallery of the sentence.
        key: the component's key.
        channel: of the λ slider that the sentence follows.
        index: of λ.
        rows: indices of the λ that have a row.
    """
    about = gallery.about
    is_nearest = bool(about.get("is_nearest"))
    legend = words.legend(about["labels"][sentences.POSITIVE], is_nearest=is_nearest)
    picture.show(value, key=key, channel=channel, index=index, shown=rows, legend=legend, marker=words.AT_SLIDER)


def matching(gallery: Gallery, choice: SentenceFilter, index: int) -> list[int]:
    """The indices of the sentences that a choice lists at the λ with this index."""
    arrays = gallery.arrays
    gained, lost = row_order.changed(gallery, index)
    kept = {"all": np.ones_like(gained), "gained": gained, "lost": lost}[choice.wanted]
    if choice.label is not None:
        kept = kept & (arrays["y"] == choice.label)
    if choice.group is not None:
        kept = kept & np.array(
            [texts.is_in_group(gallery.about, int(z), choice.group) for z in arrays["z"]], dtype=np.bool_
        )
    return [int(i) for i in np.flatnonzero(kept)]


@st.cache_data(max_entries=16, show_spinner=False)
def items(stamp: str, _gallery: Gallery) -> list[Item]:
    """Every sentence as an item of the list.

    Args:
        stamp: cache key that changes with the gallery.
        _gallery: m sentences; the underscore keeps it out of the cache's key.
    """
    arrays, about = _gallery.arrays, _gallery.about
    before = texts.probability(arrays["logits_without"], sentences.POSITIVE)  # (m,)
    after = texts.probability(arrays["logits"], sentences.POSITIVE)  # (m, l)
    label = about["labels"][sentences.POSITIVE]
    return [
        Item(
            number=i,
            text=texts.snippet(about["texts"][i]) or words.EMPTY_TEXT,
            about=_about(arrays, about, i),
            moved=[words.moved(label, float(before[i]), float(value)) for value in after[i]],
        )
        for i in range(len(before))
    ]


@st.cache_data(max_entries=64, show_spinner=False)
def _sentence(stamp: str, _gallery: Gallery, i: int, chosen: float | None) -> Sentence:
    title = _about(_gallery.arrays, _gallery.about, i)
    return sentences.sentence(_gallery, i, title=title, chosen=chosen)


def _about(arrays: dict[str, NDArray[Any]], about: GalleryAbout, i: int) -> str:
    return words.about_row(texts.group_name(about, int(arrays["z"][i])), about["labels"][int(arrays["y"][i])])
