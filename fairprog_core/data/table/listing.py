"""Reads the columns that are named: one pass over the table, whatever its size, into the cache.

Notation: n rows that can be used, g groups, p patterns of groups.
"""

from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel

from fairprog_core.common.errors import DataError, shorten, shown
from fairprog_core.data.base import Progress
from fairprog_core.data.cache import Array, Columns, TableLayout
from fairprog_core.data.options.table import TableOptions
from fairprog_core.data.table.pictures import outside
from fairprog_core.data.table.source.find import FoundTable
from fairprog_core.data.table.source.rows import BrokenRow, Chunk
from fairprog_core.data.table.source.split_files import SPLITS
from fairprog_core.data.table.splits import DRAWN, PARTS, UNUSED
from fairprog_core.data.table.values import Classes, classes, cleaned, content_hash, number, truth

MOST_GROUPS = 32
MOST_LISTED = 1000  # broken rows that are kept with their reasons; all are counted
_MOST_VALUES = 10_000  # of a column of labels or groups, before it is refused
_OFFICIAL = {"0": "train", "1": "val", "2": "test"}  # as Waterbirds and CelebA write them
ABOUT = "about"
LAYOUT: dict[str, Array | TableLayout] = {
    "rows": TableLayout(("x",)), "part": Array((None,), np.int8), "weight": Array((None,), np.float64),
    "same": Array((None,), np.uint64), **dict.fromkeys(("y", "z", "number"), Array((None,), np.int64)),
}  # fmt: skip
"""The columns of the cache entry: input x, split, label, pattern of groups, weight, row number, and a number that is
the same for the same text."""


class ListingAbout(BaseModel):
    """What is known of the rows as a whole.

    Attributes:
        labels: names of the classes.
        groups: names of the groups.
        patterns: (p, g) which groups a pattern has.
        n_rows: number of rows of the table, broken ones too.
        n_broken: number of rows that are left out.
        broken: the first of them.
        notes: sentences about what was noticed.
    """

    labels: tuple[str, ...]
    groups: tuple[str, ...]
    patterns: list[list[bool]]
    n_rows: int
    n_broken: int
    broken: list[BrokenRow]
    notes: list[str]


@dataclass
class _Values:
    """A column of values, as codes in the order in which they were met."""

    column: str
    known: dict[str, int] = field(default_factory=dict)
    codes: Any = field(default_factory=lambda: array("i"))

    def add(self, value: str) -> None:
        code = self.known.setdefault(value, len(self.known))
        if code >= _MOST_VALUES:
            raise DataError(
                f"The column {shorten(self.column, 60)} has more than {_MOST_VALUES:,} different values, too many for "
                "labels or groups; set threshold if it is a score, or choose another column."
            )
        self.codes.append(code)

    def as_codes(self, code: dict[str, int]) -> NDArray[np.int64]:
        """(n,) the class of each row, -1 for a value without one."""
        by_code = np.array([code.get(value, -1) for value in self.known] or [-1], np.int64)
        taken: NDArray[np.int64] = by_code[np.frombuffer(self.codes, np.int32)] if self.codes else np.empty(0, np.int64)
        return taken


