"""Test pictures with their saliency maps: without the trigger, with it at every λ, and under a control."""

from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from app.charts import overlay
from app.components import pictures
from app.components.pictures import Card, Cell, Legend
from app.wording import saliency as words
from fairprog_core.gallery_file import Gallery

View = Literal["grad_cam", "integrated_gradients"]
Control = Literal["untrained", "black"]


class Choice(NamedTuple):
    """What a gallery shows.

    Attributes:
        view: the map.
        control: the control beside the trigger.
        wanted: a key of ``words.FILTERS``.
        group: a group's index, or None for all.
    """

    view: View
    control: Control
    wanted: str
    group: int | None

    @property
    def is_signed(self) -> bool:
        """Whether the map has two signs."""
        return self.view == "integrated_gradients"


PREFIX = {"grad_cam": "cam", "integrated_gradients": "ig"}
CONDITIONS = {"without": words.WITHOUT, "untrained": words.UNTRAINED, "black": words.BLACK, "with": words.WITH}


def show(value: Sequence[Card], *, key: str, channel: str, index: int, is_signed: bool) -> None:
    """Draw cards with the legend of their colours."""
    pictures.show(value, key=key, channel=channel, index=index, width="34rem", legend=legend(is_signed=is_signed))


def legend(*, is_signed: bool) -> Legend:
    """What the colours mean."""
    ends = (words.SIGNED_LOW, words.SIGNED_HIGH) if is_signed else (words.HEAT_LOW, words.HEAT_HIGH)
    return Legend(overlay.as_source(overlay.legend(is_signed=is_signed)), *ends)


def matching(gallery: Gallery, choice: Choice, index: int) -> list[int]:
    """The numbers of the pictures that a choice shows at the λ with this index."""
    arrays = gallery.arrays
    before = arrays["logits_without"].argmax(axis=-1) == arrays["y"]
    after = arrays["logits"][:, index].argmax(axis=-1) == arrays["y"]
    kept = {"all": np.ones_like(before), "gained": ~before & after, "lost": before & ~after}[choice.wanted]
    if choice.group is not None:
        kept = kept & (arrays["z"] == choice.group)
    return [int(i) for i in np.flatnonzero(kept)]


@st.cache_data(max_entries=64, show_spinner=False)
def cards(stamp: str, _gallery: Gallery, rows: tuple[int, ...], *, view: View, control: Control) -> list[Card]:
    """One card per picture: as it is, and its maps without, with the trigger at every λ, and under a control.

    Args:
        stamp: changes with the gallery.
        _gallery: m pictures; the underscore keeps it out of the cache's key.
        rows: which of them.
        view: the map.
        control: beside the trigger.
    """
    gallery, arrays, about = _gallery, _gallery.arrays, _gallery.about
    found = []
    for i in rows:
        group, label = about["groups"][int(arrays["z"][i])], about["labels"][int(arrays["y"][i])]
        row = int(arrays["row"][i])
        alt = words.ALT_PHOTO.format(row=row, group=group, label=label)
        photo = Cell(words.PHOTO, [overlay.as_source(overlay.enlarged(arrays["photo"][i]))], [""], [alt])
        cells = [photo, *(_cell(gallery, i, view, condition) for condition in ("without", "with", control))]
        found.append(Card(words.TITLE_OF_CARD.format(group=group, label=label), cells))
    return found


def _cell(gallery: Gallery, i: int, view: View, condition: str) -> Cell:
    """The maps of one picture under one condition; under the trigger one per λ."""
    arrays, prefix = gallery.arrays, PREFIX[view]
    suffix = "" if condition == "with" else f"_{condition}"
    maps, logits = arrays[f"{prefix}{suffix}"][i], arrays[f"logits{suffix}"][i]
    deltas, converged = (arrays.get(f"ig_{name}{suffix}") for name in ("delta", "converged"))
    trigger = None if condition == "without" else arrays[f"trigger{suffix}"]
    several = range(len(maps)) if condition == "with" else [None]
    sources, captions, alts = [], [], []
    for k in several:
        seen = (
            arrays["photo"][i]
            if trigger is None
            else overlay.put_on(arrays["photo"][i], _at(trigger, k), arrays["photo_box"])
        )
        box = None if trigger is None else arrays["photo_box"]
        sources.append(overlay.as_source(overlaid(seen, _at(maps, k), box)))
        is_ig = view == "integrated_gradients" and deltas is not None
        delta = float(_at(deltas[i], k)) if is_ig else None
        is_good = converged is None or bool(_at(converged[i], k))
        captions.append(
            caption(_at(logits, k), gallery.about["labels"], y=int(arrays["y"][i]), delta=delta, is_good=is_good)
        )
        alts.append(alt_text(_at(logits, k), gallery.about["labels"], view, condition))
    return Cell(CONDITIONS[condition], sources, captions, alts)


def overlaid(picture: NDArray[np.uint8], values: NDArray[Any], box: NDArray[np.int64] | None) -> NDArray[np.uint8]:
    """A map over what the classifier saw, enlarged.

    Args:
        picture: (s, s, 3), with the trigger if there is one.
        values: Grad-CAM (a, a) uint8 over the picture, or Integrated Gradients (s, s) int8 over the photo.
        box: where the photo lies; None without a trigger.
    """
    if values.dtype == np.int8:
        return overlay.enlarged(overlay.signed(picture, values if box is None else overlay.move(values, box)))
    return overlay.heat(overlay.enlarged(picture), values)


def caption(
    logits: NDArray[np.floating],
    labels: Sequence[str],
    *,
    y: int | None = None,
    delta: float | None = None,
    is_good: bool = True,
) -> str:
    """Prediction and probability; right or wrong where the label is known; the convergence delta where there is one."""
    predicted, probability = called(logits)
    lines = [words.CALLED.format(label=labels[predicted], probability=probability)]
    if y is not None:
        lines.append(words.RIGHT if predicted == y else words.WRONG)
    if delta is not None:
        lines.append((words.DELTA if is_good else words.NOT_CONVERGED).format(delta=words.small(delta)))
    return "\n".join(lines)


def alt_text(logits: NDArray[np.floating], labels: Sequence[str], view: View, condition: str) -> str:
    """A map in words."""
    predicted, probability = called(logits)
    return words.ALT_MAP.format(
        view=words.VIEWS[view],
        condition=CONDITIONS[condition].lower(),
        label=labels[predicted],
        probability=probability,
    )


def called(logits: NDArray[np.floating]) -> tuple[int, float]:
    """The predicted class and its probability."""
    odds = np.exp(logits - logits.max())
    return int(odds.argmax()), float(odds.max() / odds.sum())


def _at(values: NDArray[Any], k: int | None) -> Any:
    return values if k is None else values[k]
