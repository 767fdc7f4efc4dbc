"""Looks at a table before anything is trained. Torch-free."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from fairprog_core.common.errors import FairprogError
from fairprog_core.common.home import Home
from fairprog_core.data.options.table import TableOptions
from fairprog_core.data.table.advice import advise
from fairprog_core.data.table.dataset import OwnTable
from fairprog_core.data.table.known import recognise
from fairprog_core.data.table.look import PREVIEW, first_rows, guess, judge, shown
from fairprog_core.data.table.report import BrokenReport, CellReport, TableReport
from fairprog_core.data.table.source.find import open_table
from fairprog_core.data.table.splits import PARTS


def inspect(options: TableOptions, home: Home) -> TableReport:
    """What is known of a table: by its first rows, and by all rows where the options name what is needed.

    The pictures are not decoded. What is found once is kept in the home.

    Raises:
        DataError: there is no table that can be read.
    """
    table = open_table(options, home)
    names, rows = first_rows(table.source)
    columns = tuple(judge(name, [row[i] for row in rows]) for i, name in enumerate(names))
    preview = tuple(tuple(map(shown, row)) for row in rows[:PREVIEW])
    notes = tuple(filter(None, [table.source.about]))
    guessed, known = recognise(columns) or (guess(columns), "")
    report = TableReport(
        table.name, columns, len(table.source.columns), preview, guessed, known, notes=notes
    )  # fmt: skip
    if not rows:
        return replace(report, problem=f"{table.name} has no rows below its column names; give a table with rows.")
    if options.missing_field() is not None:
        return report
    try:
        return count(OwnTable(options, home), report)
    except FairprogError as error:
        return replace(report, problem=str(error))


def count(dataset: OwnTable, report: TableReport) -> TableReport:
    """The report with the rows of a data set by split, group and label.

    Raises:
        DataError: the table cannot be used.
    """
    about, assignment = dataset.about, dataset.assignment
    cells = tuple(_cells(dataset))
    missing = [*dataset.missing_pictures, *(row for name in PARTS for row in dataset.undecoded(name))]
    return replace(
        report, n_rows=about.n_rows, labels=dataset.labels, groups=dataset.groups.names,
        sizes={name: int((assignment.part == i).sum()) for i, name in enumerate(PARTS)}, cells=cells,
        n_repeated=assignment.n_repeated, n_broken=about.n_broken + len(missing),
        broken=tuple(BrokenReport(*each) for each in (*about.broken, *missing)),
        notes=(*about.notes, *assignment.notes), advice=tuple(advise(cells, assignment, dataset)),
    )  # fmt: skip


def _cells(dataset: OwnTable) -> Iterator[CellReport]:
    rows, patterns = dataset.rows, dataset.groups.patterns
    y, z, weight = (np.asarray(rows[name]) for name in ("y", "z", "weight"))
    is_outside = patterns.sum(axis=1) == 0
    members = [*((name, patterns[:, g]) for g, name in enumerate(dataset.groups.names)), ("", is_outside)]
    for i, split in enumerate(PARTS):
        is_here = dataset.assignment.part == i
        if not is_here.any():
            continue
        total = weight[is_here].sum() or 1.0
        for group, has in members:
            if not has.any():
                continue
            is_in = is_here & has[z]
            n = np.bincount(y[is_in], minlength=len(dataset.labels))
            share = np.bincount(y[is_in], weights=weight[is_in], minlength=len(dataset.labels)) / total
            for label, name in enumerate(dataset.labels):
                yield CellReport(split, group, name, int(n[label]), int(n.sum()), float(share[label]))
