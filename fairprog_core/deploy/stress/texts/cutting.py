"""Texts that were cut."""

import re
from dataclasses import dataclass
from math import ceil

import numpy as np

_WORD = re.compile(r"\S+")


@dataclass(frozen=True)
class Truncated:
    """The first words of the text alone.

    Attributes:
        share: of the words that is kept, rounded up.
    """

    share: float = 0.5

    @property
    def title(self) -> str:
        """On the screen."""
        return f"first {100 * self.share:g} % of the words"

    def __call__(self, text: str, random: np.random.Generator) -> str:
        """The beginning of the text."""
        words = list(_WORD.finditer(text))
        return text[: words[ceil(self.share * len(words)) - 1].end()] if words else text
