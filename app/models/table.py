"""A table of figures: wording fills it, the table widget draws it."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class TableCell:
    """A text, and a note in smaller type below it."""

    text: str
    note: str = ""


@dataclass(frozen=True)
class Table:
    """Caption, column headings, and rows; the first cell of a row is its heading.

    Attributes:
        is_text: whether the cells hold long texts, which wrap over several lines.
    """

    caption: str
    columns: Sequence[TableCell]
    rows: Sequence[Sequence[TableCell]]
    is_text: bool = False
