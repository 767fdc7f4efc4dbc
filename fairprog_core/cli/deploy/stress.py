"""``fairprog stress``: what is left of a trigger's effect when its inputs change on the way."""

import json
import os
import sys
from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table

from fairprog_core.cli.terminal.console import (
    HomeOption,
    PlainTable,
    console,
    interval,
    number,
    open_home,
    say,
    words,
    write_text,
)
from fairprog_core.common.errors import ConfigError, escaped, shorten
from fairprog_core.common.files.destination import check_destination
from fairprog_core.common.home import Home, is_file, user_path
from fairprog_core.deploy.stress.table import STRESS_CSV, stress_csv
from fairprog_core.metrics.fairness import METRICS
from fairprog_core.pipeline.stress.stress_result import FILE, STRESS_FILE, StressedCurve, StressFigures, StressResult
from fairprog_core.pipeline.stress.survival import stress_sentence
from fairprog_core.results.result import Result
from fairprog_core.results.run_folder import is_shipped
from fairprog_core.runs.exchange.open_result import open_result

if TYPE_CHECKING:
    from fairprog_core.deploy.stress.subject import StressProgress


def stress(
    run: Annotated[
        str,
        typer.Argument(metavar="RUN", help="A run: number, id, name, folder with a result.json, or a shipped one."),
    ],
    curve: Annotated[
        str, typer.Option(metavar="KEY", help="Only the triggers whose curve's key contains this. Default: all.")
    ] = "",
    lam: Annotated[float | None, typer.Option(help="λ. Default: the chosen one of every trigger.")] = None,
    rows: Annotated[
        int | None, typer.Option(min=1, help="Only this many test rows, drawn evenly over groups and labels.")
    ] = None,
    change: Annotated[
        list[str] | None,
        typer.Option(metavar="KEY", help="Only this change, e.g. jpeg_75 or typos. Repeatable. Default: all."),
    ] = None,
    json_file: Annotated[
        Path | None, typer.Option("--json", parser=user_path, metavar="FILE", help="Write the figures to it.")
    ] = None,
    csv_file: Annotated[
        Path | None, typer.Option("--csv", parser=user_path, metavar="FILE", help="Write a table of them to it.")
    ] = None,
    keep: Annotated[
        bool | None,
        typer.Option(
            "--keep/--no-keep",
            help=f"Keep the figures as {FILE} in the run's folder. Default: for runs of this home, if nothing was "
            "left out by --curve, --lam, --rows or --change.",
        ),
    ] = None,
    device: Annotated[str | None, typer.Option(help="auto, cpu, cuda or mps. Default: as the study says.")] = None,
    home: HomeOption = None,
) -> None:
    """Ask whether the effect of a run's triggers holds when their inputs change on the way.

    Pictures go through JPEG, resizing, crops, shifts and printing after the trigger was put on. Texts go through other
    casing, typos and cuts; the words of the trigger stay. The base and the control go through the same, on the same
    test rows. At the end, one sentence per trigger says after which changes the gap is still smaller than the base's.
    """
    name, result = open_result(run, home)
    for target, product in ((json_file, STRESS_FILE), (csv_file, STRESS_CSV)):
        if target:
            check_destination(target, product)
    opened = open_home(home)
    place = _place(result, opened, keep=keep, is_whole=not (curve or change) and lam is None and rows is None)
    with console().status("Loading torch …"):
        from fairprog_core.deploy.stress.measure import measure_stress
    found = _watch(
        measure_stress(result, home=opened, curve=curve, lam=lam, rows=rows, changes=change or (), device=device), name
    )
    for each in found.curves:
        console().print(_changes_table(each, found))
        say("\nExpected calibration error on unchanged rows (in brackets: what noise alone stays below):")
        console().print(_calibration_table(each))
        say("")
    for each in found.curves:
        say(stress_sentence(each))
    if place:
        found.save(place)
        say(f"Kept in {place}.")
    if json_file:
        write_text(json_file, json.dumps(found.to_json(), allow_nan=False), STRESS_FILE)
    if csv_file:
        write_text(csv_file, stress_csv(found), STRESS_CSV)


