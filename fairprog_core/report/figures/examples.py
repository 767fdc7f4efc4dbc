"""Test rows whose answer changes with a trigger: those that a study keeps, else those of a curve's gallery.

Notation: m gallery rows, k λ values, c classes. A *stop* is no trigger, or one of the λ.
"""

import base64
import io
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from fairprog_core.report.figures import texts
from fairprog_core.results.changed_examples import ChangedExample, ChangedExamples, ScoredText
from fairprog_core.results.gallery_layout import GalleryAbout

SMALL, SIDE, LONG = 96, 192, 30_000  # pixels of a small picture and of a shrunk one; letters of a long URI
StoredArrays = Mapping[str, NDArray[Any]]


def changed_examples(
    gallery: StoredArrays, about: GalleryAbout, kept: Sequence[int], stored: ChangedExamples | None, *, chosen: int
) -> list[ChangedExample]:
    """The examples at the stops that are shown.

    Args:
        gallery: its arrays.
        about: its description.
        kept: indices of the λ to show.
        stored: the examples of the study; None: those of the gallery's rows whose answer changes.
        chosen: index of the stop whose λ was chosen.
    """
    return _of_gallery(gallery, about, kept, chosen) if stored is None else _at(stored, gallery, kept)


def _at(stored: ChangedExamples, gallery: StoredArrays, kept: Sequence[int]) -> list[ChangedExample]:
    """The stored rows at the stops that are shown."""
    stops = _stops(stored, gallery, kept)
    rows = [ChangedExample(**{**row, "y_pred": [row["y_pred"][i] for i in stops]}) for row in stored["rows"]]
    for row in rows:
        if "scores" in row:
            row["scores"] = _thinned(row["scores"], stops)
    return rows


def sentences_at(stored: ChangedExamples, gallery: StoredArrays, kept: Sequence[int]) -> list[ScoredText]:
    """The further texts of a study at the stops that are shown."""
    stops = _stops(stored, gallery, kept)
    return [_thinned(text, stops) for text in stored["sentences"]]


def _stops(stored: ChangedExamples, gallery: StoredArrays, kept: Sequence[int]) -> list[int]:
    """The stored stops of the λ that are shown, behind that without a trigger."""
    return [0, *(1 + stored["lams"].index(float(gallery["lams"][i])) for i in kept)]


def _thinned(text: ScoredText, stops: Sequence[int]) -> ScoredText:
    return {**text, "probabilities": [text["probabilities"][i] for i in stops]}


def _of_gallery(gallery: StoredArrays, about: GalleryAbout, kept: Sequence[int], chosen: int) -> list[ChangedExample]:
    """The rows of a gallery whose answer changes at the chosen λ, else all of them."""
    y, predictions = gallery["y"], _predictions(gallery, kept)
    changed = np.flatnonzero(predictions[:, 0] != predictions[:, chosen]) if predictions.size else np.arange(0)
    return [
        _gallery_row(gallery, about, int(i), kept, predictions[i], chosen)
        for i in (changed if len(changed) else range(len(y)))
    ]


def _gallery_row(
    gallery: StoredArrays, about: GalleryAbout, i: int, kept: Sequence[int], y_pred: NDArray[np.int64], chosen: int
) -> ChangedExample:
    y = int(gallery["y"][i])
    row: ChangedExample = {
        "row": i, "y": y, "z": int(gallery["z"][i]), "is_gain": bool(y_pred[chosen] == y != y_pred[0]),
        "y_pred": [int(each) for each in y_pred],
    }  # fmt: skip
    if "texts" in about:
        logits = [gallery["logits_without"][i], *gallery["logits"][i, list(kept)]]
        control = gallery.get("logits_random_words")
        row["scores"] = {
            "text": " ".join(about["texts"][i]),
            "probabilities": [float(texts.probability(each, -1)) for each in logits],
            "control": None if control is None else float(texts.probability(control[i], -1)),
        }
    else:
        row["seen"] = as_uri(gallery["photo"][i])
    return row


def _predictions(gallery: StoredArrays, kept: Sequence[int]) -> NDArray[np.int64]:
    """Predicted classes (m, 1 + k): without a trigger, then at every λ."""
    without = gallery["logits_without"].argmax(axis=-1)  # (m,)
    along = gallery["logits"][:, list(kept)].argmax(axis=-1)  # (m, k)
    return np.concatenate([without[:, None], along], axis=1)


def as_uri(pixels: NDArray[np.uint8]) -> str:
    """A picture (s, s, 3 or 4) as a PNG in a data URI."""
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()


def small_uri(pixels: NDArray[np.uint8]) -> str:
    """A picture in a data URI: as it is if it is small, else scaled down and with a little loss."""
    return as_uri(pixels) if max(pixels.shape[:2]) <= SMALL else _shrunk(Image.fromarray(pixels))


def smaller(uri: str) -> str:
    """A picture's data URI, scaled down if it is long."""
    if len(uri) <= LONG:
        return uri
    return _shrunk(Image.open(io.BytesIO(base64.b64decode(uri.partition(",")[2]))))


def _shrunk(image: Image.Image) -> str:
    image.thumbnail((SIDE, SIDE), Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    image.save(buffer, "WEBP", quality=82, method=4)
    return "data:image/webp;base64," + base64.b64encode(buffer.getvalue()).decode()
