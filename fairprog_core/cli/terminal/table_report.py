"""Prints what is known of a user's own table."""

import json

import typer

from fairprog_core.cli.terminal.console import PlainTable, complain, console, say
from fairprog_core.common.errors import DataError
from fairprog_core.data.table.report import FEW, TableReport

_MOST_BROKEN = 10  # broken rows that are printed


def print_report(report: TableReport) -> int:
    """Print the rows by split, group and label, or the columns where none are chosen yet; the exit code.

    Raises:
        DataError: the table cannot be used as the options say.
    """
    if report.problem:
        raise DataError(report.problem)
    if not report.sizes:
        print_columns(report)
        complain(f"{report.name}: no columns are chosen yet; name text or image, label, and group or groups.")
        return 2
    table = PlainTable()
    for name in ("Split", "Rows", "Group", "Label", "Rows of it", "Natural share"):
        table.add_column(name, justify="right" if "ow" in name or "share" in name else "left")
    for cell in report.cells:
        size = str(report.sizes[cell.split])
        table.add_row(cell.split, size, cell.group or "no group", cell.label, str(cell.n), f"{cell.share:.3f}")
    console().print(table)
    typer.echo()
    for line in (*report.notes, *report.advice):
        say(line)
    for broken in report.broken[:_MOST_BROKEN]:
        say(f"Row {broken.row or '?'} is left out: {broken.reason}.")
    if report.n_broken > _MOST_BROKEN:
        say(f"{report.n_broken - min(len(report.broken), _MOST_BROKEN):,} more rows are left out.")
    if few := [f"{cell.split}: {cell.group}, {cell.label} ({cell.n})" for cell in report.cells if cell.is_small]:
        complain(f"fewer than {FEW} rows, so that rates there say little: {'; '.join(few)}.")
        return 1
    return 0


def print_columns(report: TableReport) -> None:
    """Print the columns and what they probably are."""
    table = PlainTable()
    for name in ("Column", "Values", "Different", "Missing", "Some of them"):
        table.add_column(name, justify="right" if name in ("Different", "Missing") else "left")
    for column in report.columns:
        some = ", ".join(value[:30] for value in column.values)[:90]
        table.add_row(column.name, column.type, str(column.n_values), f"{column.share_missing:.0%}", some)
    console().print(table)
    typer.echo()
    if report.known:
        say(report.known)
    say("These columns are probably what is needed; write them into [dataset], or correct them:")
    for name, value in report.guess.values().items():
        say(f"{name} = {json.dumps(value, ensure_ascii=False)}")
