"""An audit of a file: a table with labels, predictions and groups, as any classifier's owner can write one.

``fairprog audit`` prints it, and a page can show it: nothing here imports torch.

Notation: n rows, c classes, g groups.
"""

import math
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fairprog_core.api.auditing.audit import Audit, measure, predictions_of, read_weights
from fairprog_core.api.auditing.scores import Answers, answers
from fairprog_core.api.codes import GroupCodes, LabelCodes, group_codes
from fairprog_core.common.errors import ConfigError, DataError, shorten, shown
from fairprog_core.common.types import Floats, Groups
from fairprog_core.data.table.columns import column_problem
from fairprog_core.data.table.source.find import FoundTable, find_table
from fairprog_core.data.table.values import Classes, classes, cleaned, number, truth
from fairprog_core.metrics.intervals import DRAWS

MOST_ROWS = 20_000_000  # that fit into the memory of a usual machine


@dataclass(frozen=True)
class AuditColumns:
    """Which columns of a table are what.

    Attributes:
        label: of the labels.
        prediction: of the predicted labels or of the scores of the positive label; or one of scores per label. A text
            that is no column is several, separated by commas.
        groups: one whose values are the groups; or several, of yes and no, a group each, else their combinations are
            the groups.
        labels: the values of the label in their order; empty: as found.
        positive: the value of the label that comes last; empty: as it is.
        threshold: the positive label is predicted where its score is above it; None: .5.
        label_threshold: the label is yes where its score is at least this; None: the label is no score.
        weight: of the weights of rows that were drawn evenly over groups and labels; empty: there are none.
    """

    label: str
    prediction: tuple[str, ...]
    groups: tuple[str, ...]
    labels: tuple[str, ...] = ()
    positive: str = ""
    threshold: float | None = None
    label_threshold: float | None = None
    weight: str = ""


@dataclass(frozen=True)
class FileAudit:
    """The audit of a file.

    Attributes:
        audit: all figures.
        name: of the file.
        columns: that were read.
    """

    audit: Audit
    name: str
    columns: AuditColumns

    def about(self) -> dict[str, object]:
        """Where the figures come from, as JSON values."""
        columns = self.columns
        return {
            "file": self.name, "label": columns.label, "prediction": list(columns.prediction),
            "group": list(columns.groups), "threshold": columns.threshold,
        }  # fmt: skip


def audit_file(path: str | Path, columns: AuditColumns, *, draws: int = DRAWS) -> FileAudit:
    """Measure the predictions in a CSV, TSV, JSONL or Parquet file, as `fairprog_core.audit` does.

    A row whose cell of the group is empty is in no group: it counts for the accuracy alone.

    Args:
        path: of the file, which may be packed (.gz, .zip).
        columns: which of its columns are what.
        draws: number of bootstrap resamples for the intervals.

    Raises:
        DataError: a column is missing, or its values are not what they should be; one sentence.
    """
    with tempfile.TemporaryDirectory(prefix="fairprog-audit-") as scratch:
        found = find_table(str(path), Path(scratch))
        columns = replace(columns, prediction=_resolved(columns.prediction, found.source.columns))
        table = _Table.read(found, columns)
    kinds, truths = _labels(table, columns)
    names = LabelCodes(truths, kinds.names)
    said = _answers(table, columns, kinds, names)
    groups = _groups(table, columns.groups)
    weight = np.ones(table.n) if not columns.weight else read_weights(_numbers(table, columns.weight, "weight"))
    predictions = predictions_of(names, said, groups, weight, is_stratified=bool(columns.weight))
    audit = measure(predictions, groups=groups.groups, labels=names.names, draws=draws)
    return FileAudit(audit, Path(path).name, columns)


def _resolved(given: Sequence[str], have: Sequence[str]) -> tuple[str, ...]:
    """Columns, of which several may be given in one text."""
    parts = ([text] if text in have else [part.strip() for part in text.split(",")] for text in given)
    found = tuple(dict.fromkeys(part for several in parts for part in several if part))
    if not found:
        raise ConfigError("No column of predictions is named; give that of the predicted labels or scores.")
    return found


