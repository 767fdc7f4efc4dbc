"""``fairprog apply``: the predictions of a classifier with its trigger for new rows."""

import sys
import tempfile
import time
from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

from fairprog_core.cli.deploy.sources import (
    AnyModelFlag,
    CurveOption,
    ModelOption,
    TriggerArgument,
    WeightsOption,
    open_sources,
)
from fairprog_core.cli.terminal.console import HomeOption, complain, console, say, span
from fairprog_core.common.errors import escaped, shorten
from fairprog_core.common.files.destination import check_destination
from fairprog_core.common.home import user_path
from fairprog_core.deploy.apply.parts import PREDICTIONS

if TYPE_CHECKING:
    from fairprog_core.deploy.apply.apply import Applied, ApplyProgress

T = TypeVar("T")
_LINES = 10  # of progress without a terminal, about


def apply(
    trigger: TriggerArgument,
    input_: Annotated[
        str,
        typer.Option(
            "--input",
            metavar="PATH",
            help="A folder or zip of pictures, or a CSV, TSV, JSONL, Parquet or Arrow table of texts or of pictures.",
        ),
    ],
    output: Annotated[
        Path, typer.Option("--output", parser=user_path, metavar="FILE", help="The Parquet file to write.")
    ],
    model: ModelOption = "",
    lam: Annotated[float | None, typer.Option("--lam", help="λ. Default: the chosen one.")] = None,
    column: Annotated[
        str, typer.Option("--column", metavar="NAME", help="Column of the texts or pictures. Default: guessed.")
    ] = "",
    keep: Annotated[
        list[str] | None,
        typer.Option("--keep", metavar="NAME", help="Column to copy to the output. Repeatable. Default: all others."),
    ] = None,
    root: Annotated[
        str, typer.Option("--root", metavar="PATH", help="Folder or zip of the pictures. Default: beside the table.")
    ] = "",
    without_bad: Annotated[
        bool, typer.Option("--without-bad", help="Leave out rows that cannot be read, as an audit needs it.")
    ] = False,
    curve: CurveOption = "",
    weights: WeightsOption = "",
    any_model: AnyModelFlag = False,
    device: Annotated[str, typer.Option("--device", help="auto, cpu, cuda or mps.")] = "auto",
    home: HomeOption = None,
) -> int:
    """Predict new rows with a trigger in front of its classifier, at the chosen λ.

    Writes a Parquet file: the number of the row, the name of the picture, the copied columns, the prediction, and one
    probability per label. Rows that cannot be read have no prediction, and are counted.

    Finished parts lie beside the output until all are there: after an interruption, the same command goes on.
    """
    check_destination(output, PREDICTIONS)
    with console().status("Loading torch …"):
        from fairprog_core.deploy.apply.apply import apply_trigger
        from fairprog_core.deploy.apply.rows import InputRows
        from fairprog_core.deploy.model import labels_of

        found, classifier = open_sources(
            trigger, model, curve=curve, weights=weights, is_any=any_model, device=device, home=home
        )
    labels = labels_of(found) or tuple(str(number) for number in range(classifier.n_classes))
    with tempfile.TemporaryDirectory(prefix="fairprog-apply-") as scratch:
        rows = InputRows.open(
            input_, found.options.modality, scratch=Path(scratch), column=column, keep=keep, root=root
        )  # fmt: skip
        say(f"{rows.table.name}: the column {shorten(rows.column, 60)}, at λ = {found.lam_or_chosen(lam):g}")
        work = apply_trigger(
            found, classifier, rows, output, labels=labels, lam=lam, has_bad=not without_bad
        )  # fmt: skip
        try:
            done = _watch(work, output)
        except KeyboardInterrupt:
            complain(f"Stopped; what is finished is kept in {output.name}.parts. The same command goes on.")
            return 130
    _close(done, output, is_without=without_bad)
    return 0


def _watch(work: "Generator[ApplyProgress, None, Applied]", output: Path) -> "Applied":
    """Draw the progress with the time left; without a terminal, print a line now and then."""
    columns = (
        TextColumn("{task.description}", markup=False), BarColumn(), TaskProgressColumn(), TimeElapsedColumn(),
        TextColumn("{task.fields[left]}", markup=False),
    )  # fmt: skip
    began, kept, said = time.monotonic(), 0.0, 0
    with Progress(*columns, console=console(), disable=not sys.stdout.isatty()) as bar:
        task = bar.add_task(escaped(output.name), total=1.0, left="")
        while True:
            try:
                now = next(work)
            except StopIteration as ended:
                result: Applied = ended.value
                return result
            if now.is_kept:
                kept, began = now.share, time.monotonic()
            new = now.share - kept
            seconds = (time.monotonic() - began) * (1 - now.share) / new if new > 0 else None
            left = "" if seconds is None or now.share >= 1 else f"about {span(seconds)} left"
            bar.update(task, completed=now.share, description=f"{now.n_rows:,} rows", left=left)
            if bar.disable and int(now.share * _LINES) > said:
                said = int(now.share * _LINES)
                say(f"{now.share:4.0%}  {now.n_rows:,} rows{'  ' if left else ''}{left}")


def _close(done: "Applied", output: Path, *, is_without: bool) -> None:
    """Say what was done, and what could not be."""
    if done.is_anew:
        complain("The parts that lay there were of other settings; all rows were predicted again.")
    if done.n_bad:
        is_one = done.n_bad == 1
        what = f"{'is' if is_one else 'are'} left out" if is_without else f"{'has' if is_one else 'have'} no prediction"
        first = shorten("; ".join(problem.rstrip(".") for problem in done.problems), 200)
        complain(f"{done.n_bad:,} of {done.n_rows:,} rows {what}{f': {first}' if first else ''}.")
    say(f"{done.n_rows:,} rows: {output}")
