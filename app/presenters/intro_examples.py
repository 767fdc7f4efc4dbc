"""The examples of the demo: test pictures under the trigger, or test sentences with the trigger's words.

Notation: m gallery rows, k λ values, c classes.
"""

from collections.abc import Sequence

from app.models.demo import DemoExample, DemoExamples, DemoScores
from app.models.gallery import trigger_words
from app.wording import start as words
from app.wording.shared import common
from fairprog_core.report.figures import texts
from fairprog_core.report.figures.examples import StoredArrays, as_uri, changed_examples, sentences_at
from fairprog_core.report.figures.people import EXAMPLE, PEOPLE, told
from fairprog_core.results.changed_examples import ChangedExample, ChangedExamples, ScoredText
from fairprog_core.results.gallery_layout import GalleryAbout


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
    rows = changed_examples(gallery, about, kept, stored, chosen=chosen)
    shown = [_example(row, about, kind) for row in rows]
    if is_text:
        by_lam = trigger_words(about)
        scored = sentences_at(stored, gallery, kept) if stored else []
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
        "triggers": [as_uri(gallery["trigger"][i]) for i in kept],
        "examples": shown,
        "box": [float(value) / side for value in gallery["photo_box"]],
    }


def _example(row: ChangedExample, about: GalleryAbout, kind: str) -> DemoExample:
    labels, group = about["labels"], texts.group_name(about, row["z"])
    person = PEOPLE.get(kind, {}).get(group, (common.group(group),))[-1]
    found: DemoExample = {
        "name": told(EXAMPLE, kind).format(person=person, label=labels[row["y"]]),
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