@dataclass(frozen=True)
class _Table:
    """The columns that are needed, as text.

    Attributes:
        name: of the file.
        cells: by column n texts, cleaned; an empty one is missing.
        rows: (n,) their numbers in the file.
    """

    name: str
    cells: Mapping[str, list[str]]
    rows: NDArray[np.int64]

    @property
    def n(self) -> int:
        return len(self.rows)

    @classmethod
    def read(cls, found: FoundTable, columns: AuditColumns) -> "_Table":
        """Read the columns of a table.

        Raises:
            DataError: a column is missing, or a row cannot be read.
        """
        wanted = {
            column: key
            for key, given in (
                ("label", (columns.label,)), ("prediction", columns.prediction), ("group", columns.groups),
                ("weight", (columns.weight,) if columns.weight else ()),
            )
            for column in given
        }  # fmt: skip
        cells: dict[str, list[str]] = {column: [] for column in wanted}
        rows: list[NDArray[np.int64]] = [np.empty(0, np.int64)]
        have = (*found.source.columns, *[found.split] * bool(found.split))
        for column, key in wanted.items():
            if have.count(column) != 1:
                raise DataError(f"{found.name}: {key}: {column_problem(column, have)}")
        for chunk in found.source.chunks(tuple(wanted)):
            for broken in chunk.broken:
                where = f", row {broken.row}" if broken.row else ""
                raise DataError(f"{found.name}{where}: {broken.reason}; mend the row, or leave it out.")
            rows.append(chunk.numbers)
            for column, values in cells.items():
                values += map(cleaned, chunk.cells[column].to_pylist())
            if len(cells[columns.label]) > MOST_ROWS:
                raise DataError(f"{found.name} has more than {MOST_ROWS:,} rows; audit a part of them.")
        if not cells[columns.label]:
            raise DataError(f"{found.name} has no rows below its column names.")
        return cls(found.name, cells, np.concatenate(rows))

    def refuse_missing(self, column: str, what: str) -> None:
        """Refuse a column with an empty cell."""
        values = self.cells[column]
        if n := values.count(""):
            first = self.rows[values.index("")]
            many = "1 row has" if n == 1 else f"{n:,} rows have"
            raise DataError(
                f"{self.name}: {many} no {what} in the column {shorten(column, 60)} (the first is row {first}); leave "
                "such rows out."
            )

    def refuse_scores(self, values: Sequence[str], column: str, what: str, advice: str) -> None:
        """Refuse numbers with decimal places where classes are needed."""
        numbers = {value: number(value) for value in dict.fromkeys(values)}
        if all(map(math.isfinite, numbers.values())) and not all(each.is_integer() for each in numbers.values()):
            raise DataError(
                f"{self.name}: the {what} column {shorten(column, 60)} holds scores "
                f"({shorten(', '.join([*numbers][:3]), 60)} …); {advice}."
            )


def _labels(table: _Table, columns: AuditColumns) -> tuple[Classes, NDArray[np.int64]]:
    """The classes, and the label (n,) of every row as code."""
    column = columns.label
    table.refuse_missing(column, "label")
    values = table.cells[column]
    if columns.label_threshold is not None:
        is_positive = _numbers(table, column, "label") >= columns.label_threshold
        values = ["1" if each else "0" for each in is_positive]
    table.refuse_scores(values, column, "label", "set the threshold of the label (--label-threshold)")
    kinds = classes(
        list(dict.fromkeys(values)), column=column, what="label", names=columns.labels, positive=columns.positive
    )
    if unknown := next((value for value in dict.fromkeys(values) if value not in kinds.code), None):
        raise DataError(
            f"{table.name}: the column {shorten(column, 60)} holds {shown(unknown, 40)}, which --labels does not name."
        )
    codes = np.fromiter((kinds.code[value] for value in values), np.int64, len(values))
    if len(set(codes.tolist())) < 2:
        raise DataError(
            f"{table.name}: all rows have the label {shown(kinds.names[codes[0]], 40)}; rows of two are needed."
        )
    return kinds, codes


