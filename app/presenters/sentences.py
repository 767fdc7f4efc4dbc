"""What the page shows of one sentence, made from the arrays of a gallery of texts.

Notation: m sentences, W words of all of them, l λ-values, k trigger words.
"""

from collections.abc import Sequence
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.models.gallery import control_words, trigger_words
from app.models.sentence import Sentence, SentenceRow
from app.presenters import texts
from app.wording import sentences as words
from app.wording.shared import common, inside
from fairprog_core.results.gallery_file import Gallery

CONTROLS = ("random_words", "neutral_words")
POSITIVE = 1  # the class that is explained
N_ROWS = 4


def sentence(gallery: Gallery, i: int, *, title: str = "", chosen: float | None = None) -> Sentence:
    """Sentence i of a gallery under every condition.

    Args:
        gallery: m sentences.
        i: which of them.
        title: above it.
        chosen: the λ that was chosen on validation.
    """
    arrays, about = gallery.arrays, gallery.about
    told = _words(gallery, i)
    start = int(arrays["first"][i])
    is_identity = [bool(flag) for flag in arrays["is_identity"][start : start + len(told)]]
    read = [_control(gallery, i, name, told) for name in CONTROLS if f"logits_{name}" in arrays]
    rows = [_lam(gallery, i, j, told, chosen) for j in range(len(arrays["lams"]))]
    first = [_row(gallery, i, "without", told, words.CONDITIONS["without"]), *_rivals(gallery, i, told)]
    every = [*first, *read, *rows]
    sizes = [abs(value) for row in every for value in chain(row.values, row.trigger_values)]
    names = [name for name in CONTROLS if f"logits_{name}" in arrays]
    return Sentence(
        title=title,
        words=told,
        is_identity=is_identity,
        end=_end(gallery, i, told),
        first=first,
        controls=read,
        folded=words.controls({name: row.probability for name, row in zip(names, read, strict=True)}) if read else "",
        rows=rows,
        is_behind=about.get("position") == "end",
        scale=max(sizes, default=0.0),
    )


def default_rows(lams: Sequence[float], chosen: float | None, n: int = N_ROWS) -> list[int]:
    """Indices of the λ that have a row at first: evenly from the first to the last, the chosen one among them.

    Args:
        lams: ascending, at least one.
        chosen: the λ that was chosen on validation.
        n: how many, at most.
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


def _end(gallery: Gallery, i: int, told: Sequence[str]) -> str:
    if not told:
        return words.EMPTY_TEXT
    about = gallery.about
    is_cut = about["is_cut"][i] or len(told) < len(about["texts"][i])
    return words.CUT if is_cut else ""


def _control(gallery: Gallery, i: int, name: str, told: Sequence[str]) -> SentenceRow:
    trigger = control_words(gallery.about)[name]
    return _row(gallery, i, name, told, words.CONDITIONS[name], trigger=trigger)


def _rivals(gallery: Gallery, i: int, told: Sequence[str]) -> list[SentenceRow]:
    """Rows of the classifiers with weights of their own."""
    rivals = gallery.about.get("rivals", {})
    return [
        _row(gallery, i, method, told, inside.rival(method, lam), note=words.QUOTED) for method, lam in rivals.items()
    ]


def _lam(gallery: Gallery, i: int, j: int, told: Sequence[str], chosen: float | None) -> SentenceRow:
    lam, trigger = float(gallery.arrays["lams"][j]), trigger_words(gallery.about)[j]
    note = words.QUOTED if lam == chosen else ""
    return _row(gallery, i, "", told, words.LAM.format(lam=common.lam(lam)), trigger=trigger, note=note, lam=j)


def _row(
    gallery: Gallery, i: int, condition: str, told: Sequence[str], name: str, *, trigger: Sequence[str] = (),
    note: str = "", lam: int = -1,
) -> SentenceRow:  # fmt: skip
    """One row.

    Args:
        gallery: m sentences.
        i: which of them.
        condition: ending of the arrays, a control's or a rival's; empty for the trigger at a λ.
        told: its words.
        name: of the row.
        trigger: the words that join it.
        note: below the name.
        lam: index of λ; -1 without.
    """
    arrays, about = gallery.arrays, gallery.about
    labels = about["labels"]
    ending = f"_{condition}" if condition else ""
    start = int(arrays["first"][i])

    def of(array: str) -> NDArray[Any]:
        found: NDArray[Any] = arrays[f"{array}{ending}"][i]
        return np.asarray(found[lam]) if lam >= 0 else found

    along = arrays[f"ig{ending}"][start : start + len(told)]
    values = [float(value) for value in (along[:, lam] if lam >= 0 else along)]
    own = [texts.safe(word) for word in trigger]
    own_values = [float(value) for value in of("ig_trigger")] if own else []
    said, y = int(of("logits").argmax()), int(arrays["y"][i])
    probability = float(texts.probability(of("logits"), POSITIVE))
    sound, is_nearest = bool(of("ig_converged")), lam >= 0 and bool(about.get("is_nearest"))
    verdict = "" if y < 0 else words.RIGHT if said == y else words.WRONG
    spoken = words.spoken(
        name, [*told, *own], [*values, *own_values], predicted=labels[said], positive=labels[POSITIVE],
        probability=probability,
    )  # fmt: skip
    return SentenceRow(
        name, note, values, own, own_values, probability,
        ", ".join(part for part in (words.CALLED.format(label=labels[said]), verdict) if part),
        words.delta(float(of("ig_delta")), int(of("ig_steps")), sound), sound, spoken, lam,
        words.BADGES[is_nearest if lam >= 0 else None], is_nearest,
    )  # fmt: skip
