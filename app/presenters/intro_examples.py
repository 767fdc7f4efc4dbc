"""The examples of the demo: test pictures under the trigger, or test sentences with the trigger's words.

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

StoredArrays = Mapping[str, NDArray[Any]]
Maker = Callable[[StoredArrays, GalleryAbout, Sequence[int]], DemoExamples]  # arrays, description, kept λ


def photos(gallery: StoredArrays, about: GalleryAbout, kept: Sequence[int], per_cell: int = 2) -> DemoExamples:
    """Photos, the triggers as pictures, and the photo's box as shares of the picture's side.

    Args:
        gallery: its arrays.
        about: its description; gives ``labels`` and ``groups``.
        kept: indices of the λ to show.
        per_cell: the number of examples per label and group.
    """
    side = gallery["photo"].shape[1]
    return {
        "triggers": [_uri(gallery["trigger"][i]) for i in kept],
        "box": [float(value) / side for value in gallery["photo_box"]],
        "examples": [
            {**_example(gallery, about, i, kept), "photo": _uri(gallery["photo"][i])}
            for i in _picks(gallery, kept, per_cell)
        ],
    }


def sentences(gallery: StoredArrays, about: GalleryAbout, kept: Sequence[int], per_cell: int = 1) -> DemoExamples:
    """Sentences and the trigger's words; see `photos`."""
    words_by_lam = trigger_words(about)
    return {
        "triggers": [[texts.safe(word) for word in words_by_lam[i]] for i in kept],
        "is_behind": about.get("position") == "end",
        "is_nearest": bool(about.get("is_nearest")),
        "badge": words.NEAREST if about.get("is_nearest") else words.TRIGGER,
        "examples": [
            {**_example(gallery, about, i, kept), "text": texts.snippet(about["texts"][i])}
            for i in _picks(gallery, kept, per_cell)
        ],
    }


MAKERS: dict[str, Maker] = {"image": photos, "text": sentences}


def _example(gallery: StoredArrays, about: GalleryAbout, i: int, kept: Sequence[int]) -> DemoExample:
    """Group and label of row i, and its predictions without a trigger and at every λ."""
    labels, y = about["labels"], int(gallery["y"][i])
    predictions = _predictions(gallery, kept)[i]
    return {
        "name": f"{texts.group_name(about, int(gallery['z'][i]))}, {labels[y]}",
        "predictions": [words.CALLED.format(label=labels[int(y_pred)]) for y_pred in predictions],
        "is_right": [bool(y_pred == y) for y_pred in predictions],
    }


def _predictions(gallery: StoredArrays, kept: Sequence[int]) -> NDArray[np.int64]:
    """Predicted classes (m, 1 + k): without a trigger, then at every λ."""
    without = gallery["logits_without"].argmax(axis=-1)  # (m,)
    along = gallery["logits"][:, list(kept)].argmax(axis=-1)  # (m, k)
    return np.concatenate([without[:, None], along], axis=1)


def _picks(gallery: StoredArrays, kept: Sequence[int], per_cell: int) -> list[int]:
    """Of every (z, y) cell the first row whose prediction changes, then the first of the rest."""
    y, z, predictions = gallery["y"], gallery["z"], _predictions(gallery, kept)
    changes = (predictions != predictions[:, :1]).any(axis=1)
    picks: list[int] = []
    for cell in sorted({(int(a), int(b)) for a, b in zip(z, y, strict=True)}):
        rows = np.flatnonzero((z == cell[0]) & (y == cell[1]))
        first = rows[changes[rows]][:1].tolist()
        picks += (first + [row for row in rows.tolist() if row not in first])[:per_cell]
    return picks


def _uri(pixels: NDArray[np.uint8]) -> str:
    """A picture (s, s, 3 or 4) as a PNG in a data URI."""
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()