def _answers(table: _Table, columns: AuditColumns, kinds: Classes, labels: LabelCodes) -> Answers:
    """What the classifier said: labels, a score per row, or one per row and label."""
    for column in columns.prediction:
        table.refuse_missing(column, "prediction")
    what = f"{table.name}: the column {shorten(', '.join(columns.prediction), 60)}"
    what_labels = f"the column {shorten(columns.label, 60)}"
    if len(columns.prediction) > 1:
        ordered = _in_order_of(labels.names, columns.prediction)
        scores = np.stack([_numbers(table, column, "prediction") for column in ordered], axis=1)
        return answers(scores, labels, what=what, what_labels=what_labels)
    (column,) = columns.prediction
    values = table.cells[column]
    code_of = {value: _code(value, kinds) for value in dict.fromkeys(values)}
    if None not in code_of.values():
        return Answers(np.array([code_of[value] for value in values], dtype=np.int64), None)
    if all(np.isnan(number(value)) for value in code_of if code_of[value] is None) or len(kinds.names) > 2:
        wrong = next(value for value, code in code_of.items() if code is None)
        raise DataError(
            f"{what} holds {shown(wrong, 40)} (row {table.rows[values.index(wrong)]}), which is none of the labels "
            f"{shorten(', '.join(kinds.names), 80)}; give labels, or scores."
        )
    scores = _numbers(table, column, "prediction")
    return answers(scores, labels, what=what, what_labels=what_labels, threshold=columns.threshold)


def _code(value: str, kinds: Classes) -> int | None:
    """The class that a predicted value names; None: none."""
    if (code := kinds.code.get(value)) is not None:
        return code
    if value in kinds.names:
        return kinds.names.index(value)
    is_truth = all(truth(each) is not None for each in kinds.code) and len(kinds.names) == 2
    said = truth(value) if is_truth else None  # "True" where the labels are 0 and 1
    return None if said is None else next((code for each, code in kinds.code.items() if truth(each) is said), None)


def _in_order_of(labels: Sequence[str], columns: Sequence[str]) -> list[str]:
    """Columns of scores in the order of the labels, where their names end with those of the labels."""
    by_label = [[column for column in columns if column.endswith(label)] for label in labels]
    named = [found[0] for found in by_label if len(found) == 1]
    return named if len(set(named)) == len(columns) == len(labels) else list(columns)


def _numbers(table: _Table, column: str, what: str) -> Floats:
    """A column (n,) of finite numbers.

    Raises:
        DataError: a cell holds none.
    """
    table.refuse_missing(column, what)
    values = table.cells[column]
    found = np.fromiter(map(number, values), np.float64, len(values))
    if (is_wrong := ~np.isfinite(found)).any():
        first = int(is_wrong.argmax())
        raise DataError(
            f"{table.name}, row {table.rows[first]}: the {what} in the column {shorten(column, 60)} is "
            f"{shown(values[first], 40)}; it must be a number."
        )
    return found


def _groups(table: _Table, columns: Sequence[str]) -> GroupCodes:
    """The groups of every row; a row with an empty cell is in none."""
    known = np.ones(table.n, dtype=bool)
    for column in columns:
        known &= np.fromiter(map(bool, table.cells[column]), bool, table.n)
    if not known.any():
        raise DataError(f"{table.name}: no row has a group in {shorten(', '.join(columns), 60)}.")
    where = f"{table.name}: the groups"
    is_truth = {column: all(truth(value) is not None for value in {*table.cells[column]} - {""}) for column in columns}
    if len(columns) == 1:
        (column,) = columns
        values = [value for value in table.cells[column] if value]
        table.refuse_scores(values, column, "group", "put them together, e.g. ages to ranges")
        kinds = classes(list(dict.fromkeys(values)), column=column, what="group")
        codes = np.fromiter((kinds.code[value] for value in values), np.int64, len(values))
        return _with_rows_outside(GroupCodes(codes, Groups.exclusive(*kinds.names)), known)
    if all(is_truth.values()):
        member = {column: [int(truth(value) or False) for value in table.cells[column]] for column in columns}
        return group_codes(member, what=where)
    inside = {
        column: [value for value, is_known in zip(table.cells[column], known, strict=True) if is_known]
        for column in columns
    }
    return _with_rows_outside(group_codes(inside, what=where), known)


def _with_rows_outside(found: GroupCodes, is_inside: NDArray[np.bool_]) -> GroupCodes:
    """The groups of all rows, from those of the rows that are in one."""
    if is_inside.all():
        return found
    groups = found.groups
    codes = np.full(len(is_inside), len(groups.patterns), dtype=np.int64)
    codes[is_inside] = found.codes
    nowhere = np.zeros((1, len(groups.names)), dtype=bool)
    return GroupCodes(codes, Groups(groups.names, np.concatenate([groups.patterns, nowhere])))
