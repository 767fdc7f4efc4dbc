"""``fairprog data``: lists, prepares and checks data sets."""

import math
import sys
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Annotated, Any, get_args

import numpy as np
import typer
from pydantic import TypeAdapter
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from fairprog_core.api.made_from import MadeFrom, made_from, remove_made
from fairprog_core.cli.terminal.console import HomeOption, PlainTable, SetOption, complain, console, open_home
from fairprog_core.cli.terminal.table_report import print_columns, print_report
from fairprog_core.common.errors import ConfigError, shorten, size
from fairprog_core.common.files.json_values import from_json
from fairprog_core.common.home import Home, user_path
from fairprog_core.common.registry import build
from fairprog_core.data import DATASETS, TableOptions
from fairprog_core.data.base import Dataset, Split, SplitName
from fairprog_core.data.cache.stored import CachedRows, cached_rows
from fairprog_core.data.card import data_card
from fairprog_core.data.table.dataset import OwnTable
from fairprog_core.data.table.inspect import inspect
from fairprog_core.data.table.report import FEW, TableReport
from fairprog_core.runs import Store
from fairprog_core.study.load import load_study, load_study_of, presets

app = typer.Typer(name="data", help="List, prepare and check data sets.", no_args_is_help=True)

SPLITS: tuple[SplitName, ...] = get_args(SplitName)

DataArgument = Annotated[
    str, typer.Argument(metavar="DATA", help="A data set (faces, celeba), a preset, or a study's TOML file.")
]


@app.command("list")
def list_() -> None:
    """List the data sets with their cards: input, label, sensitive attribute, source, licence."""
    for kind in DATASETS:
        table = PlainTable(title=kind, show_header=False)
        table.add_column(no_wrap=True)
        table.add_column()
        if card := data_card(kind):
            for heading, text in {"About": card.about, **card.lines}.items():
                table.add_row(heading, text)
        console().print(table)
        typer.echo()


@app.command()
def prepare(data: DataArgument, settings: SetOption = None, home: HomeOption = None) -> None:
    """Draw or read all splits of a data set, so that the first run starts at once."""
    dataset = _dataset(data, settings, open_home(home))
    _fetch(dataset)
    splits = _all_splits(dataset)
    typer.echo(", ".join(f"{name} {len(split.y)}" for name, split in splits.items()) + " rows are ready.")


@app.command()
def check(data: DataArgument, settings: SetOption = None, home: HomeOption = None) -> int:
    """Count the rows of every group and label in every split.

    Names the groups and labels with too few rows for a rate; the exit code is then 1.
    """
    dataset = _dataset(data, settings, open_home(home))
    _fetch(dataset)
    if isinstance(dataset.options, TableOptions):
        return print_report(inspect(dataset.options, dataset.home))
    splits = _all_splits(dataset)
    table = PlainTable()
    for name in ("Split", "Rows", "Group", "Label", "Rows of it", "Natural share"):
        table.add_column(name, justify="right" if "ow" in name or "share" in name else "left")
    few = []
    for name, split in splits.items():
        for z, y, n in _cells(split):
            group, label = _group_name(dataset, z), dataset.labels[y]
            table.add_row(name, str(len(split.y)), group, label, str(n), f"{split.cell_share[z, y]:.3f}")
            few += [f"{name}: {group}, {label} ({n})"] * (n < FEW)
    console().print(table)
    if few:
        complain(f"fewer than {FEW} rows, so that rates there say little: {'; '.join(few)}.")
        return 1
    return 0


@app.command()
def look(
    table: Annotated[
        str, typer.Argument(metavar="TABLE", help="A CSV, TSV, JSONL or Parquet file; -: options as JSON on stdin.")
    ],
    settings: SetOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print everything as JSON.")] = False,
    home: HomeOption = None,
) -> None:
    """Show the columns of a table, and guess what they mean.

    With the columns of input, label and group (--set dataset.text=comment …), its rows are counted too.
    """
    opened = open_home(home)
    if table == "-":
        options = TableOptions.parse(_from_stdin())
    else:
        options = load_study_of("table", [f"dataset.path={table}", *(settings or [])]).dataset
    _fetch(OwnTable(options, opened))
    report = inspect(options, opened)
    if as_json:
        typer.echo(TypeAdapter(TableReport).dump_json(report).decode())
        return
    if report.sizes or report.problem:
        print_report(report)
    else:
        print_columns(report)


