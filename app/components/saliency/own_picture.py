"""Explains a picture that the user uploads or picks from examples, in the explain process of this server."""

from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from app.components.saliency import own_answer
from app.components.saliency.maps import gallery as maps
from app.components.saliency.maps.gallery import Choice, Shot
from app.widgets.pictures import PictureCard
from app.wording import saliency as words
from app.wording.shared import common, neutral
from fairprog_core.explain.live.process import Request
from fairprog_core.report.figures import overlay, texts
from fairprog_core.results.gallery_file import Gallery

MOST_MB = 10
TYPES = ("png", "jpg", "jpeg", "webp")


def show(
    value: Gallery, *, key: str, classifier: Path, trigger: Path, lam: float, choice: Choice, is_drawn: bool
) -> None:
    """Draw the upload and the examples, and the maps of the picture.

    Args:
        value: the gallery of the curve; gives labels, size, box, baseline and examples.
        key: beginning of the widgets' keys.
        classifier: path of the base's weights.
        trigger: path of the trigger.
        lam: λ.
        choice: of the map and the control.
        is_drawn: whether the classifier learned from drawn pictures only, which the note mentions.
    """
    note = words.own_note(mb=MOST_MB, side=value.arrays["photo"].shape[1], is_drawn=is_drawn)
    left, right = st.columns([1, 1], gap="large")
    with left:
        file = st.file_uploader(words.OWN_LABEL, TYPES, max_upload_size=MOST_MB, key=f"{key}-file", help=note)
    with right:
        example = _choose_example(value, key=f"{key}-example")
    if file is None and example is None:
        return
    picture = file.getvalue() if file else overlay.png(value.arrays["photo"][example])
    baseline = value.arrays["nulls"][0] if choice.is_signed else None
    request = Request(picture, classifier, trigger, lam, choice.view, choice.target, baseline)
    found = own_answer.show(request, key=key)
    if not isinstance(found, dict):
        return
    if file and is_drawn:
        st.caption(words.OWN_DRAWN)
    cells = [maps.photo(found["photo"], words.OWN_PICTURE)]
    for condition in choice.conditions:
        box = None if condition == "without" else value.arrays["photo_box"]
        cells.append(maps.cell([_shot(found, condition, box)], condition, choice, value.about["labels"]))
    card = PictureCard(words.OWN_TITLE.format(lam=common.lam(lam)), cells)
    maps.show([card], key=f"{key}-card", channel="", index=0, choice=choice)


def _choose_example(value: Gallery, *, key: str) -> int | None:
    """Draw the choice of an example, the first saved picture of every group and label; its index."""
    arrays, about = value.arrays, value.about
    names = [
        words.OWN_EXAMPLE.format(
            group=common.group(texts.group_name(about, int(z))), label=about["labels"][int(y)]
        )
        for z, y in zip(arrays["z"], arrays["y"], strict=True)
    ]  # fmt: skip
    first = {name: i for i, name in reversed(list(enumerate(names)))}
    if not first:
        return None
    found = st.pills(
        words.OWN_EXAMPLES, sorted(first.values()), format_func=lambda i: neutral.in_markdown(names[i]), key=key
    )
    return None if found is None else int(found)


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
