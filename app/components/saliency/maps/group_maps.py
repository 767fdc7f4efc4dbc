"""The mean map of every group: without the trigger, with it, the difference, and under both controls.

Notation: g groups, k λ-values, s the picture's side, b×b a mean map.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from app.widgets import pictures
from app.widgets.pictures import Legend, PictureCard, PictureCell
from app.wording import saliency as shared
from app.wording.panels import group_means as words
from app.wording.shared import common
from fairprog_core.report.figures import overlay
from fairprog_core.report.figures.mean_maps import DIFFERENCE, MeanMap, has_maps, mean_maps
from fairprog_core.results.gallery_file import Gallery

WIDTH = "60rem"  # one group in a row: five pictures that can be seen from the back of a room


def show(value: Gallery, *, key: str, stamp: str, channel: str, index: int, explain: Any) -> None:
    """Draw one card per group; nothing where the gallery has no mean maps, as in runs of older versions.

    Args:
        value: the gallery of a curve.
        key: the component's key.
        stamp: cache key that changes with the gallery.
        channel: of the λ slider that the maps follow.
        index: of λ.
        explain: the explanation of the curve, which has the shares by group; None without averages.
    """
    if not has_maps(value):
        return
    legend = Legend(overlay.as_source(overlay.legend(is_signed=False)), shared.HEAT_LOW, shared.HEAT_HIGH)
    pictures.show(cards(stamp, value, explain), key=key, channel=channel, index=index, width=WIDTH, legend=legend)
    st.caption(words.note(value.about["labels"]))


@st.cache_data(max_entries=16, show_spinner=False)
def cards(stamp: str, _gallery: Gallery, _explain: Any) -> list[PictureCard]:
    """One card per group; all maps of a curve have one scale.

    Args:
        stamp: cache key that changes with the gallery.
        _gallery: has mean maps; the underscore keeps it out of the cache's key.
        _explain: the explanation of the curve; None without averages.
    """
    return [
        PictureCard(common.group(each.group), [_drawn(one, each.region, common.group(each.group)) for one in each.maps])
        for each in mean_maps(_gallery, _explain)
    ]


def _drawn(one: MeanMap, region: str | None, group: str) -> PictureCell:
    """The pictures of one condition with their captions."""
    if one.condition == DIFFERENCE:
        return _cell(words.DIFFERENCE, one.pictures, [words.moved(region, share) for share in one.shares], group)
    captions = [words.caption(region, *each) for each in zip(one.shares, one.on_trigger, strict=True)]
    return _cell(shared.CONDITIONS[one.condition], one.pictures, captions, group)


def _cell(title: str, drawn: Sequence[NDArray[np.uint8]], captions: Sequence[str], group: str) -> PictureCell:
    alts = [words.alt(group, title, caption) for caption in captions]
    return PictureCell(title, [overlay.as_source(each) for each in drawn], captions, alts)
