"""Texts in other casing. A classifier that reads lower case alone does not see it."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class LowerCase:
    """Every letter is a small one."""

    title = "lower case"

    def __call__(self, text: str, random: np.random.Generator) -> str:
        """The text in lower case."""
        return text.lower()


@dataclass(frozen=True)
class UpperCase:
    """Every letter is a capital."""

    title = "upper case"

    def __call__(self, text: str, random: np.random.Generator) -> str:
        """The text in upper case."""
        return text.upper()
