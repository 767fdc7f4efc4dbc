"""Explains a picture that the user uploads, in the explain process of this server."""

from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from app.components.saliency import gallery as maps
from app.components.saliency import own_answer
from app.components.saliency.gallery import Choice, Shot
from app.widgets.pictures import PictureCard
from app.wording import saliency as words
from app.wording.shared import common
from fairprog_core.explain.live.process import Request
from fairprog_core.results.gallery_file import Gallery

MOST_MB = 10
TYPES = ("png", "jpg", "jpeg", "webp")


def show(
    value: Gallery, *, key: str, classifier: Path, trigger: Path, lam: float, choice: Choice, is_drawn: bool
) -> None:
    """Draw the upload, and the maps of the uploaded picture.

    Args:
        value: the gallery of the curve; gives labels, size, box and baseline.
        key: beginning of the widgets' keys.
        classifier: path of the base's weights.
        trigger: path of the trigger.
        lam: λ.
        choice: of the map and the control.
        is_drawn: whether the classifier learned from drawn pictures only, which the note mentions.
    """
    st.markdown(words.own_note(mb=MOST_MB, side=value.arrays["photo"].shape[1], is_drawn=is_drawn))
    file = st.file_uploader(words.OWN_LABEL, TYPES, max_upload_size=MOST_MB, key=f"{key}-file")
    if file is None:
        return
    baseline = value.arrays["nulls"][0] if choice.is_signed else None
    request = Request(file.getvalue(), classifier, trigger, lam, choice.view, choice.target, baseline)
    found = own_answer.show(request, key=key)
    if not isinstance(found, dict):
        return
    cells = [maps.photo(found["photo"], words.OWN_LABEL)]
    for condition in choice.conditions:
        box = None if condition == "without" else value.arrays["photo_box"]
        cells.append(maps.cell([_shot(found, condition, box)], condition, choice, value.about["labels"]))
    card = PictureCard(words.OWN_TITLE.format(lam=common.lam(lam)), cells)
    maps.show([card], key=f"{key}-card", channel="", index=0, choice=choice)


def _shot(found: dict[str, NDArray[Any]], condition: str, box: NDArray[np.int64] | None) -> Shot:
    delta, converged = found.get(f"delta_{condition}"), found.get(f"converged_{condition}")
    return Shot(
        found[f"picture_{condition}"],
        found[f"map_{condition}"],
        box,
        found[f"logits_{condition}"],
        None if delta is None else float(delta),
        converged is None or bool(converged),
    )
