"""Which words count: attributions of the words of saved texts, without and with the trigger, and with random words."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fairprog_core.report.figures import names, texts
from fairprog_core.report.figures.family import Family
from fairprog_core.report.figures.follow import Follow, fixed, of_points
from fairprog_core.results.gallery_file import Gallery

SHOWN = 4  # texts
MOST_WORDS = 60  # of one text
FOR, AGAINST = "213 94 0", "0 114 178"  # red green blue, of words for the last label and against it
_STRONGEST = 0.5  # opacity, so that the words stay readable
CONDITIONS = {"": "with the trigger", "_without": "without", "_random_words": "random words"}


@dataclass(frozen=True)
class HeardWord:
    """A word, whether it names an identity, and the colour of its attribution."""

    text: str
    is_identity: bool
    colour: Follow


@dataclass(frozen=True)
class HeardLine:
    """A text under one condition."""

    condition: str
    words: list[HeardWord]


@dataclass(frozen=True)
class HeardText:
    """A text under several conditions; all have one scale."""

    title: str
    lines: list[HeardLine]


def heard_texts(family: Family, gallery: Gallery) -> list[HeardText]:
    """Up to four saved texts, first those whose answer changes at the chosen λ.

    Args:
        family: the curve.
        gallery: of its first seed, of texts.
    """
    arrays, places = gallery.arrays, gallery.arrays["lams"].tolist()
    if not set(family.lams) <= set(places):
        return []
    kept = [places.index(lam) for lam in family.lams]
    before = arrays["logits_without"].argmax(axis=-1)
    now = arrays["logits"][:, kept[family.chosen]].argmax(axis=-1)
    order = sorted(range(gallery.n_rows), key=lambda i: bool(before[i] == now[i]))
    return [_text(i, family, gallery, kept) for i in order[:SHOWN]]


def _text(i: int, family: Family, gallery: Gallery, kept: Sequence[int]) -> HeardText:
    arrays, about = gallery.arrays, gallery.about
    start, end = (int(arrays["first"][i + at]) for at in (0, 1))
    end = min(end, start + MOST_WORDS)
    along = arrays["ig"][start:end][:, list(kept)]
    alone = {each: arrays[f"ig{each}"][start:end] for each in ("_without", "_random_words") if f"ig{each}" in arrays}
    scale = max(float(np.abs(values).max(initial=0.0)) for values in (along, *alone.values())) or 1.0
    said = [texts.safe(word) for word in about["texts"][i][: end - start]]
    marks = arrays["is_identity"][start:end].astype(bool)
    lines = {"_without": _fixed(alone["_without"], scale)} if "_without" in alone else {}
    lines[""] = [_follow(values, scale, family.chosen) for values in along.tolist()]
    if "_random_words" in alone:
        lines["_random_words"] = _fixed(alone["_random_words"], scale)
    label = family.result.labels[int(arrays["y"][i])]
    group = names.group(texts.group_name({**about, "groups": family.result.group_names}, int(arrays["z"][i])))
    return HeardText(
        ", ".join(filter(None, (group, label))),
        [
            HeardLine(CONDITIONS[each], [HeardWord(*word) for word in zip(said, marks.tolist(), colours, strict=True)])
            for each, colours in lines.items()
        ],
    )


def _fixed(values: NDArray[np.floating], scale: float) -> list[Follow]:
    return [fixed(_colour(value, scale)) for value in values.tolist()]


def _follow(values: Sequence[float], scale: float, chosen: int) -> Follow:
    return of_points(chosen, [_colour(value, scale) for value in values])


def _colour(value: float, scale: float) -> str:
    share = round(_STRONGEST * min(abs(float(value)) / scale, 1.0), 2)
    return f"rgb({FOR if value > 0 else AGAINST} / {share:g})"
