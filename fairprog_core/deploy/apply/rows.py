"""The rows of a table or a folder of pictures, some at a time and always the same ones together.

Notation: n rows of a block.
"""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from fairprog_core.common.errors import ConfigError, shorten
from fairprog_core.common.files.pictures.stamp import status_of
from fairprog_core.common.options import Modality, digest_of
from fairprog_core.data.table.columns import column_problem
from fairprog_core.data.table.known import recognise
from fairprog_core.data.table.look import IN_TABLE, first_rows, guess, judge
from fairprog_core.data.table.pictures import PictureFiles
from fairprog_core.data.table.source.find import FoundTable, find_table
from fairprog_core.data.table.source.picture_folder import first_folder_with

BLOCK = 1024  # rows that are predicted, written and kept together


class Block(NamedTuple):
    """Consecutive rows.

    Attributes:
        numbers: of the n rows in the file.
        inputs: n texts, names of pictures, or files of pictures; None where there is none.
        problems: why a row has no input; empty where it has one.
        kept: by column the n cells to copy.
        share: of the table that is read with this block.
    """

    numbers: list[int]
    inputs: list[str | bytes | None]
    problems: list[str]
    kept: dict[str, list[str | None]]
    share: float

    def head(self, n: int) -> "Block":
        """The first n rows."""
        kept = {name: cells[:n] for name, cells in self.kept.items()}
        return Block(self.numbers[:n], self.inputs[:n], self.problems[:n], kept, self.share)

    def rest(self, n: int) -> "Block":
        """All but the first n rows."""
        kept = {name: cells[n:] for name, cells in self.kept.items()}
        return Block(self.numbers[n:], self.inputs[n:], self.problems[n:], kept, self.share)

    def joined(self, more: "Block") -> "Block":
        """These rows, then more."""
        kept = {name: cells + more.kept[name] for name, cells in self.kept.items()}
        return Block(
            self.numbers + more.numbers, self.inputs + more.inputs, self.problems + more.problems, kept, more.share
        )


@dataclass(frozen=True)
class InputRows:
    """What is to be predicted.

    Attributes:
        table: that is read.
        column: of the inputs.
        kept: columns that are copied.
        modality: of the inputs.
        root: folder or zip that the names of pictures begin in; empty: the table's.
    """

    table: FoundTable
    column: str
    kept: tuple[str, ...]
    modality: Modality
    root: str = ""

    @classmethod
    def open(
        cls,
        path: str,
        modality: Modality,
        *,
        scratch: Path,
        column: str = "",
        keep: Sequence[str] | None = None,
        root: str = "",
    ) -> "InputRows":
        """Open a table or a folder of pictures; only its beginning is read.

        Args:
            path: of the file or folder.
            modality: of the trigger.
            scratch: an empty folder for packed files.
            column: of the inputs; empty: guessed by the names and the values of the columns.
            keep: columns to copy; None: all others that hold text or numbers.
            root: see the class.

        Raises:
            DataError: there is no table that can be read.
            ConfigError: no column holds such inputs, or a column is missing.
        """
        table = find_table(path, scratch)
        have = table.source.columns
        for what, name in (("--column", column), *(("--keep", name) for name in keep or ())):
            if name and have.count(name) != 1:
                raise ConfigError(f"{table.name}: {what}: {column_problem(name, have)}")
        column = column or _guessed(table, modality)
        plain: Sequence[str] = getattr(table.source, "plain", have)
        others = [name for name in plain if have.count(name) == 1] if keep is None else keep
        kept = tuple(name for name in others if name != column or keep is not None)
        return cls(table, column, kept, modality, root)

    @cached_property
    def pictures(self) -> PictureFiles:
        """The files of the pictures that the column names."""
        return PictureFiles(self.root, first_folder_with(self.table.folder, self._first))

    @cached_property
    def has_names(self) -> bool:
        """Whether the column names pictures, and does not hold them or texts."""
        return self.modality == "image" and IN_TABLE not in self._first

    @cached_property
    def _first(self) -> list[str]:
        """The first cells of the column."""
        names, rows = first_rows(self.table.source)
        return [row[names.index(self.column)] for row in rows[:100]] if self.column in names else []

    def stamp(self) -> str:
        """What the rows come from, cheaply: names, sizes and times of the table's files and of the pictures."""
        about: list[object] = [self.table.name, self.column, list(self.kept), self.root, self.table.names_stamp]
        about.append(status_of(self.table.folder, self.table.names))
        if self.has_names:
            for chunk in self.table.source.chunks((self.column,)):
                cells = chunk.cells[self.column].to_pylist()
                about.append(status_of(self.pictures.place, [cell for cell in cells if isinstance(cell, str)]))
        return digest_of(about)

    def blocks(self) -> Iterator[Block]:
        """All rows, `BLOCK` at a time; a row that cannot be read is one without an input."""
        waiting, before = Block([], [], [], {name: [] for name in self.kept}, 0.0), 0.0
        for read in self._read():
            waiting = waiting.joined(read)
            while len(waiting.numbers) >= BLOCK:
                rest = waiting.rest(BLOCK)
                left = min(len(rest.numbers) / max(len(read.numbers), 1), 1.0)  # of the chunk
                yield waiting.head(BLOCK)._replace(share=read.share - (read.share - before) * left)
                waiting = rest
            before = read.share
        if waiting.numbers:
            yield waiting._replace(share=1.0)

    def _read(self) -> Iterator[Block]:
        """The chunks of the table."""
        columns = tuple(dict.fromkeys((self.column, *self.kept)))
        for chunk in self.table.source.chunks(columns):
            cells = {name: chunk.cells[name].to_pylist() for name in columns}
            broken = {each.row: each.reason for each in chunk.broken}
            numbers = chunk.numbers.tolist()
            lost = sorted(broken.keys() - set(numbers))  # rows of which nothing can be read
            order = sorted([*((number, i) for i, number in enumerate(numbers)), *((number, -1) for number in lost)])
            inputs = [None if i < 0 else cells[self.column][i] for _, i in order]
            problems = [broken.get(number, "") or _problem(x) for (number, _), x in zip(order, inputs, strict=True)]
            yield Block(
                [number for number, _ in order],
                [None if problem else x for x, problem in zip(inputs, problems, strict=True)],
                problems,
                {name: [None if i < 0 else cells[name][i] for _, i in order] for name in self.kept},
                chunk.share,
            )


def _problem(x: str | bytes | None) -> str:
    """Why a cell is no input; empty: it may be one."""
    if x is None or not x:
        return "the cell is empty"
    return "the text is empty" if isinstance(x, str) and not x.strip() else ""


def _guessed(table: FoundTable, modality: Modality) -> str:
    """The column of texts or of pictures.

    Raises:
        ConfigError: no column looks like one.
    """
    names, rows = first_rows(table.source)
    columns = tuple(judge(name, [row[i] for row in rows]) for i, name in enumerate(names))
    found, _ = recognise(columns) or (guess(columns), "")
    column = found.image if modality == "image" else found.text
    if not column and modality == "text":  # a column of short texts is judged as one of categories
        column = next((name for name in names if name.lower() in ("text", "comment", "sentence")), "")
    if not column:
        what = "names of pictures" if modality == "image" else "texts"
        raise ConfigError(
            f"{table.name}: no column seems to hold {what}, which this trigger is for; name one with --column: "
            f"{shorten(', '.join(names), 100)}."
        )
    return column


def n_threads() -> int:
    """Threads that decode pictures."""
    return min(8, os.cpu_count() or 1)