@app.command()
def clean(
    source: Annotated[
        Path | None,
        typer.Option("--from", parser=user_path, help="Remove all that was made from this file or folder, runs too."),
    ] = None,
    unused_days: Annotated[
        float | None, typer.Option(min=0, help="Remove copies of rows that were not used for so many days.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    home: HomeOption = None,
) -> None:
    """Show and clean the cache of data sets: copies of rows, made again when they are needed.

    Without options, what is of no use any more is removed: damaged copies, and those whose files are gone.
    """
    opened = open_home(home)
    with Store(opened) as store:
        if source is not None:
            made = made_from(store, source.absolute())
        else:
            entries = cached_rows(opened)
            _print_cache(entries)
            limit = math.inf if unused_days is None else unused_days * 86_400
            made = MadeFrom(
                tuple(each for each in entries if each.is_stale or time.time() - each.used >= limit), (), ()
            )
        n = len(made.rows), len(made.bases), len(made.runs)
        if not any(n):
            typer.echo("There is nothing to remove.")
            return
        what = f"{n[0]} copies of rows and {n[1]} bases, {made.size}, and {n[2]} runs"
        if yes or typer.confirm(f"Remove {what}?"):
            remove_made(store, made)
            typer.echo(f"Removed {what}.")


def _print_cache(entries: Sequence[CachedRows]) -> None:
    table = PlainTable()
    for name in ("Size", "Used", "Made from"):
        table.add_column(name)
    for entry in entries:
        used = time.strftime("%Y-%m-%d", time.localtime(entry.used))
        table.add_row(size(entry.n_bytes), used, ", ".join(entry.sources) or "random numbers")
    console().print(table)


def _from_stdin() -> dict[str, object]:
    """The options of a table as the dashboard gives them.

    Raises:
        ConfigError: they are no JSON.
    """
    try:
        values = from_json(sys.stdin.read())
    except ValueError as error:
        raise ConfigError(f"The options on stdin are no JSON: {shorten(error)}.") from error
    return dict(values) if isinstance(values, dict) else {}


def _dataset(source: str, settings: list[str] | None, home: Home) -> Dataset:
    if source in DATASETS and source not in presets():
        study = load_study_of(source, settings or [])
    else:
        study = load_study(source, settings or [])
    dataset: Dataset = build(DATASETS, study.dataset, home)
    return dataset


def _fetch(dataset: Dataset) -> None:
    """Download what the data set is read from, if it lies on a hub; shows the progress where somebody watches."""
    with closing(dataset.fetch()) as labels, console().status("") as status:
        for label in labels:
            status.update(label)


def _all_splits(dataset: Dataset) -> dict[SplitName, Split]:
    columns = (TextColumn("{task.description:>5}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    splits = {}
    dataset.check(SPLITS)
    for note in dataset.notes():
        complain(note)
    with Progress(*columns, console=console()) as progress:
        for name in filter(dataset.has_split, SPLITS):
            task = progress.add_task(name, total=None)
            for done, total in dataset.prepare_split(name):
                progress.update(task, completed=done, total=total)
            splits[name] = dataset.split(name)
            n = len(splits[name].y)
            progress.update(task, completed=n, total=n)
    return splits


def _cells(split: Split) -> list[tuple[Any, Any, int]]:
    """Every cell (pattern code, label) with its number of rows."""
    return [(z, y, int(n)) for (z, y), n in np.ndenumerate(split.cell_counts)]


def _group_name(dataset: Dataset, z: int) -> str:
    groups = dataset.groups
    return " and ".join(name for name, is_in in zip(groups.names, groups.patterns[z]) if is_in) or "no group"
