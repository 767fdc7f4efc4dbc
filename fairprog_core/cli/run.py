"""``fairprog run``: a study in the foreground, with a progress bar and a table at the end."""

import logging
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

from fairprog_core.cli.console import (
    HomeOption,
    SetOption,
    complain,
    console,
    figures_table,
    open_home,
    span,
    writable_file,
    write_text,
)
from fairprog_core.home import Home
from fairprog_core.presets import load_study
from fairprog_core.runs.carry import UNEXPECTED, Stop, carry_out
from fairprog_core.runs.run import Owner, Run
from fairprog_core.runs.store import Store

LOG = "logs/run.log"


def run(
    study: Annotated[str, typer.Argument(metavar="STUDY", help="A preset (faces, faces-quick) or a TOML file.")],
    settings: SetOption = None,
    home: HomeOption = None,
    device: Annotated[str | None, typer.Option(help="auto, cpu, cuda or mps.")] = None,
    threads: Annotated[int | None, typer.Option(help="Threads that torch computes with.")] = None,
    json_file: Annotated[
        Path | None, typer.Option("--json", metavar="FILE", help="Write the result there (schema fairprog.study/1).")
    ] = None,
) -> int:
    """Run a study here and now.

    Shows progress, and at the end, for every trigger and criterion, accuracy and gap at the λ that
    was chosen on validation, beside the base classifier. The run appears in the dashboard as well.

    Ctrl-C stops at the next step; what is finished is kept, and `fairprog runs resume` goes on.
    """
    given = [f"{key}={value}" for key, value in (("device", device), ("threads", threads)) if value is not None]
    chosen = load_study(study, [*(settings or []), *given])
    if json_file:
        writable_file(json_file)
    place = open_home(home)
    with console().status("Loading torch …"):
        from fairprog_core.execution import execute
    stop = Stop("cancelled")
    _log_to(place)
    with Store(place) as store, _stopping(stop):
        begun = store.begin(chosen, Owner.this_process(), may_be_ended=True)
        _show(carry_out(store, begun, execute, stop, log_name=LOG), f"{chosen.name} ({begun.id})")
        ended = store.get(begun.id)
    return _report(place, ended, json_file)


def _show(records: Iterator[dict[str, Any]], title: str) -> None:
    """Draw the progress bar; a line per stage where there is no terminal."""
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TaskProgressColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[left]}", markup=False),
    )
    told = ""
    with Progress(*columns, console=console(), disable=not sys.stdout.isatty()) as progress:
        task = progress.add_task(title, total=1.0, left="")
        for record in records:
            if record["kind"] != "stage":
                continue
            left = record.get("seconds_left")
            progress.update(
                task, completed=record["fraction"], description=record["label"],
                left="" if left is None or record["fraction"] >= 1 else f"about {span(left)} left",
            )  # fmt: skip
            line = record["label"].split(":")[0]
            if progress.disable and line and line != told:
                typer.echo(f"{record['fraction']:4.0%}  {line}")
                told = line


def _report(home: Home, run: Run, json_file: Path | None) -> int:
    """The table, where everything is, and the exit code."""
    folder = home.run(run.id)
    if run.figures:
        console().print(figures_table(run.figures, f"{run.name}, test split"))
    if json_file and (folder / "result.json").is_file():
        write_text(json_file, (folder / "result.json").read_text("utf-8"))
    if run.state == "done":
        typer.echo(f"Run {run.id} took {span(run.seconds)}. Everything is in {folder}")
        return 0
    if run.state == "failed":
        complain(run.error or "The run failed.")
        return 1 if (run.error or "").startswith(UNEXPECTED) else 2
    complain(f"Stopped; what is finished is kept. `fairprog runs resume {run.id}` goes on.")
    return 130


@contextmanager
def _stopping(stop: Stop) -> Iterator[None]:
    """The first Ctrl-C asks for a stop after a checkpoint, the second ends at once."""

    def handle(signum: int, _frame: object) -> None:
        if stop.event.is_set() and signum == signal.SIGINT:
            os._exit(130)
        if signum == signal.SIGINT:
            complain("stopping at the next step; press Ctrl-C again to end at once.")
        stop.event.set()

    before = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _log_to(home: Home) -> None:
    """Unexpected errors are told in a file, not on the screen."""
    path = home.path / LOG
    path.parent.mkdir(exist_ok=True)
    handler = logging.FileHandler(path, encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    logging.getLogger("fairprog_core").addHandler(handler)
