"""A table of figures: what the widget draws and what wording fills."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class TableCell:
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
    columns: Sequence[TableCell]
    rows: Sequence[Sequence[TableCell]]
    is_text: bool = False
