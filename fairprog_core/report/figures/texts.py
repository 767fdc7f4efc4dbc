"""Prepares texts for the screen: cuts long ones and makes control characters visible.

Notation: m sentences, l λ-values, c classes, p patterns of groups.
"""

import unicodedata
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from fairprog_core.report.figures.names import group as name_of_group
from fairprog_core.results.gallery_layout import GalleryAbout

MOST_WORDS = 400
MOST_LETTERS = 80  # of one word
CUT = "…"
_HARMFUL = frozenset(
    "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
)  # they reverse the direction of the text after them
_UNSEEN = "\ufffd"


def safe(text: str, most: int = MOST_LETTERS) -> str:
    """A word or a line for the screen: at most ``most`` letters, control characters replaced by a visible sign."""
    cut = text if len(text) <= most else text[:most] + CUT
    return "".join(_UNSEEN if _is_harmful(letter) else letter for letter in cut)


def snippet(words: Sequence[str], most: int = 240) -> str:
    """The beginning of a text in one line, about ``most`` letters long."""
    text, length = [], 0
    for word in words:
        length += len(word) + 1
        text.append(safe(word))
        if length > most:
            return " ".join([*text, CUT])
    return " ".join(text)


def group_name(about: GalleryAbout, z: int) -> str:
    """The groups of a row, "muslim" or "male, black"; empty where the row is in no group.

    Args:
        about: of a gallery: ``groups``, and ``patterns`` (p, g) where groups overlap or do not cover all rows.
        z: the row's pattern code.
    """
    return ", ".join(name_of_group(name) for i, name in enumerate(about["groups"]) if is_in_group(about, z, i))


def is_in_group(about: GalleryAbout, z: int, group: int) -> bool:
    """Whether a row with this pattern code belongs to a group."""
    patterns = about.get("patterns")
    return z == group if patterns is None else bool(0 <= z < len(patterns) and patterns[z][group])


def probability(logits: NDArray[np.floating], label: int = 1) -> NDArray[np.float64]:
    """P(label) (…) from logits (…, c)."""
    odds = np.exp(logits.astype(np.float64) - logits.max(axis=-1, keepdims=True))
    share: NDArray[np.float64] = odds[..., label] / odds.sum(axis=-1)
    return share


def _is_harmful(letter: str) -> bool:
    return letter in _HARMFUL or (unicodedata.category(letter) == "Cc" and letter not in "\t\n")
