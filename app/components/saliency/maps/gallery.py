"""Test pictures with their saliency maps: without the trigger, with it at every λ, under a control, and of rivals.

Notation: m pictures, k λ-values, s the picture's side, a×a a Grad-CAM map, c classes.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal, NamedTuple

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from app.presenters import row_order
from app.widgets import pictures
from app.widgets.pictures import Legend, PictureCard, PictureCell
from app.wording import saliency as words
from app.wording.shared import inside
from fairprog_core.report.figures import overlay
from fairprog_core.results.gallery_file import Gallery

CARD_WIDTH, PICTURE_WIDTH = 34, 6.9  # rem, least widths: two cards of five pictures fit side by side on a page

View = Literal["grad_cam", "integrated_gradients"]
Control = Literal["untrained", "black"]


class Choice(NamedTuple):
    """The choices for a gallery.

    Attributes:
        view: the kind of map.
        control: the control that is shown.
        target: the class that Grad-CAM explains; None for the predicted one.
        wanted: a key of ``words.FILTERS``.
        group: a group's index; None for all.
    """

    view: View
    control: Control
    target: int | None = None
    wanted: str = "all"
    group: int | None = None

    @property
    def is_signed(self) -> bool:
        """Whether the map has positive and negative values."""
        return self.view == "integrated_gradients"

    @property
    def conditions(self) -> tuple[str, str, str]:
        """The conditions of the maps, from left to right."""
        return "without", "with", self.control


class Shot(NamedTuple):
    """One picture under one condition.

    Attributes:
        picture: (s, s, 3) the input of the classifier.
        values: Grad-CAM (a, a) uint8 over the picture, or Integrated Gradients (s, s) int8 over the photo.
        box: of the photo in the picture: top, left, height, width in pixels; None without a trigger.
        logits: (c,).
        delta: the convergence delta of Integrated Gradients; None for Grad-CAM.
        has_converged: whether the delta is within its tolerance.
    """

    picture: NDArray[np.uint8]
    values: NDArray[Any]
    box: NDArray[np.int64] | None
    logits: NDArray[np.floating]
    delta: float | None = None
    has_converged: bool = True


def show(value: Sequence[PictureCard], *, key: str, channel: str, index: int, choice: Choice) -> None:
    """Draw cards with the same number of cells, and the legend of their colours."""
    ends = (words.SIGNED_LOW, words.SIGNED_HIGH) if choice.is_signed else (words.HEAT_LOW, words.HEAT_HIGH)
    legend = Legend(overlay.as_source(overlay.legend(is_signed=choice.is_signed)), *ends)
    pictures.show(value, key=key, channel=channel, index=index, width=_width(value), legend=legend)


def _width(value: Sequence[PictureCard]) -> str:
    """The least width of a card, in CSS, at which its pictures are legible."""
    return f"{max([CARD_WIDTH, *(PICTURE_WIDTH * len(card.cells) for card in value)]):g}rem"


def matching(gallery: Gallery, choice: Choice, index: int, ranks: Sequence[int] = ()) -> list[int]:
    """The indices of the pictures that a choice shows at the λ with this index; those with an empty map come last.

    Args:
        gallery: m pictures.
        choice: the choices.
        index: of λ.
        ranks: of the pictures (m), see ``presenters.row_order``; empty: in their order.
    """
    arrays = gallery.arrays
    gained, lost = row_order.changed(gallery, index)
    kept = {"all": np.ones_like(gained), "gained": gained, "lost": lost}[choice.wanted]
    if choice.group is not None:
        kept = kept & (arrays["z"] == choice.group)
    found = sorted((int(i) for i in np.flatnonzero(kept)), key=lambda i: ranks[i] if ranks else i)
    return sorted(found, key=lambda i: _has_empty_map(arrays, i, choice))


def _has_empty_map(arrays: Mapping[str, NDArray[Any]], i: int, choice: Choice) -> bool:
    """Whether a map of picture i, at any λ, is 0 everywhere: the order must not change with the slider."""
    if choice.is_signed:
        return False
    name = "cam" if choice.target is None else "cam_class"
    every = [*arrays[name][i], *(arrays[f"{name}_{one}"][i] for one in ("without", choice.control))]
    return not all((each if choice.target is None else each[choice.target]).any() for each in every)


@st.cache_data(max_entries=16, show_spinner=False)
def cards(stamp: str, _gallery: Gallery, rows: tuple[int, ...], choice: Choice) -> list[PictureCard]:
    """One card per picture: the photo, its maps without and with the trigger (at every λ), of a control, of rivals.

    Args:
        stamp: cache key that changes with the gallery.
        _gallery: m pictures; the underscore keeps it out of the cache's key.
        rows: indices of the pictures.
        choice: of the map and the control.
    """
    arrays, about = _gallery.arrays, _gallery.about
    found = []
    for i in rows:
        group, label = about["groups"][int(arrays["z"][i])], about["labels"][int(arrays["y"][i])]
        alt = words.ALT_PHOTO.format(row=int(arrays["row"][i]), group=group, label=label)
        cells = [photo(arrays["photo"][i], alt)]
        for condition in choice.conditions:
            shots = list(_shots(arrays, i, choice, condition))
            cells.append(cell(shots, condition, choice, about["labels"], y=int(arrays["y"][i])))
        for method, lam in about.get("rivals", {}).items():
            shots, name = list(_shots(arrays, i, choice, method)), inside.rival(method, lam)
            cells.append(cell(shots, name, choice, about["labels"], y=int(arrays["y"][i])))
        found.append(PictureCard(words.TITLE_OF_CARD.format(group=group, label=label), cells))
    return found


def photo(pixels: NDArray[np.uint8], alt: str) -> PictureCell:
    """The cell of the photo without a map."""
    return PictureCell(words.PHOTO, [overlay.as_source(overlay.enlarged(pixels))], [""], [alt])


def cell(
    shots: Sequence[Shot], condition: str, choice: Choice, labels: Sequence[str], y: int | None = None
) -> PictureCell:
    """The cell of one picture's maps under one condition, with the predictions as captions.

    Args:
        shots: one for all λ, or one per λ.
        condition: a key of ``words.CONDITIONS``, or the name of a rival.
        choice: of the map.
        labels: the c class names.
        y: the true label; None where it is not known.
    """
    predictions = [_prediction(shot.logits) for shot in shots]
    return PictureCell(
        words.CONDITIONS.get(condition, condition),
        [overlay.as_source(_overlaid(shot)) for shot in shots],
        [
            words.caption(
                labels[label],
                share,
                None if y is None else label == y,
                shot.delta,
                shot.has_converged,
                is_empty=not shot.values.any(),
            )
            for shot, (label, share) in zip(shots, predictions, strict=True)
        ],
        [words.alt_map(choice.view, condition, labels[label], share) for label, share in predictions],
    )


def _shots(arrays: dict[str, NDArray[Any]], i: int, choice: Choice, condition: str) -> Iterator[Shot]:
    """Picture i under one condition: one shot per λ for "with", else a single one."""
    suffix = "" if condition == "with" else f"_{condition}"

    def of(name: str) -> NDArray[Any]:
        values: NDArray[Any] = arrays[f"{name}{suffix}"][i]
        return values if condition == "with" else np.asarray(values[None])  # (k or 1, …)

    maps = of("ig") if choice.is_signed else of("cam") if choice.target is None else of("cam_class")[:, choice.target]
    deltas = of("ig_delta") if choice.is_signed else None
    converged = of("ig_converged") if choice.is_signed and f"ig_converged{suffix}" in arrays else None
    triggers = arrays.get(f"trigger{suffix}")  # None without a trigger
    box = None if triggers is None else arrays["photo_box"]
    for k, (values, logits) in enumerate(zip(maps, of("logits"), strict=True)):
        picture = arrays["photo"][i]
        if triggers is not None and box is not None:
            picture = overlay.put_on(picture, triggers[k] if condition == "with" else triggers, box)
        delta = None if deltas is None else float(deltas[k])
        yield Shot(picture, values, box, logits, delta, converged is None or bool(converged[k]))


def _overlaid(shot: Shot) -> NDArray[np.uint8]:
    """The map over the classifier's input, enlarged."""
    if shot.values.dtype != np.int8:
        return overlay.heat(overlay.enlarged(shot.picture), shot.values)
    values = shot.values if shot.box is None else overlay.move(shot.values, shot.box)
    return overlay.enlarged(overlay.signed(shot.picture, values))


def _prediction(logits: NDArray[np.floating]) -> tuple[int, float]:
    """The predicted class and its probability."""
    odds = np.exp(logits - logits.max())
    return int(odds.argmax()), float(odds.max() / odds.sum())
