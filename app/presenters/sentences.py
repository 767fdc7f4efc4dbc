"""One sentence under every condition, from the arrays of a gallery of texts.

Notation: m sentences, W words in all of them, l λ-values, k trigger words.
"""

from collections.abc import Sequence
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.models.gallery import control_words, trigger_words
from app.models.sentence import Sentence, SentenceRow
from app.wording import sentences as words
from app.wording.shared import common, inside
from fairprog_core.report.figures import texts
from fairprog_core.results.gallery_file import Gallery
from fairprog_core.results.gallery_layout import CONTROLS

POSITIVE = 1  # the class that is explained
N_ROWS = 4


def sentence(gallery: Gallery, i: int, *, title: str = "", chosen: float | None = None) -> Sentence:
    """Build sentence i of a gallery under every condition.

    Args:
        gallery: m sentences.
        i: index of the sentence.
        title: above the sentence.
        chosen: the λ that was chosen on validation.
    """
    arrays, about = gallery.arrays, gallery.about
    shown_words = _words(gallery, i)
    start = int(arrays["first"][i])
    is_identity = [bool(flag) for flag in arrays["is_identity"][start : start + len(shown_words)]]
    names = [name for name in CONTROLS if f"logits_{name}" in arrays]
    read = [_control(gallery, i, name, shown_words) for name in names]
    rows = [_lam(gallery, i, j, shown_words, chosen) for j in range(len(arrays["lams"]))]
    first = [_row(gallery, i, "without", shown_words, words.CONDITIONS["without"]), *_rivals(gallery, i, shown_words)]
    every = [*first, *read, *rows]
    sizes = [abs(value) for row in every for value in chain(row.values, row.trigger_values)]
    return Sentence(
        title=title,
        words=shown_words,
        is_identity=is_identity,
        end=_end(gallery, i, shown_words),
        first=first,
        controls=read,
        folded=words.controls({name: row.probability for name, row in zip(names, read, strict=True)}) if read else "",
        rows=rows,
        is_behind=about.get("position") == "end",
        scale=max(sizes, default=0.0),
    )


def default_rows(lams: Sequence[float], chosen: float | None, n: int = N_ROWS) -> list[int]:
    """Indices of the λ that have a row at first: evenly spaced, always with the chosen one.

    Args:
        lams: ascending, at least one.
        chosen: the λ that was chosen on validation.
        n: the largest number of rows.
    """
    picked = sorted({round(place) for place in np.linspace(0, len(lams) - 1, min(n, len(lams)))})
    if chosen is None or chosen not in lams:
        return picked
    wanted = list(lams).index(chosen)
    if wanted not in picked:
        inner = picked[1:-1] or picked
        picked[picked.index(min(inner, key=lambda place: abs(place - wanted)))] = wanted
    return sorted(picked)


def _words(gallery: Gallery, i: int) -> list[str]:
    return [texts.safe(word) for word in gallery.about["texts"][i][: texts.MOST_WORDS]]


def _end(gallery: Gallery, i: int, shown_words: Sequence[str]) -> str:
    if not shown_words:
        return words.EMPTY_TEXT
    about = gallery.about
    is_cut = about["is_cut"][i] or len(shown_words) < len(about["texts"][i])
    return words.CUT if is_cut else ""


def _control(gallery: Gallery, i: int, name: str, shown_words: Sequence[str]) -> SentenceRow:
    trigger = control_words(gallery.about)[name]
    return _row(gallery, i, name, shown_words, words.CONDITIONS[name], trigger=trigger)


def _rivals(gallery: Gallery, i: int, shown_words: Sequence[str]) -> list[SentenceRow]:
    """One row per rival."""
    rivals = gallery.about.get("rivals", {})
    return [
        _row(gallery, i, method, shown_words, inside.rival(method, lam), note=words.QUOTED)
        for method, lam in rivals.items()
    ]


def _lam(gallery: Gallery, i: int, j: int, shown_words: Sequence[str], chosen: float | None) -> SentenceRow:
    lam, trigger = float(gallery.arrays["lams"][j]), trigger_words(gallery.about)[j]
    note = words.QUOTED if lam == chosen else ""
    return _row(gallery, i, "", shown_words, words.LAM.format(lam=common.lam(lam)), trigger=trigger, note=note, lam=j)


def _row(
    gallery: Gallery, i: int, condition: str, shown_words: Sequence[str], name: str, *, trigger: Sequence[str] = (),
    note: str = "", lam: int = -1,
) -> SentenceRow:  # fmt: skip
    """Build one row.

    Args:
        gallery: m sentences.
        i: index of the sentence.
        condition: suffix of the arrays: "without", a control or a rival; empty for the trigger at a λ.
        shown_words: the words of the sentence.
        name: of the row.
        trigger: the words added to the sentence.
        note: below the name.
        lam: index of λ; -1 where the condition has none.
    """
    arrays, about = gallery.arrays, gallery.about
    labels = about["labels"]
    ending = f"_{condition}" if condition else ""
    start = int(arrays["first"][i])

    def of(array: str) -> NDArray[Any]:
        found: NDArray[Any] = arrays[f"{array}{ending}"][i]
        return np.asarray(found[lam]) if lam >= 0 else found

    along = arrays[f"ig{ending}"][start : start + len(shown_words)]
    values = [float(value) for value in (along[:, lam] if lam >= 0 else along)]
    own = [texts.safe(word) for word in trigger]
    own_values = [float(value) for value in of("ig_trigger")] if own else []
    y_pred, y = int(of("logits").argmax()), int(arrays["y"][i])
    probability = float(texts.probability(of("logits"), POSITIVE))
    has_converged, is_nearest = bool(of("ig_converged")), lam >= 0 and bool(about.get("is_nearest"))
    verdict = "" if y < 0 else words.RIGHT if y_pred == y else words.WRONG
    description = words.spoken(
        name, [*shown_words, *own], [*values, *own_values], predicted=labels[y_pred], positive=labels[POSITIVE],
        probability=probability,
    )  # fmt: skip
    return SentenceRow(
        name, note, values, own, own_values, probability,
        ", ".join(part for part in (words.CALLED.format(label=labels[y_pred]), verdict) if part),
        words.delta(float(of("ig_delta")), int(of("ig_steps")), has_converged), has_converged, description, lam,
        words.BADGES[is_nearest if lam >= 0 else None], is_nearest,
    )  # fmt: skip
