"""The description of a gallery: names and words beside its arrays, as the pages read them.

Notation: m rows, k λ-values, p patterns of groups, g groups.
"""

from functools import cache
from typing import cast

from pydantic import TypeAdapter
from typing_extensions import TypedDict

from fairprog_core.results.curve import validate
from fairprog_core.results.gallery_file import Gallery


class GalleryAbout(TypedDict, total=False):
    """What a gallery says of itself; what does not suit its modality is missing.

    ``picked`` says how the rows were picked, ``layer`` and ``ig_baseline`` how they were explained; ``rivals`` holds
    λ by method; ``patterns`` (p, g) are there where groups overlap or leave rows out; ``texts`` (m) are lists of words;
    ``trigger_words`` holds the words of every control by its method, and under "lam" those at every λ (k).
    """

    labels: list[str]
    groups: list[str]
    patterns: list[list[bool]]
    picked: str
    layer: str
    ig_baseline: str
    rivals: dict[str, float]
    collapsed_rivals: list[str]
    texts: list[list[str]]
    is_cut: list[bool]
    trigger_words: dict[str, list[str] | list[list[str]]]
    position: str
    is_nearest: bool


def about_of(gallery: Gallery) -> GalleryAbout:
    """The description of a gallery that was checked."""
    return cast(GalleryAbout, gallery.about)


def checked(gallery: Gallery, name: str) -> Gallery:
    """The same gallery.

    Args:
        gallery: as it was read.
        name: of its curve, for the error.

    Raises:
        ArtifactError: its description is damaged.
    """
    validate(_adapter(), gallery.about, f"The gallery of {name}")
    return gallery


def trigger_words(about: GalleryAbout) -> list[list[str]]:
    """The trigger's words at every λ (k)."""
    return [each for each in about["trigger_words"]["lam"] if isinstance(each, list)]


def control_words(about: GalleryAbout) -> dict[str, list[str]]:
    """The words of the controls by their method."""
    found = {name: words for name, words in about["trigger_words"].items() if name != "lam"}
    return {name: [word for word in words if isinstance(word, str)] for name, words in found.items()}


@cache
def _adapter() -> TypeAdapter[GalleryAbout]:
    return TypeAdapter(GalleryAbout)
