"""The note about a curve's gallery: what the metadata of ``gallery.safetensors`` says about its arrays.

Notation: m gallery rows, c classes, p group patterns, g groups, l λ-values, k trigger words.
"""

from typing import Any, NotRequired, TypeAlias, cast

from numpy.typing import NDArray
from pydantic import ConfigDict, with_config
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


@with_config(ConfigDict(strict=True, extra="forbid"))  # the screen shows every entry
class TriggerWords(TypedDict):
    """The words of the trigger and of each control.

    Attributes:
        lam: l times k words of the trigger.
    """

    lam: list[list[str]]
    random_words: NotRequired[list[str]]
    neutral_words: NotRequired[list[str]]


class WordsNote(TypedDict):
    """The trigger's words, and its position in the text."""

    trigger_words: TriggerWords
    is_nearest: bool
    position: str


class ImageNote(AttributionNote):
    """How photos were explained; ``layer`` is the one of Grad-CAM, ``is_input_gradient`` says that there is none."""

    layer: str
    is_input_gradient: bool


class TextNote(AttributionNote, WordsNote):
    """How texts were explained: ``texts`` are their words, ``is_cut`` whether a part of a text is missing."""

    texts: list[list[str]]
    is_cut: list[bool]


class GalleryAbout(TypedDict):
    """The whole note about a gallery of pictures or of texts.

    Attributes:
        labels: names of the c classes.
        groups: names of the groups.
        patterns: the groups of every pattern code; left out: code i is group i.
        trigger: its kind.
        criterion: its key.
        seed: of the rows.
        rivals: λ of the classifiers with weights of their own, by method.
        collapsed_rivals: those of them whose predictions have collapsed.
        picked: how the rows were chosen, for the screen.
        layer: of Grad-CAM.
        is_input_gradient: whether gradients of the input stand in for Grad-CAM.
        ig_steps, ig_max_steps, ig_tolerance, ig_baseline: of Integrated Gradients.
        texts: m times the words of a text.
        is_cut: whether a part of a text is missing.
        trigger_words: of text triggers.
        is_nearest: whether the trigger's vectors are no words, and these are the nearest ones.
        position: of a text trigger in the text.
    """

    labels: list[str]
    groups: list[str]
    patterns: NotRequired[list[list[bool]]]
    trigger: NotRequired[str]
    criterion: NotRequired[str | None]
    seed: NotRequired[int]
    rivals: NotRequired[dict[str, float]]
    collapsed_rivals: NotRequired[list[str]]
    picked: NotRequired[str]
    layer: NotRequired[str]
    is_input_gradient: NotRequired[bool]
    ig_steps: NotRequired[int]
    ig_max_steps: NotRequired[int]
    ig_tolerance: NotRequired[float]
    ig_baseline: NotRequired[str]
    texts: NotRequired[list[list[str]]]
    is_cut: NotRequired[list[bool]]
    trigger_words: NotRequired[TriggerWords]
    is_nearest: NotRequired[bool]
    position: NotRequired[str]


def whole_note(curve: CurveNote, inputs: ImageNote | TextNote, study: StudyNote) -> GalleryAbout:
    """The three parts of a gallery's note, in the order of the file."""
    return cast(GalleryAbout, {**curve, **inputs, **study})
