"""The examples of the demo: test pictures under the trigger, or test sentences with the trigger's words.

Notation: m gallery rows, k λ values, c classes.
"""

import base64
import io
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from app.models.demo import DemoExample, DemoExamples, DemoScores
from app.models.gallery import trigger_words
from app.presenters import texts
from app.wording import start as words
from app.wording.shared import common
from fairprog_core.results.changed_examples import ChangedExample, ChangedExamples, ScoredText
from fairprog_core.results.gallery_layout import GalleryAbout

StoredArrays = Mapping[str, NDArray[Any]]


def examples(
    gallery: StoredArrays, about: GalleryAbout, kept: Sequence[int], stored: ChangedExamples | None, *, kind: str,
    chosen: int,
) -> DemoExamples:  # fmt: skip
    """The examples, and the triggers at every λ.

    Args:
        gallery: its arrays.
        about: its description; gives ``labels`` and ``groups``.
        kept: indices of the λ to show.
        stored: the examples of the study; None: those of the gallery's rows whose answer changes.
        kind: registry key of the data set.
        chosen: index of the stop whose λ was chosen.
    """
    is_text = "texts" in about
    rows = _of_gallery(gallery, about, kept, chosen) if stored is None else _at(stored, gallery, kept)
    shown = [_example(row, about, kind) for row in rows]
    if is_text:
        by_lam = trigger_words(about)
        scored = _at_sentences(stored, gallery, kept) if stored else []
        return {
            "triggers": [[texts.safe(word) for word in by_lam[i]] for i in kept],
            "examples": shown,
            "is_behind": about.get("position") == "end",
            "is_nearest": bool(about.get("is_nearest")),
            "badge": words.NEAREST if about.get("is_nearest") else words.TRIGGER,
            "sentences": [_scores(text) for text in scored],
            "swaps": words.SWAPS.get(kind, []),
        }
    side = gallery["photo"].shape[1]
    return {
        "triggers": [_uri(gallery["trigger"][i]) for i in kept],
        "examples": shown,
        "box": [float(value) / side for value in gallery["photo_box"]],
    }


def told(sentences: Mapping[str, str], kind: str) -> str:
    """The sentence of a data set; that of the empty key where it has none of its own."""
    return sentences.get(kind, sentences[""])


def _example(row: ChangedExample, about: GalleryAbout, kind: str) -> DemoExample:
    labels, group = about["labels"], texts.group_name(about, row["z"])
    person = words.PEOPLE.get(kind, {}).get(group, (common.group(group),))[-1]
    found: DemoExample = {
        "name": told(words.EXAMPLE, kind).format(person=person, label=labels[row["y"]]),
        "is_gain": row["is_gain"],
        "predictions": [words.CALLED.format(label=labels[y_pred]) for y_pred in row["y_pred"]],
        "is_right": [y_pred == row["y"] for y_pred in row["y_pred"]],
    }
    if "scores" in row:
        return {**found, "scores": _scores(row["scores"])}
    seen = row.get("seen", "")
    return {**found, "large": row.get("large") or seen, "seen": seen, "framed": row.get("framed")}


def _scores(text: ScoredText) -> DemoScores:
    return {
        "text": texts.snippet(text["text"].split(" ")),
        "probabilities": list(text["probabilities"]),
        "control": text["control"],
    }


def _at(stored: ChangedExamples, gallery: StoredArrays, kept: Sequence[int]) -> list[ChangedExample]:
    """The stored rows at the stops that are shown."""
    stops = _stops(stored, gallery, kept)
    rows = [ChangedExample(**{**row, "y_pred": [row["y_pred"][i] for i in stops]}) for row in stored["rows"]]
    for row in rows:
        if "scores" in row:
            row["scores"] = _thinned(row["scores"], stops)
    return rows


def _at_sentences(stored: ChangedExamples, gallery: StoredArrays, kept: Sequence[int]) -> list[ScoredText]:
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
        row["seen"] = _uri(gallery["photo"][i])
    return row


def _predictions(gallery: StoredArrays, kept: Sequence[int]) -> NDArray[np.int64]:
    """Predicted classes (m, 1 + k): without a trigger, then at every λ."""
    without = gallery["logits_without"].argmax(axis=-1)  # (m,)
    along = gallery["logits"][:, list(kept)].argmax(axis=-1)  # (m, k)
    return np.concatenate([without[:, None], along], axis=1)


def _uri(pixels: NDArray[np.uint8]) -> str:
    """A picture (s, s, 3 or 4) as a PNG in a data URI."""
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()
