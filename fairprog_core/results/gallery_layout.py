"""The layout of a gallery: its arrays, its header, and the check that they are consistent.

Notation: m rows, l λ-values, c classes, g groups, s image side, a side of a Grad-CAM map, b side of a mean map, e empty
inputs, W words of all texts, k words of a trigger.
"""

from itertools import pairwise
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fairprog_core.common.files.json_values import Header, short
from fairprog_core.common.options import Modality
from fairprog_core.metrics.explanations.gallery import GalleryAbout as GalleryAbout

IMAGE = {
    "photo": ("m s s 3", "u"), "photo_box": ("4", "i"), "nulls": ("e s s 3", "u"), "trigger": ("l s s 4", "u"),
    "cam": ("m l a a", "u"), "cam_class": ("m l c a a", "u"), "ig": ("m l s s", "i"),
    "mean_photo": ("g s s 3", "u"), "mean_cam": ("g l b b", "f"),
}  # fmt: skip
TEXT = {"first": ("m+1", "i"), "is_identity": ("W", "ub"), "ig": ("W l", "f"), "ig_trigger": ("m l k", "f")}
BOTH = {
    "row": ("m", "i"), "y": ("m", "i"), "z": ("m", "i"), "lams": ("l", "f"), "logits": ("m l c", "f"),
    "ig_delta": ("m l", "f"), "ig_absolute_delta": ("m l", "f"), "ig_steps": ("m l", "i"),
    "ig_converged": ("m l", "ub"),
}  # fmt: skip
"""Axes and numpy kinds of every array. An array with the axis l can have variants without it, named
``<name>_<condition>``: without a trigger, with a control in its place, of a rival."""

NEEDED = {"row", "y", "z", "lams", "logits"}
NEEDED_OF_IMAGES = {"photo", "photo_box", "trigger", "cam"}
NEEDED_OF_TEXTS = {"first", "is_identity", "ig", "ig_trigger", "ig_delta", "ig_steps", "ig_converged"}
NEEDED_WITH_ROWS = {"cam_class", "ig", "ig_delta"}  # of image galleries with at least one row
CONTROLS: tuple[Literal["random_words"], Literal["neutral_words"]] = ("random_words", "neutral_words")
OF_TRIGGERS = {"trigger", "ig_trigger"}  # have no variant for the condition without a trigger


class GalleryHeader(Header):
    """The header of a gallery's file."""

    about: GalleryAbout


class Gallery(NamedTuple):
    """The explained test rows of one curve: ``arrays`` by name, and metadata (labels, groups, layer, …)."""

    arrays: dict[str, NDArray[Any]]
    about: GalleryAbout

    @property
    def n_rows(self) -> int:
        """Number of test rows in the gallery; may be 0."""
        return len(self.arrays["row"])

    @property
    def modality(self) -> Modality:
        """Whether its rows are pictures or texts."""
        return "text" if "texts" in self.about else "image"


def check(gallery: Gallery) -> None:
    """Check that arrays and metadata are consistent.

    Raises:
        ValueError: an array or an entry is missing or does not fit the others; the message names it.
    """
    arrays, about = gallery
    is_text = "texts" in about
    layout = BOTH | (TEXT if is_text else IMAGE)
    sizes = _sizes(arrays, layout)
    missing = (NEEDED | (NEEDED_OF_TEXTS if is_text else NEEDED_OF_IMAGES)) - arrays.keys()
    if not is_text and sizes["m"]:
        missing |= NEEDED_WITH_ROWS - arrays.keys()
    if missing:
        raise ValueError(f"{min(missing)} is missing")
    _check_conditions(gallery, layout)
    _check_values(gallery)
    if sizes["c"] != len(about["labels"]):
        raise ValueError(f"there are {len(about['labels'])} labels and logits of {sizes['c']} classes")
    if sizes.get("g", len(about["groups"])) != len(about["groups"]):
        raise ValueError(f"there are {len(about['groups'])} groups and mean maps of {sizes['g']}")
    if is_text:
        _check_texts(gallery, sizes)
    else:
        top, left, height, width = arrays["photo_box"].tolist()
        if min(top, left) < 0 or min(height, width) < 1 or max(top + height, left + width) > sizes["s"]:
            raise ValueError("the photo's box does not lie in the picture")


