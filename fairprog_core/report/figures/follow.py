"""A value of the report that follows the λ slider: one text per λ, shown at the chosen one until the slider moves."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Follow:
    """One text per λ.

    Attributes:
        values: (k); a single one for what does not depend on λ.
        chosen: index of the chosen λ.
    """

    values: tuple[str, ...]
    chosen: int = 0

    @property
    def now(self) -> str:
        """The text at the chosen λ."""
        return self.values[self.chosen]

    @property
    def is_fixed(self) -> bool:
        """Whether all texts are equal, so that nothing needs to follow."""
        return len(set(self.values)) < 2


def fixed(text: str) -> Follow:
    """A text that does not depend on λ."""
    return Follow((text,))


def follow(chosen: int, n: int, make: Callable[[int], str]) -> Follow:
    """The texts of n λ.

    Args:
        chosen: index of the chosen λ.
        n: number of λ.
        make: the text at the λ with an index.
    """
    return Follow(tuple(make(index) for index in range(n)), chosen)


def of_points(chosen: int, values: Sequence[str]) -> Follow:
    """The texts of all λ, given as a list."""
    return Follow(tuple(values), chosen)
