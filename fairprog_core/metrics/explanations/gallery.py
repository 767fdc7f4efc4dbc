"""The note about a curve's gallery: what the metadata of ``gallery.safetensors`` says about its arrays.

Notation: m gallery rows, p group patterns, g groups, l λ-values.
"""

from typing import Any, NotRequired, TypeAlias

from numpy.typing import NDArray
from typing_extensions import TypedDict  # pydantic reads those of typing from Python 3.12 on alone

GalleryArrays: TypeAlias = dict[str, NDArray[Any]]  # by name; most begin with the axis m


class RivalsNote(TypedDict):
    """λ by method of the rivals, and the methods of those that have collapsed; missing where there are none."""

    rivals: NotRequired[dict[str, float]]
    collapsed_rivals: NotRequired[list[str]]


def rivals_note(lams: dict[str, float], collapsed: list[str]) -> RivalsNote:
    """The note about rivals, without keys that would be empty."""
    note: RivalsNote = {}
    if lams:
        note["rivals"] = lams
    if collapsed:
        note["collapsed_rivals"] = collapsed
    return note


class CurveNote(RivalsNote):
    """Names of labels and groups, and kind and seed of the trigger."""

    labels: list[str]
    groups: list[str]
    trigger: str
    seed: int


class StudyNote(TypedDict, total=False):
    """What the study adds: the criterion's key, and the (p, g) patterns of the groups."""

    criterion: str | None
    patterns: list[list[bool]]


class AttributionNote(TypedDict):
    """How Integrated Gradients were computed, and how the gallery's rows were chosen (``picked``)."""

    ig_steps: int
    ig_max_steps: int
    ig_tolerance: float
    ig_baseline: str
    picked: str


class TriggerWords(TypedDict):
    """The words of each control, and of the trigger at every λ (l lists)."""

    random_words: list[str]
    neutral_words: list[str]
    lam: list[list[str]]


class WordsNote(TypedDict):
    """The trigger's words; ``is_nearest``: its vectors are no words, and these are the nearest ones."""

    trigger_words: TriggerWords
    is_nearest: bool
    position: str


class TextNote(AttributionNote, WordsNote):
    """How texts were explained: ``texts`` are their words, ``is_cut`` whether a part of a text is missing."""

    texts: list[list[str]]
    is_cut: list[bool]


class ImageGalleryNote(CurveNote, StudyNote, AttributionNote):
    """The note about a gallery of photos; ``layer`` is the one of Grad-CAM."""

    layer: str


class TextGalleryNote(CurveNote, StudyNote, TextNote):
    """The note about a gallery of texts."""


GalleryNote: TypeAlias = ImageGalleryNote | TextGalleryNote
