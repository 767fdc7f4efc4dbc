"""``fairprog run``: runs a study or a series in the foreground, with a progress bar and a table at the end."""

import json
import logging
import os
import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from fairprog_core.cli.foreground import LOG, Foreground
from fairprog_core.cli.terminal.console import (
    HomeOption,
    OnOption,
    SetOption,
    complain,
    console,
    figures_table,
    open_home,
    say,
    span,
    warn,
    write_text,
)
from fairprog_core.common.errors import ConfigError, shorten
from fairprog_core.common.errors.machine import machine_error
from fairprog_core.common.files.destination import check_destination
from fairprog_core.common.home import Home, user_path
from fairprog_core.pipeline.tasks.cluster.address import check_address
from fairprog_core.results.summary import query_sentence
from fairprog_core.results.weak_base import weak_base_sentence
from fairprog_core.runs.exchange.export import RESULT_FILE
from fairprog_core.runs.log_format import LogFormatter
from fairprog_core.runs.recorder import UNEXPECTED, StopRequest
from fairprog_core.runs.store import Store
from fairprog_core.runs.table.run import Run
from fairprog_core.runs.timing.heartbeat import Patience
from fairprog_core.study.check_limits import check_limits
from fairprog_core.study.load import is_series, load_studies
from fairprog_core.trackers import check_trackers

SERIES = "fairprog.series/1"


def run(
    study: Annotated[
        str,
        typer.Argument(metavar="STUDY", help="A preset (faces-quick), a series (faces-paper) or a TOML file."),
    ],
    settings: SetOption = None,
    home: HomeOption = None,
    device: Annotated[str | None, typer.Option(help="auto, cpu, cuda or mps.")] = None,
    threads: Annotated[int | None, typer.Option(help="Threads that torch computes with.")] = None,
    jobs: Annotated[
        int | None,
        typer.Option(min=1, help="Curves that are computed at once. Default: as many as cores and memory allow."),
    ] = None,
    on: OnOption = None,
    json_file: Annotated[
        Path | None, typer.Option("--json", parser=user_path, metavar="FILE", help="Write the result to it.")
    ] = None,
    log_to: Annotated[
        list[str] | None,
        typer.Option("--log", metavar="TRACKER", help="Log the run to mlflow or trackio too. Repeatable."),
    ] = None,
) -> int:
    """Run a study in the foreground.

    Shows its progress. At the end, prints accuracy and gap of the base classifier and of every trigger and
    criterion at the λ that was chosen on validation. The run appears in the dashboard as well.

    Ctrl-C stops at the next step; finished parts are kept, and `fairprog runs resume` continues.

    The studies of a series (faces-paper) share the cores: while the last curves of one are computed, the next begins.
    The same command again continues where it stopped: finished studies are not run again. Remove their runs to run
    them again.
    """
    given = [f"{key}={value}" for key, value in (("device", device), ("threads", threads)) if value is not None]
    chosen, from_series = load_studies(study, [*(settings or []), *given]), is_series(study)
    for each in chosen:
        check_limits(each)
    if json_file:
        check_destination(json_file, RESULT_FILE)
    check_trackers(log_to or ())
    check_address(on)
    opened_home = open_home(home)
    _log_to(opened_home)
    stop = StopRequest("cancelled")
    # no patience: a run whose process was killed can be continued at once
    with Store(opened_home, patience=Patience(lost=0.0)) as store, _stopping(stop):
        foreground = Foreground(store, stop, log_to or (), jobs=jobs, on=on)
        ended = foreground.run_series(chosen) if from_series else [foreground.run_study(chosen[0])]
    code = max(_report(opened_home, run) for run in ended)
    if json_file:
        _write(json_file, [opened_home.run(run.id) for run in ended], name=study if from_series else None)
    return code


def _write(json_file: Path, folders: Sequence[Path], *, name: str | None) -> None:
    """Write the result of a study, or the list of results of a series; ``name``: the series, or None."""
    texts = [(folder / "result.json").read_text("utf-8") for folder in folders if (folder / "result.json").is_file()]
    if name is not None:
        studies = [json.loads(text) for text in texts]
        write_text(
            json_file,
            json.dumps({"schema": SERIES, "name": name, "studies": studies}, separators=(",", ":")),
            RESULT_FILE,
        )
    elif texts:
        write_text(json_file, texts[0], RESULT_FILE)


def _report(home: Home, run: Run) -> int:
    """Print the table and the run folder; returns the exit code."""
    folder = home.run(run.id)
    if run.figures:
        console().print(figures_table(run.figures, f"{run.name}, test split"))
        if weak := run.figures[0].get("weak_base"):
            warn(weak_base_sentence(weak, "test"))
        for row in run.figures:
            if sent := row.get("queries"):
                say(f"{row['trigger'] or row['method']}: {query_sentence(sent)}")
    if run.state == "done":
        say(f"Run {run.id} took {span(run.seconds)}. Everything is in {folder}")
        return 0
    if run.state == "failed":
        complain(run.error or "The run failed.")
        return 1 if (run.error or "").startswith(UNEXPECTED) else 2
    complain(f"Stopped; what is finished is kept. `fairprog runs resume {run.id}` goes on.")
    return 130


@contextmanager
def _stopping(stop: StopRequest) -> Iterator[None]:
    """The first Ctrl-C, SIGTERM or SIGHUP requests a stop after a checkpoint; a second Ctrl-C ends the process."""

    def handle(signum: int, _frame: object) -> None:
        if stop.event.is_set() and signum == signal.SIGINT:
            os._exit(130)
        if signum == signal.SIGINT:
            complain("stopping at the next step; press Ctrl-C again to end at once.")
        stop.event.set()

    numbers = [signal.SIGINT, signal.SIGTERM]
    if hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) == signal.SIG_DFL:  # else nohup ignores it
        numbers.append(signal.SIGHUP)  # the terminal was closed
    before = {number: signal.signal(number, handle) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _log_to(home: Home) -> None:
    """Log unexpected errors to a file instead of the screen.

    Raises:
        ConfigError: the log cannot be written.
    """
    path = home.path / LOG
    try:
        path.parent.mkdir(exist_ok=True)
        handler = logging.FileHandler(path, encoding="utf-8")
    except OSError as error:
        raise machine_error(error, home.path) or ConfigError(
            f"The log {shorten(path)} cannot be written ({error.strerror}); remove it, or choose another home with "
            "--home."
        ) from error
    handler.setFormatter(LogFormatter("%(asctime)s %(levelname)s %(message)s"))
    handler.handleError = lambda record: None  # type: ignore[method-assign]  # a full disk: the run's own error tells it
    logging.getLogger("fairprog_core").addHandler(handler)
