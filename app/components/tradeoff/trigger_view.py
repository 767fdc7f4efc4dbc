"""The trigger as a picture: alone, and on a test picture, at the λ of the slider; and whether it can be printed."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import streamlit as st

from app.charts import overlay
from app.widgets import pictures
from app.widgets.handout import Handout
from app.widgets.pictures import PictureCard, PictureCell
from app.wording import tradeoff as words
from app.wording.shared import common
from fairprog_core.results.gallery_file import Gallery


def show(value: Gallery, *, key: str, channel: str, index: int, study: Mapping[str, Any], trigger: str) -> None:
    """Draw it.

    Args:
        value: the pictures kept of a curve.
        key: the component's key.
        channel: of the λ slider that it follows.
        index: of λ, while no slider has announced one.
        study: that the curve belongs to.
        trigger: the trigger's name in it.
    """
    arrays = value.arrays
    triggers, photos, box = arrays["trigger"], arrays["photo"][:1], arrays["photo_box"]
    spoken = [words.TRIGGER_ALT.format(lam=common.lam(float(lam))) for lam in arrays["lams"]]
    alone = [overlay.as_source(trigger) for trigger in triggers]
    cells = [PictureCell(words.TRIGGER_ALONE, alone, [""], spoken)]
    for photo in photos:  # a study may keep none
        worn = [overlay.as_source(overlay.put_on(photo, trigger, box)) for trigger in triggers]
        cells.append(PictureCell(words.TRIGGER_ON, worn, [""], spoken))
    pictures.show([PictureCard("", cells)], key=key, channel=channel, index=index, width="16rem")
    st.markdown(words.PRINTABLE if is_printable(study, trigger) else words.NOT_PRINTABLE)


def is_printable(study: Mapping[str, Any], name: str) -> bool:
    """Whether a study keeps a trigger inside the photo's own range; "border-2" is its second border."""
    kind, _, number = name.partition("-")
    triggers = [trigger for trigger in study.get("triggers", ()) if trigger.get("kind") == kind]
    return bool(triggers) and triggers[int(number or 1) - 1].get("pixels", "printable") == "printable"


def handout(value: Gallery, index: int) -> Handout:
    """The trigger at one λ as a PNG file."""
    lam = common.lam(float(value.arrays["lams"][index]))
    label = words.DOWNLOAD_PICTURE.format(lam=lam)
    return Handout(label, lambda: png(value, index), f"lam-{lam}.png", "image/png")


def png(gallery: Gallery, index: int, *, least: int = 512) -> bytes:
    """The trigger at one λ as a PNG of at least ``least`` pixels, transparent where the photo shows."""
    trigger: np.ndarray[Any, np.dtype[np.uint8]] = gallery.arrays["trigger"][index]
    return overlay.png(overlay.enlarged(trigger, least))
