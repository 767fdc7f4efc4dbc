"""A picture of one's own, explained by the warm explain process of this server."""

from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from app.charts import overlay
from app.components import gallery as maps
from app.components.gallery import Choice, View
from app.components.pictures import Card, Cell
from app.wording import common
from app.wording import saliency as words
from fairprog_core.errors import FairprogError
from fairprog_core.explain.live import ExplainProcess, Request
from fairprog_core.gallery_file import Gallery

MOST_MB = 10


def show(
    value: Gallery, *, key: str, classifier: Path, trigger: Path, lam: float, choice: Choice, is_drawn: bool
) -> None:
    """Take a picture and draw what explains it.

    Args:
        value: the gallery of the curve; gives labels, box and baseline.
        key: beginning of the widgets' keys.
        classifier: path of the base's weights.
        trigger: path of the trigger.
        lam: λ.
        choice: of the map and the control.
        is_drawn: whether the classifier has seen drawn pictures alone.
    """
    side = value.arrays["photo"].shape[1]
    st.markdown(words.own_note(mb=MOST_MB, side=side, is_drawn=is_drawn))
    file = st.file_uploader(words.OWN_LABEL, ["png", "jpg", "jpeg", "webp"], max_upload_size=MOST_MB, key=f"{key}-file")
    if file is None:
        return
    baseline = value.arrays["nulls"][0] if choice.is_signed else None
    request = Request(file.getvalue(), classifier, trigger, lam, method=choice.view, baseline=baseline)
    try:
        with st.spinner(words.OWN_WAIT):
            found = _process().explain(request)
    except FairprogError as error:
        st.error(common.plain(words.OWN_BROKEN.format(reason=error)))
        return
    title = words.OWN_TITLE.format(lam=common.lam(lam))
    card = Card(title, _cells(found, value, choice))
    maps.show([card], key=f"{key}-card", channel="", index=0, is_signed=choice.is_signed)


def _cells(found: dict[str, NDArray[Any]], gallery: Gallery, choice: Choice) -> list[Cell]:
    photo = overlay.as_source(overlay.enlarged(found["photo"]))
    return [
        Cell(words.PHOTO, [photo], [""], [words.OWN_LABEL]),
        *(_cell(found, gallery, choice.view, condition) for condition in ("without", "with", choice.control)),
    ]


def _cell(found: dict[str, NDArray[Any]], gallery: Gallery, view: View, condition: str) -> Cell:
    labels, logits = gallery.about["labels"], found[f"logits_{condition}"]
    box = None if condition == "without" else gallery.arrays["photo_box"]
    picture = maps.overlaid(found[f"picture_{condition}"], found[f"map_{condition}"], box)
    delta = found.get(f"delta_{condition}")
    caption = maps.caption(
        logits, labels, delta=None if delta is None else float(delta),
        is_good=bool(found.get(f"converged_{condition}", np.True_)),
    )  # fmt: skip
    alt = maps.alt_text(logits, labels, view, condition)
    return Cell(maps.CONDITIONS[condition], [overlay.as_source(picture)], [caption], [alt])


@st.cache_resource(show_spinner=False)
def _process() -> ExplainProcess:
    """One for this server; nothing starts before the first request."""
    return ExplainProcess()
