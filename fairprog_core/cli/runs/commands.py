"""``fairprog runs``: lists, shows, cancels, resumes, removes and exports runs."""

import dataclasses
from pathlib import Path
from typing import Annotated

import typer

from fairprog_core.cli.terminal.console import (
    HomeOption,
    JsonFlag,
    PlainTable,
    complain,
    console,
    figures_table,
    interval,
    moment,
    number,
    open_home,
    print_json,
    say,
    span,
    words,
)
from fairprog_core.common.errors import shorten
from fairprog_core.common.home import user_path
from fairprog_core.runs import launcher
from fairprog_core.runs.exchange.export import export_run
from fairprog_core.runs.exchange.take_in import import_run
from fairprog_core.runs.store import Store
from fairprog_core.runs.table.run import NOT_EXPORTED, Run
from fairprog_core.study.settings import in_short

app = typer.Typer(
    name="runs", help="List, show, pause, cancel, resume, remove, export, import and compare.", no_args_is_help=True
)

MOST_RUNS = 1_000_000  # largest --limit; more runs than a home will ever hold

RunArgument = Annotated[str, typer.Argument(metavar="RUN", help="Number or id of a run, or the start of its id.")]
RunArguments = Annotated[
    list[str], typer.Argument(metavar="RUN…", help="Numbers or ids of runs, or the starts of ids.")
]


@app.command("list")
def list_(
    home: HomeOption = None,
    limit: Annotated[int, typer.Option(min=1, max=MOST_RUNS, help="Most runs to list, the newest first.")] = 50,
    as_json: JsonFlag = False,
) -> None:
    """List runs with state, progress and main figures."""
    with Store(open_home(home)) as store:
        runs = store.list(limit=limit)
    if as_json:
        print_json([_as_json(run) for run in runs])
        return
    if not runs:
        typer.echo("There are no runs yet. Start one with `fairprog run faces-quick` or in `fairprog app`.")
        return
    table = PlainTable()
    for name in ("No.", "Id"):
        table.add_column(name, no_wrap=True)
    table.add_column("Name", min_width=28, overflow="fold")
    for name in ("State", "Progress", "Started", "Time"):
        table.add_column(name, no_wrap=True)
    table.add_column("Gap and accuracy, base → trigger")
    for run in runs:
        table.add_row(
            str(run.number), run.id, _name(run), _state(run), f"{run.fraction:.0%}", moment(run.started),
            span(run.seconds), _best(run),
        )  # fmt: skip
    console().print(table)


@app.command()
def show(run: RunArgument, home: HomeOption = None, as_json: JsonFlag = False) -> None:
    """Show everything about one run."""
    with Store(open_home(home)) as store:
        found = store.find(run)
    if as_json:
        print_json(_as_json(found))
        return
    table = PlainTable(show_header=False)
    table.add_column(style="bold", no_wrap=True)
    table.add_column()
    lines = {
        "Run": f"{found.id} (number {found.number}), {found.name}",
        **({"Set": changes} if (changes := in_short(found.study, most=None)) else {}),
        **({"Damage": found.damage} if found.damage else {}),
        "State": _state(found) + (f": {found.error}" if found.error else ""),
        "Progress": f"{found.fraction:.0%} {found.label or ''}".strip(),
        "Started": moment(found.started),
        "Time": span(found.seconds) + (f", {found.attempt} attempts" if found.attempt > 1 else ""),
        "Process": f"{found.pid} on {found.host}" if found.pid else "–",
        "Folder": str(store.home.run(found.id)),
        "Log": str(store.home.path / found.log) if found.log else "–",
    }
    for name, value in lines.items():
        table.add_row(name, value)
    console().print(table)
    if found.figures:
        console().print("")
        console().print(figures_table(found.figures))


