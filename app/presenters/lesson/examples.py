"""The test rows of the lesson: photos with maps, or words with weights, and the triggers.

Notation: m gallery rows, k λ values.
"""

import base64
import io
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from app.models.gallery import trigger_words
from app.presenters.lesson import portraits
from app.presenters.lesson.data import LessonExample, LessonTrigger
from fairprog_core.metrics.explanations.by_condition import CONTROLS
from fairprog_core.report.figures import texts
from fairprog_core.results.changed_examples import ChangedExamples
from fairprog_core.results.curve import Curve
from fairprog_core.results.gallery_layout import Gallery

N_CHANGED = {"image": 8, "text": 7}  # of the rows whose prediction changes


def examples(gallery: Gallery, curve: Curve) -> list[LessonExample]:
    """The rows of the gallery: texts, those first whose prediction changes along λ; or `portraits.explained`."""
    arrays, about = gallery
    without = arrays["logits_without"].argmax(axis=-1)  # (m,)
    along = arrays["logits"].argmax(axis=-1)  # (m, k)
    said = np.concatenate([without[:, None], along], axis=1)
    patterns = about.get("patterns")
    found: list[LessonExample] = []
    for i in sorted(range(gallery.n_rows), key=lambda i: bool((said[i] == said[i, 0]).all())):
        z = int(arrays["z"][i])
        is_text = gallery.modality == "text"
        row: LessonExample = {
            "group": _group(patterns, z),
            "label": int(arrays["y"][i]),
            "predictions": [int(label) for label in said[i]],
            "said": _said(arrays, i, curve),
            "photo": "" if is_text else picture(arrays["photo"][i]),
            "maps": {} if is_text else _maps(arrays, i, curve),
            "words": [texts.safe(word) for word in about["texts"][i]] if is_text else [],
            "weights": _weights(arrays, i, curve) if is_text else {},
        }
        found.append(row)
    return found if gallery.modality == "text" else portraits.explained(found)


def changed(stored: ChangedExamples | None, gallery: Gallery) -> list[LessonExample]:
    """All stored rows whose prediction changes.

    Args:
        stored: rows of the gallery's curve; None where the study has none.
        gallery: gives the groups and the λ-values.
    """
    if stored is None or stored["lams"] != [float(lam) for lam in gallery.arrays["lams"]]:
        return []
    patterns = gallery.about.get("patterns")
    return [
        {
            "group": _group(patterns, row["z"]),
            "label": row["y"],
            "predictions": row["y_pred"],
            "said": {},
            "photo": row.get("large") or row.get("seen", ""),
            "maps": {},
            "words": [texts.safe(word) for word in row["scores"]["text"].split(" ")] if "scores" in row else [],
            "weights": {},
        }
        for row in stored["rows"]
    ]


def few(rows: list[LessonExample], stop: int) -> list[LessonExample]:
    """Some of the stored rows, in their order: among them gained and lost as often as among all stored ones.

    Texts are the first ones; of faces those whose hair looks most as its label says, and whose predictions do not all
    change at the same λ.

    Args:
        rows: all that are stored.
        stop: where the prediction is another one than at the first stop; a row whose prediction is not is left out.
    """
    rows = [row for row in rows if row["predictions"][stop] != row["predictions"][0]]
    if not rows or not rows[0]["photo"]:
        return rows[: N_CHANGED["text"]]
    n = N_CHANGED["image"]
    by_gain: dict[bool, list[int]] = {True: [], False: []}
    for i in _mixed(rows):
        by_gain[rows[i]["predictions"][stop] == rows[i]["label"]].append(i)
    n_gained = round(n * len(by_gain[True]) / len(rows))
    return [rows[i] for i in sorted(by_gain[True][:n_gained] + by_gain[False][: n - n_gained])]


def _mixed(rows: list[LessonExample]) -> list[int]:
    """Indices of rows: the plainest of each way and λ of a change, the late ones first, then the second plainest."""
    by_change: dict[tuple[int, bool], list[int]] = {}
    for i in sorted(range(len(rows)), key=lambda i: -portraits.plainness(rows[i])):
        said = rows[i]["predictions"]
        first = next(at for at, label in enumerate(said) if label != said[0])
        by_change.setdefault((-first, said[0] == rows[i]["label"]), []).append(i)
    turns = [(place, key, i) for key, found in by_change.items() for place, i in enumerate(found)]
    return [i for _, _, i in sorted(turns)]


def _group(patterns: list[list[bool]] | None, z: int) -> int:
    """The index of the first group of a pattern code."""
    return patterns[z].index(True) if patterns and any(patterns[z]) else z


def trigger(gallery: Gallery) -> LessonTrigger:
    """The trigger at every λ, and the controls that are pictures."""
    arrays, about = gallery
    if gallery.modality == "text":
        words = [[texts.safe(word) for word in of_lam] for of_lam in trigger_words(about)]
        return {
            "pictures": [], "controls": {}, "box": [], "words": words, "is_behind": about.get("position") == "end",
        }  # fmt: skip
    side = arrays["photo"].shape[1]
    return {
        "pictures": [picture(pixels) for pixels in arrays["trigger"]],
        "controls": {name: picture(arrays[f"trigger_{name}"]) for name in CONTROLS if f"trigger_{name}" in arrays},
        "box": [float(value) / side for value in arrays["photo_box"]],
        "words": [],
        "is_behind": False,
    }


def picture(pixels: NDArray[np.uint8]) -> str:
    """A picture (s, s, 3 or 4) as a PNG in a data URI."""
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()


def _maps(arrays: dict[str, NDArray[Any]], i: int, curve: Curve) -> dict[str, list[list[float]]]:
    """Grad-CAM of the predicted class, by condition."""
    at = curve.lams.index(curve.chosen_lam)
    found = {name: arrays[f"cam_{name}"][i] for name in ("without", *CONTROLS) if f"cam_{name}" in arrays}
    found["trigger"] = arrays["cam"][i, at]
    return {name: np.round(map_ / 255, 3).tolist() for name, map_ in found.items()}


def _said(arrays: dict[str, NDArray[Any]], i: int, curve: Curve) -> dict[str, int]:
    """The predicted class, by condition."""
    names = [name for name in ("without", *CONTROLS) if f"logits_{name}" in arrays]
    found = {name: int(arrays[f"logits_{name}"][i].argmax()) for name in names}
    return {**found, "trigger": int(arrays["logits"][i, curve.lams.index(curve.chosen_lam)].argmax())}


def _weights(arrays: dict[str, NDArray[Any]], i: int, curve: Curve) -> dict[str, list[float]]:
    """How much every word counts for the positive class, by condition, as shares of the largest weight of the row."""
    at, rows = curve.lams.index(curve.chosen_lam), slice(arrays["first"][i], arrays["first"][i + 1])
    found = {"without": arrays["ig_without"][rows], "trigger": arrays["ig"][rows, at]}
    largest = max((float(np.abs(weights).max(initial=0)) for weights in found.values()), default=0.0) or 1.0
    return {name: np.round(weights / largest, 3).tolist() for name, weights in found.items()}
