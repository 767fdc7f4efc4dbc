"""The trigger words in the description of a gallery of texts.

Notation: k λ-values.
"""

from fairprog_core.results.gallery_layout import CONTROLS, GalleryAbout


def trigger_words(about: GalleryAbout) -> list[list[str]]:
    """The trigger's words at every λ (k)."""
    return about["trigger_words"]["lam"]


def control_words(about: GalleryAbout) -> dict[str, list[str]]:
    """The words of each control, by its method."""
    words = about["trigger_words"]
    return {name: words[name] for name in CONTROLS if name in words}