def _place(result: Result, home: Home, *, keep: bool | None, is_whole: bool) -> Path | None:
    """Where the figures are kept; None: nowhere.

    Raises:
        ConfigError: they should be, and cannot, or they are a part and would replace what is kept.
    """
    if keep and is_shipped(result.folder):
        raise ConfigError("Nothing is kept in a study that is shipped; leave out --keep and give --json FILE.")
    is_own = result.folder.resolve().parent == home.runs.resolve()
    if keep is False or (keep is None and not (is_own and is_whole)):
        return None
    if not is_whole and is_file(result.folder / FILE):
        raise ConfigError(
            f"{shorten(result.folder, 120)} already keeps {FILE}, and --curve, --lam, --rows or --change would replace "
            "it by a part; leave out --keep and give --json FILE."
        )
    if os.access(result.folder, os.W_OK):
        return result.folder / FILE
    if keep:
        raise ConfigError(f"{shorten(result.folder, 120)} is read-only; leave out --keep and give --json FILE.")
    return None


def _watch(work: "Generator[StressProgress, None, StressResult]", name: str) -> StressResult:
    """Draw the progress with the time left; without a terminal, print a line per change."""
    columns = (
        TextColumn("{task.description}", markup=False), BarColumn(), TaskProgressColumn(), TimeElapsedColumn(),
        TextColumn("left:"), TimeRemainingColumn(elapsed_when_finished=False),
    )  # fmt: skip
    last = ""
    with Progress(*columns, console=console(), disable=not sys.stdout.isatty()) as bar:
        task = bar.add_task(escaped(name), total=1.0)
        while True:
            try:
                now = next(work)
            except StopIteration as ended:
                bar.update(task, completed=1.0)
                result: StressResult = ended.value
                return result
            bar.update(task, completed=now.share, description=escaped(now.label))
            line = now.label.split(":")[0]
            if bar.disable and line != last:
                say(f"{now.share:4.0%}  {line}")
                last = line


def _changes_table(curve: StressedCurve, found: StressResult) -> Table:
    """A line per change: the base, the trigger and the control."""
    of_all = "" if found.n == found.n_test else f" of {found.n_test:,}"
    table = PlainTable(
        title=f"{curve.trigger}, {words(curve.criterion)}, λ = {curve.lam:g}; {found.n:,}{of_all} test rows: "
        f"{METRICS[curve.gap].title}, then accuracy"
    )
    is_text = found.modality == "text"
    for name in ("After", *["Rows"] * is_text, "Base", "Trigger", "Trigger − base", words(curve.control).capitalize()):
        table.add_column(name, no_wrap=True)
    for name in ("Accuracy: base", "trigger"):
        table.add_column(name, no_wrap=True)
    for row in curve.rows:
        table.add_row(
            row.title,
            *[f"{row.n_changed:,}"] * is_text,
            number(row.base.gap.value),
            _gap(row.trigger),
            interval(*row.trigger.gap_change, sign="+"),
            _gap(row.control),
            number(row.base.accuracy.value),
            interval(*row.trigger.accuracy),
        )
    return table


def _gap(figures: StressFigures) -> str:
    return interval(*figures.gap) + " collapsed" * figures.is_collapsed


def _calibration_table(curve: StressedCurve) -> Table:
    """A line per group: the calibration error without and with the trigger, and with the control."""
    table = PlainTable()
    for name in ("Group", "Rows", "Base", "Trigger", words(curve.control).capitalize()):
        table.add_column(name)
    by_condition = curve.calibration
    for base, trigger, control in zip(
        by_condition["base"], by_condition["trigger"], by_condition["control"], strict=True
    ):
        figures = [f"{number(each.error)} ({number(each.noise)})" for each in (base, trigger, control)]
        table.add_row(base.group or "all rows", f"{base.n:,}", *figures)
    return table
