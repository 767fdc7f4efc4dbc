"""Tables of the same columns, one or more for each split: ``fairface_label_train.csv``, ``fairface_label_val.csv``."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from fairprog_core.data.table.source.rows import Chunk, ColumnNames, TableSource

if TYPE_CHECKING:
    import pyarrow as pa

SPLITS = {
    "train": "train", "training": "train", "tr": "train",
    "tune": "tune", "tuning": "tune",
    "val": "val", "valid": "val", "validation": "val", "dev": "val", "development": "val", "eval": "val",
    "test": "test", "testing": "test", "te": "test",
}  # fmt: skip
"""Usual spellings of splits, in lower case."""
_PART = re.compile(r"-\d+-of-\d+\.")
_SPLIT = "split"  # name of the column that says which table a row is from


def by_split(names: list[str]) -> list[tuple[str, str]]:
    """The split and the name of each table; empty where the names do not say one split each.

    A split may lie in numbered parts, as the data sets of Hugging Face do: ``train-00000-of-00002.parquet``.
    """
    found = list[tuple[str, str]]()
    for name in sorted(names):
        words = [word for word in re.split(r"[^a-z]+", name.lower()) if word in SPLITS]
        if len(words) != 1:
            return []
        split = SPLITS[words[0]]
        if any(split == other for other, _ in found) and not _PART.search(name):
            return []
        found.append((split, name))
    return found if len(found) > 1 else []


class SplitFiles:
    """Several tables one after the other, with the column ``split``; rows are numbered in each."""

    def __init__(self, parts: Sequence[tuple[str, TableSource]]) -> None:
        """Put them one after the other.

        Args:
            parts: the split of each table, and the table; all of the same columns.
        """
        self._parts = parts
        first = parts[0][1]
        self.split = _SPLIT if _SPLIT not in first.columns else ""
        self.columns: ColumnNames = (*first.columns, self.split) if self.split else first.columns
        self.about = first.about

    def chunks(self, columns: ColumnNames) -> Iterator[Chunk]:
        """All rows, some at a time."""
        own = tuple(name for name in columns if name != self.split or not self.split)
        for at, (split, part) in enumerate(self._parts):
            for chunk in part.chunks(own):
                cells = dict(chunk.cells)
                if len(own) < len(columns):
                    cells[self.split] = _repeated(split, len(chunk.numbers))
                yield replace(chunk, cells=cells, share=(at + chunk.share) / len(self._parts))


def _repeated(text: str, n: int) -> "pa.Array":
    import pyarrow as pa

    return pa.array([text] * n, pa.large_string())
