"""The examples of the demo: test pictures under the trigger, or test sentences beside its words.

Notation: m gallery rows, k λ values.
"""

import base64
import io
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from app.models.demo import DemoExample, DemoExamples
from app.models.gallery import trigger_words
from app.presenters import texts
from app.wording import start as words
from fairprog_core.results.gallery_layout import GalleryAbout

Arrays = Mapping[str, NDArray[Any]]
Maker = Callable[[Arrays, GalleryAbout, Sequence[int]], DemoExamples]  # arrays, description, kept λ


def photos(gallery: Arrays, about: GalleryAbout, kept: Sequence[int], per_cell: int = 2) -> DemoExamples:
    """Photos, the triggers as pictures, and the box where a photo lies, as a share of the side.

    Args:
        gallery: its arrays.
        about: names of ``labels`` and ``groups``.
        kept: indices of λ.
        per_cell: examples of each label and group.
    """
    side = gallery["photo"].shape[1]
    return {
        "triggers": [_uri(gallery["trigger"][i]) for i in kept],
        "box": [float(value) / side for value in gallery["photo_box"]],
        "examples": [
            {**_said(gallery, about, i, kept), "photo": _uri(gallery["photo"][i])}
            for i in _picks(gallery, kept, per_cell)
        ],
    }


def sentences(gallery: Arrays, about: GalleryAbout, kept: Sequence[int], per_cell: int = 1) -> DemoExamples:
    """Sentences and the trigger's words; see `photos`."""
    told = trigger_words(about)
    return {
        "triggers": [[texts.safe(word) for word in told[i]] for i in kept],
        "is_behind": about.get("position") == "end",
        "is_nearest": bool(about.get("is_nearest")),
        "badge": words.NEAREST if about.get("is_nearest") else words.TRIGGER,
        "examples": [
            {**_said(gallery, about, i, kept), "text": texts.snippet(about["texts"][i])}
            for i in _picks(gallery, kept, per_cell)
        ],
    }


MAKERS: dict[str, Maker] = {"image": photos, "text": sentences}


def _said(gallery: Arrays, about: GalleryAbout, i: int, kept: Sequence[int]) -> DemoExample:
    """Whose row i is, and what is said of it without a trigger and at every λ."""
    labels, y = about["labels"], int(gallery["y"][i])
    says = _answers(gallery, kept)[i]
    return {
        "name": f"{texts.group_name(about, int(gallery['z'][i]))}, {labels[y]}",
        "says": [words.CALLED.format(label=labels[int(said)]) for said in says],
        "is_right": [bool(said == y) for said in says],
    }


def _answers(gallery: Arrays, kept: Sequence[int]) -> NDArray[np.int64]:
    """(m, 1 + k): without a trigger, then at every λ."""
    without = gallery["logits_without"].argmax(axis=-1)  # (m,)
    along = gallery["logits"][:, list(kept)].argmax(axis=-1)  # (m, k)
    return np.concatenate([without[:, None], along], axis=1)


def _picks(gallery: Arrays, kept: Sequence[int], per_cell: int) -> list[int]:
    """Of every (z, y) cell the first row whose prediction changes, then the first of the rest."""
    y, z, says = gallery["y"], gallery["z"], _answers(gallery, kept)
    changes = (says != says[:, :1]).any(axis=1)
    picks: list[int] = []
    for cell in sorted({(int(a), int(b)) for a, b in zip(z, y, strict=True)}):
        rows = np.flatnonzero((z == cell[0]) & (y == cell[1]))
        first = rows[changes[rows]][:1].tolist()
        picks += (first + [row for row in rows.tolist() if row not in first])[:per_cell]
    return picks


def _uri(pixels: NDArray[np.uint8]) -> str:
    """A picture (s, s, 3 or 4) as a PNG in a data address."""
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()
