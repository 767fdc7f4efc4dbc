"""Guesses which columns of a file of predictions are what, by usual names and by the first rows."""

import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from fairprog_core.api.auditing.from_file import AuditColumns
from fairprog_core.data.table.look import first_rows, guess, judge
from fairprog_core.data.table.report import ColumnReport
from fairprog_core.data.table.source.find import find_table

_PREDICTIONS = ("prediction", "predicted", "pred", "y_pred", "score", "prob", "probability", "output")


def prediction_column(columns: Sequence[ColumnReport]) -> str:
    """The column of the predictions, by a usual name; empty: none has one."""
    return next((each.name for name in _PREDICTIONS for each in columns if each.name.lower() == name), "")


def with_guesses(path: str | Path, columns: AuditColumns) -> AuditColumns:
    """Columns, those that are not named guessed; what cannot be guessed stays empty.

    Args:
        path: of the file.
        columns: those that are named.

    Raises:
        DataError: the file cannot be read.
    """
    with tempfile.TemporaryDirectory(prefix="fairprog-audit-") as scratch:
        names, rows = first_rows(find_table(str(path), Path(scratch)).source)
    reports = [judge(name, [row[i] for row in rows]) for i, name in enumerate(names)]
    said = columns.prediction or tuple(filter(None, [prediction_column(reports)]))
    guessed = guess([each for each in reports if each.name not in said])
    return replace(
        columns,
        label=columns.label or guessed.label,
        prediction=said,
        groups=columns.groups or guessed.groups or tuple(filter(None, [guessed.group])),
    )