@app.command()
def cancel(run: RunArguments, home: HomeOption = None) -> None:
    """Cancel runs: queued ones at once, running ones within two seconds."""
    with Store(open_home(home)) as store:
        for name in run:
            cancelled = store.cancel(store.find(name).id, wait=True)
            say(f"Run {cancelled.id} is {_state(cancelled)}.")
        if store.has_queued():  # cancelling may have ended the worker that would have claimed them
            launcher.ensure_workers(store.home)


@app.command()
def pause(run: RunArguments, home: HomeOption = None) -> None:
    """Let running runs wait until they are resumed; after five minutes they free their worker."""
    with Store(open_home(home)) as store:
        for name in run:
            say(f"Run {store.pause(store.find(name).id).id} waits after its next record.")


@app.command()
def resume(run: RunArguments, home: HomeOption = None) -> None:
    """Let paused runs go on; queue lost, cancelled or failed ones again: they continue from their last checkpoint."""
    with Store(open_home(home)) as store:
        for name in run:
            resumed = store.resume(store.find(name).id)
            say(f"Run {resumed.id} is {_state(resumed)}; its worker goes on with it.")
    launcher.ensure_workers(store.home)


@app.command()
def remove(
    run: RunArguments,
    home: HomeOption = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask for confirmation.")] = False,
) -> None:
    """Remove runs with all their files."""
    with Store(open_home(home)) as store:
        found = [store.find(name) for name in run]
        if not yes and not typer.confirm(
            f"Remove {', '.join(f'{one.id} ({shorten(one.name)})' for one in found)} for good?"
        ):
            complain("Nothing was removed.")
            raise typer.Exit(130)
        for one in found:
            store.remove(one.id)
            say(f"Removed run {one.id}.")


@app.command()
def export(
    run: RunArgument,
    file: Annotated[
        Path | None,
        typer.Argument(
            parser=user_path, metavar="[FILE]", help=".zip: everything. .json: the result. .csv: its points."
        ),
    ] = None,
    home: HomeOption = None,
) -> None:
    """Write a run into one file: everything, the result, or a table of its points."""
    with Store(open_home(home)) as store:
        found = store.find(run)
        path = file or Path(f"fairprog-{found.id}.zip")
        export_run(store, found, path)
    say(f"Wrote {path}")


@app.command("import")
def import_(
    file: Annotated[
        list[Path], typer.Argument(parser=user_path, metavar="FILE…", help="Zips that `fairprog runs export` wrote.")
    ],
    is_trusted: Annotated[
        bool,
        typer.Option("--allow-code", help="Also runs whose classifier is a program or an address."),
    ] = False,
    home: HomeOption = None,
) -> None:
    """Take in runs of another home or machine. Each is checked before it is opened, and keeps its id."""
    with Store(open_home(home)) as store:
        for each in file:
            say(f"Took in run {import_run(store, each, is_trusted=is_trusted)}")


def _name(run: Run) -> str:
    """The run's name, and below it the values that were set on top of its preset."""
    return "\n".join(filter(None, (run.name, in_short(run.study))))


def _state(run: Run) -> str:
    state = "cancelling" if run.is_cancelling else "paused" if run.is_paused else run.state
    return f"{state}, damaged" if run.damage else state


def _best(run: Run) -> str:
    """The figures of the first trained trigger."""
    rows = [row for row in run.figures if row["lam"] and row["lam"][0] is not None]
    if not rows:
        return ""
    row, more = rows[0], f" and {len(rows) - 1} more" if len(rows) > 1 else ""
    gap = f"{number(row['base_gap'])} → {interval(row['gap'], row['gap_ci'])}"
    return f"{gap}, {number(row['base_accuracy'])} → {number(row['accuracy'])} ({words(row['trigger'])}{more})"


def _as_json(run: Run) -> dict[str, object]:
    hidden = NOT_EXPORTED if run.damage else NOT_EXPORTED | {"damage"}
    return {key: value for key, value in dataclasses.asdict(run).items() if key not in hidden} | {
        "seconds": run.seconds
    }
