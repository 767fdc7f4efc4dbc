"""A table of figures: what the widget draws and what wording fills."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Cell:
    """A figure or a word, and a note that stands smaller below it."""

    text: str
    note: str = ""


@dataclass(frozen=True)
class Table:
    """Caption, headings, and rows whose first cell is the row's heading.

    Attributes:
        is_text: whether the cells hold texts, which may take several lines.
    """

    caption: str
    columns: Sequence[Cell]
    rows: Sequence[Sequence[Cell]]
    is_text: bool = False