def _sizes(arrays: dict[str, NDArray[Any]], layout: dict[str, tuple[str, str]]) -> dict[str, int]:
    """The length of every axis; it must be the same in all arrays."""
    sizes: dict[str, int] = {}
    for name, array in arrays.items():
        base = base_of(name, layout)
        if base is None:  # an array that a later version added
            continue
        axes, kinds = layout[base][0].split(), layout[base][1]
        axes = [axis for axis in axes if axis != "l"] if base != name else axes
        if array.dtype.kind not in kinds or len(axes) != array.ndim:
            raise ValueError(f"{short(name)} is of type {array.dtype} and shape {array.shape}")
        for axis, n in zip(axes, array.shape):
            letter, more = axis[0], 1 if axis.endswith("+1") else 0
            known = int(axis) if axis.isdecimal() else sizes.setdefault(letter, n - more) + more
            if n != known or n < more:
                raise ValueError(f"{short(name)} is of shape {array.shape}, which does not fit the other arrays")
    return sizes


def base_of(name: str, layout: dict[str, tuple[str, str]]) -> str | None:
    """The longest name in the layout that equals an array's name or is its prefix."""
    fitting = [
        base for base in layout if name == base or (name.startswith(f"{base}_") and "l" in layout[base][0].split())
    ]
    return max(fitting, key=len, default=None)


def _check_conditions(gallery: Gallery, layout: dict[str, tuple[str, str]]) -> None:
    """Check that every condition with logits has all arrays that depend on λ."""
    arrays = gallery.arrays
    by_lam = [base for base in layout if "l" in layout[base][0].split() and base in arrays and base != "lams"]
    conditions = {name.removeprefix("logits_") for name in arrays if name.startswith("logits_")}
    wanted = {"without", *gallery.about.get("rivals", ())}
    if lost := [
        f"{base}_{one}"
        for base in by_lam
        for one in wanted
        if base not in OF_TRIGGERS and f"{base}_{one}" not in arrays
    ]:
        raise ValueError(f"{short(lost[0])} is missing")
    controls = (conditions - wanted) | (set() if "texts" in gallery.about else {"untrained", "black"})
    if lost := [f"{base}_{one}" for base in by_lam for one in sorted(controls) if f"{base}_{one}" not in arrays]:
        raise ValueError(f"{short(lost[0])} is missing")


def _check_values(gallery: Gallery) -> None:
    """Check that codes of labels and patterns are in range, λ are ascending, and numbers are finite."""
    arrays, about = gallery
    if strange := [name for name, array in arrays.items() if array.dtype.kind == "f" and not np.isfinite(array).all()]:
        raise ValueError(f"{short(min(strange))} is not finite")
    lams = arrays["lams"].tolist()
    if not lams or lams[0] < 0 or any(after <= before for before, after in pairwise(lams)):
        raise ValueError("lams are not in ascending order from 0")
    patterns = about.get("patterns", about["groups"])
    if any(len(pattern) != len(about["groups"]) for pattern in about.get("patterns", ())):
        raise ValueError("the patterns are not of as many groups as there are")
    for name, n in (("y", len(about["labels"])), ("z", len(patterns))):
        if arrays[name].size and not (arrays[name].min() >= 0 and arrays[name].max() < n):
            raise ValueError(f"{name} holds codes outside 0 … {n - 1}")


def _check_texts(gallery: Gallery, sizes: dict[str, int]) -> None:
    """Check that the numbers of words fit the arrays."""
    arrays, about = gallery
    lengths = [len(text) for text in about.get("texts", ())]
    if np.diff(arrays["first"]).tolist() != lengths or arrays["first"][0] != 0 or arrays["first"][-1] != sizes["W"]:
        raise ValueError("first does not say where the words of each text begin")
    if len(about.get("is_cut", ())) != sizes["m"] or "trigger_words" not in about:
        raise ValueError("is_cut or trigger_words is missing, or not of as many texts")
    words = about["trigger_words"]
    if lost := [name for name in CONTROLS if f"logits_{name}" in arrays and name not in words]:
        raise ValueError(f"the words of {lost[0]} are missing")
    alone = [words[name] for name in CONTROLS if name in words]
    if len(words["lam"]) != sizes["l"] or any(len(each) != sizes["k"] for each in (*words["lam"], *alone)):
        raise ValueError("trigger_words are not of as many λ and words as there are")
    if len(about["labels"]) < 2:
        raise ValueError("there is no second label, which texts are explained for")