class Listing:
    """Collects the rows of a table."""

    def __init__(self, options: TableOptions, table: FoundTable) -> None:
        self.options, self.table = options, table
        self.split = options.split or table.split
        self.broken: list[BrokenRow] = []
        self.n_broken = self.n_rows = 0
        self.numbers, self.weights, self.scores, self.same = array("q"), array("d"), array("d"), array("Q")
        self.labels, self.groups, self.splits = (_Values(each) for each in (options.label, options.group, self.split))
        self.bits = array("q")
        self.n_unmarked = 0  # rows in which all columns of groups are empty

    def fill(self, out: Columns) -> Iterator[Progress]:
        """Read all rows into the cache."""
        import pyarrow as pa

        options = self.options
        x = options.text or options.image
        wanted = (x, options.label, options.group, *options.groups, self.split, options.weight)
        columns = tuple(dict.fromkeys(filter(None, wanted)))
        chunks = self.table.source.chunks(columns)
        first = next(chunks, None)
        kind = pa.large_binary() if first and pa.types.is_large_binary(first.cells[x].type) else pa.large_string()
        with out.create_table("rows", pa.schema({"x": kind})) as rows:
            for chunk in chain([first] if first else [], chunks):
                inputs = self._add(chunk, x)
                rows.write_batch(pa.record_batch([pa.array(inputs, kind)], names=["x"]))
                yield self.n_rows, max(self.n_rows, round(self.n_rows / max(chunk.share, 1e-9)))
        if not len(self.numbers):
            reason = f"; row {self.broken[0].row}: {self.broken[0].reason}" if self.broken else ""
            raise DataError(f"{self.table.name} has no row that can be used{reason}.")
        self._finish(out)

    def _add(self, chunk: Chunk, x: str) -> list[str | bytes]:
        """Take the rows of a chunk; the inputs of those that can be used."""
        options = self.options
        self._check_kinds(chunk)
        cells = {name: values.to_pylist() for name, values in chunk.cells.items()}
        unreadable = {each.row for each in chunk.broken}
        self._leave_out(chunk.broken)
        numbers = chunk.numbers.tolist()
        self.n_rows += len(numbers) + len(unreadable.difference(numbers))
        inputs: list[str | bytes] = []
        for i, row in enumerate(numbers):
            if row in unreadable:
                continue
            cell = cells[x][i] or ""
            text = cell.replace("\0", "") if isinstance(cell, str) else ""
            label, split = cleaned(cells[options.label][i]), cleaned(cells[self.split][i]) if self.split else ""
            bits, reason = self._bits(cells, i)
            score = number(label) if options.threshold is not None else 0.0
            if not text.strip() and not isinstance(cell, bytes):
                reason = f"{shorten(x, 40)} is empty"
            elif options.image and (problem := outside(text)):
                reason = f"{shorten(text, 60)} {problem}"
            elif not label:
                reason = f"{shorten(options.label, 40)} is empty"
            elif score != score:
                reason = f"{shorten(options.label, 40)} is {shown(label, 30)}, no number, and threshold is set"
            elif self.split and split.lower() not in SPLITS and split not in _OFFICIAL:
                reason = f"{shorten(self.split, 40)} is {shown(split, 30)}; it must be train, tune, val or test"
            if reason:
                self._leave_out([BrokenRow(row, reason)])
                continue
            inputs.append(cell if isinstance(cell, bytes) else text)
            self.numbers.append(row)
            self.same.append(content_hash(text if options.text else cell))
            self.weights.append(self._weight(cells, i, row))
            self.scores.append(score)
            self.labels.add("" if options.threshold is not None else label)
            self.groups.add(cleaned(cells[options.group][i]) if options.group else "")
            self.bits.append(bits)
            self.splits.add(split.lower())
        return inputs

    def _check_kinds(self, chunk: Chunk) -> None:
        """Refuse a column of pictures that is named as something else."""
        import pyarrow as pa

        for name, values in chunk.cells.items():
            if pa.types.is_large_binary(values.type) and name != self.options.image:
                raise DataError(f"{self.table.name}: the column {shorten(name, 60)} holds pictures; name it as image.")

    def _leave_out(self, rows: list[BrokenRow]) -> None:
        self.n_broken += len({each.row for each in rows}) if all(each.row for each in rows) else len(rows)
        self.broken += rows[: MOST_LISTED - len(self.broken)]

    def _bits(self, cells: dict[str, list[str | None]], i: int) -> tuple[int, str]:
        """The groups of row i as bits, the first the lowest; and what is wrong with the row."""
        bits, is_marked = 0, not self.options.groups
        for place, name in enumerate(self.options.groups):
            text = cleaned(cells[name][i])
            score = number(text)
            is_in = truth(text) if score != score else score >= self.options.group_threshold
            if text and is_in is None:
                return 0, f"{shorten(name, 40)} is {shown(text, 30)}, neither yes or no nor a number"
            is_marked |= bool(text)
            bits |= bool(is_in) << place
        self.n_unmarked += not is_marked
        return bits, ""

    def _weight(self, cells: dict[str, list[str | None]], i: int, row: int) -> float:
        if not (name := self.options.weight):
            return 1.0
        weight = number(cleaned(cells[name][i]))
        if not 0 <= weight < float("inf"):
            raise DataError(
                f"{self.table.name}, row {row}: the weight in {shorten(name, 40)} is {shown(cells[name][i] or '', 30)};"
                " it must be a number from 0 on."
            )
        return weight

    def _finish(self, out: Columns) -> None:
        """Write the columns that are known only when all values are."""
        y, known = self._labels()
        part = self._parts()
        if (n_unknown := int((y < 0).sum())) > 0:
            values = [value for value in self.labels.known if value not in known.code]
            reason = f"{shorten(self.options.label, 40)} is {shown(values[0], 30)}, which is not among labels"
            rows = np.frombuffer(self.numbers, np.int64)[y < 0][:MOST_LISTED]
            self._leave_out([BrokenRow(int(row), reason) for row in rows])
            self.n_broken += n_unknown - len(rows)
            part[y < 0], y[y < 0] = UNUSED, 0
        names, z, patterns = self._groups()
        columns: dict[str, NDArray[Any]] = {
            "y": y, "z": z, "part": part, "weight": np.frombuffer(self.weights, np.float64),
            "same": np.frombuffer(self.same, np.uint64), "number": np.frombuffer(self.numbers, np.int64),
        }  # fmt: skip
        for name, column in columns.items():
            out.create(name, column.shape, column.dtype)[:] = column
        about = ListingAbout(
            labels=known.names, groups=names, patterns=patterns.tolist(), n_rows=self.n_rows, n_broken=self.n_broken,
            broken=self.broken, notes=list(filter(None, [self.table.source.about, self._about_marks()])),
        )  # fmt: skip
        out.write_text(ABOUT, about.model_dump_json())

    def _about_marks(self) -> str:
        n = f"{self.n_unmarked:,} of {self.n_rows:,} rows have no mark in any column of groups"
        return f"{n}: groups are known for a part of the rows only, and these rows count as in none." * (
            self.n_unmarked > 0
        )

    def _labels(self) -> tuple[NDArray[np.int64], Classes]:
        options = self.options
        if options.threshold is None:
            known = classes(
                list(self.labels.known), column=options.label, what="label", names=options.labels,
                positive=options.positive,
            )  # fmt: skip
            return self.labels.as_codes(dict(known.code)), known
        if len(options.labels) not in (0, 2):
            raise DataError(f"labels names {len(options.labels)} values, and threshold makes two; name two.")
        y = (np.frombuffer(self.scores, np.float64) >= options.threshold).astype(np.int64)
        if y.min() == y.max():
            side = "reaches" if y.min() else "is below"
            raise DataError(
                f"Every score in {shorten(options.label, 60)} {side} the threshold {options.threshold:g}; choose a "
                f"threshold between {min(self.scores):g} and {max(self.scores):g}."
            )
        return y, Classes(options.labels or (f"not {options.label}", options.label), {"": 0})

    def _parts(self) -> NDArray[np.int8]:
        """(n,) the split of each row, `DRAWN` where the table does not say."""
        if not self.split:
            return np.full(len(self.numbers), DRAWN, np.int8)
        spelling = _OFFICIAL if set(self.splits.known) <= _OFFICIAL.keys() else SPLITS
        code = {text: PARTS.index(spelling[text]) for text in self.splits.known if text in spelling}
        return self.splits.as_codes(code).astype(np.int8)

    def _groups(self) -> tuple[tuple[str, ...], NDArray[np.int64], NDArray[np.bool_]]:
        """The names of the groups, the pattern of each row, and the patterns."""
        options = self.options
        if options.groups:
            codes, z = np.unique(np.frombuffer(self.bits, np.int64), return_inverse=True)
            patterns = (codes[:, None] >> np.arange(len(options.groups)) & 1).astype(bool)
            return options.groups, z.astype(np.int64), patterns
        values = [value for value in self.groups.known if value]
        known = classes(values, column=options.group, what="group", names=options.group_names)
        if len(known.names) > MOST_GROUPS:
            raise DataError(
                f"The group column {shorten(options.group, 60)} has {len(known.names):,} different values; at most "
                f"{MOST_GROUPS} are allowed: merge some, e.g. ages into ranges."
            )
        z, n = self.groups.as_codes(dict(known.code)), len(known.names)
        z[z < 0] = n  # in no group
        patterns = np.eye(n + int((z == n).any()), n, dtype=bool)
        return known.names, z, patterns
