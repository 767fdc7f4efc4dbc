"""Tables of the same columns, one for each split: ``fairface_label_train.csv`` and ``fairface_label_val.csv``."""

import re
from collections.abc import Iterator, Mapping
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
_SPLIT = "split"  # name of the column that says which table a row is from


def by_split(names: list[str]) -> dict[str, str]:
    """By split the name of its table; empty where the names do not say one split each."""
    found: dict[str, str] = {}
    for name in names:
        words = [word for word in re.split(r"[^a-z]+", name.lower()) if word in SPLITS]
        if len(words) != 1 or SPLITS[words[0]] in found:
            return {}
        found[SPLITS[words[0]]] = name
    return found if len(found) > 1 else {}


class SplitFiles:
    """Several tables one after the other, with the column ``split``; rows are numbered in each."""

    def __init__(self, parts: Mapping[str, TableSource]) -> None:
        """Put them one after the other.

        Args:
            parts: by split its table, all of the same columns.
        """
        self._parts = parts
        first = next(iter(parts.values()))
        self.split = _SPLIT if _SPLIT not in first.columns else ""
        self.columns: ColumnNames = (*first.columns, self.split) if self.split else first.columns
        self.about = first.about

    def chunks(self, columns: ColumnNames) -> Iterator[Chunk]:
        """All rows, some at a time."""
        own = tuple(name for name in columns if name != self.split or not self.split)
        for at, (split, part) in enumerate(self._parts.items()):
            for chunk in part.chunks(own):
                cells = dict(chunk.cells)
                if len(own) < len(columns):
                    cells[self.split] = _repeated(split, len(chunk.numbers))
                yield replace(chunk, cells=cells, share=(at + chunk.share) / len(self._parts))


def _repeated(text: str, n: int) -> "pa.Array":
    import pyarrow as pa

    return pa.array([text] * n, pa.large_string())
