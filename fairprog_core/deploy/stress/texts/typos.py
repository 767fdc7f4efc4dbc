"""Texts with typing errors."""

import re
from dataclasses import dataclass

import numpy as np

_WORD = re.compile(r"[^\W\d_]{2,}")


@dataclass(frozen=True)
class Typos:
    """Two neighbouring letters change places in some of the words, each drawn by itself.

    Attributes:
        share: of the words with at least two letters.
    """

    share: float = 0.05

    @property
    def title(self) -> str:
        """On the screen."""
        return f"typos in {100 * self.share:g} % of the words"

    def __call__(self, text: str, random: np.random.Generator) -> str:
        """The text with typing errors."""

        def typed(found: re.Match[str]) -> str:
            word = found[0]
            if random.random() >= self.share:
                return word
            at = int(random.integers(len(word) - 1))
            return word[:at] + word[at + 1] + word[at] + word[at + 2 :]

        return _WORD.sub(typed, text)
