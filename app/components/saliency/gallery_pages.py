"""The gallery of a curve in pages of a few test pictures."""

from collections.abc import Sequence

import streamlit as st

from app.components.saliency.maps import gallery as maps
from app.components.saliency.maps.gallery import Choice
from app.wording import saliency as words
from app.wording.shared import common
from fairprog_core.results.gallery_file import Gallery

PER_PAGE = 6


def show(
    value: Gallery,
    *,
    key: str,
    stamp: str,
    channel: str,
    choice: Choice,
    lam: float,
    index: int,
    ranks: Sequence[int] = (),
    ratio: str = "",
) -> None:
    """Draw a page of cards, the choice of the page, and a note on how the maps were computed.

    Args:
        value: the gallery of a curve.
        key: of the cards, and beginning of the widget's key.
        stamp: cache key that changes with the gallery.
        channel: of the λ slider that the pictures follow.
        choice: the choices for the gallery.
        lam: λ of the slider.
        index: of that λ.
        ranks: of the pictures, see ``presenters.row_order``.
        ratio: the sentence on their order.
    """
    rows = maps.matching(value, choice, index, ranks)
    if not rows:
        st.info(words.NONE_LEFT.format(lam=common.lam(lam)))
        return
    place, n = st.container(), -(-len(rows) // PER_PAGE)
    page = 1
    if n > 1:
        page = st.segmented_control(words.PAGE, range(1, n + 1), default=1, required=True, key=f"{key}-page-{n}")
    shown = tuple(rows[(page - 1) * PER_PAGE : page * PER_PAGE])
    with place:
        maps.show(maps.cards(stamp, value, shown, choice), key=key, channel=channel, index=index, choice=choice)
    kept = value.n_rows
    st.caption(f"{ratio} {words.about(value.about, choice.view, choice.target, shown=len(shown), kept=kept)}".strip())
