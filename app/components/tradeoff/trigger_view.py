"""The trigger at the λ of the slider as a picture: alone and on a test picture; and whether it can be printed."""

from collections.abc import Mapping

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from app.models import saved_study
from app.widgets import pictures
from app.widgets.handout import Handout
from app.widgets.pictures import PictureCard, PictureCell
from app.wording import tradeoff as words
from app.wording.shared import common
from fairprog_core.report.figures import overlay
from fairprog_core.results.gallery_file import Gallery


def show(
    value: Gallery, *, key: str, channel: str, index: int, study: Mapping[str, object], trigger: str, stamp: str
) -> None:
    """Draw the pictures.

    Args:
        value: the gallery of a curve.
        key: the component's key.
        channel: of the λ slider that the pictures follow.
        index: the initial index of λ, until the slider sends one.
        study: of the curve, as JSON.
        trigger: the trigger's name in the study.
        stamp: of the curve, see ``artifacts.stamp``.
    """
    pictures.show([PictureCard("", _cells(stamp, value))], key=key, channel=channel, index=index, width="16rem")
    st.markdown(words.PRINTABLE if saved_study.is_printable(study, trigger) else words.NOT_PRINTABLE)


@st.cache_resource(max_entries=64, show_spinner=False)
def _cells(stamp: str, _gallery: Gallery) -> list[PictureCell]:
    """The trigger alone and on a test picture at every λ; made once for all visitors."""
    arrays = _gallery.arrays
    triggers, photos, box = arrays["trigger"], arrays["photo"][:1], arrays["photo_box"]
    alts = [words.TRIGGER_ALT.format(lam=common.lam(float(lam))) for lam in arrays["lams"]]
    alone = [overlay.as_source(trigger) for trigger in triggers]
    cells = [PictureCell(words.TRIGGER_ALONE, alone, [""], alts)]
    for photo in photos:  # none where the gallery has no test pictures
        with_trigger = [overlay.as_source(overlay.put_on(photo, trigger, box)) for trigger in triggers]
        cells.append(PictureCell(words.TRIGGER_ON, with_trigger, [""], alts))
    return cells


def handout(value: Gallery, index: int) -> Handout:
    """The trigger at one λ as a PNG file."""
    lam = common.lam(float(value.arrays["lams"][index]))
    label = words.DOWNLOAD_PICTURE.format(lam=lam)
    return Handout(label, lambda: png(value, index), f"lam-{lam}.png", "image/png")


def png(gallery: Gallery, index: int, *, least: int = 512) -> bytes:
    """The trigger at one λ as a PNG at least ``least`` pixels high, transparent where the photo is visible."""
    trigger: NDArray[np.uint8] = gallery.arrays["trigger"][index]
    return overlay.png(overlay.enlarged(trigger, least))
