"""The command line: ``fairprog …``. Only the commands that compute import torch.

Every error is one line on stderr. Exit codes: 0 done, 1 unexpected error, 2 bad input, 130 interrupted;
of `check` 1 broken, 3 cannot be told.
"""

import logging
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from sqlalchemy.exc import DatabaseError

from fairprog_core.cli import data, report, run, screen
from fairprog_core.cli.auditing import audit, check
from fairprog_core.cli.deploy import apply, export, passport, stress
from fairprog_core.cli.machine import commands as machine
from fairprog_core.cli.machine import encoder
from fairprog_core.cli.runs import commands as runs
from fairprog_core.cli.runs import compare, experiments
from fairprog_core.cli.terminal.console import complain
from fairprog_core.common import plugins
from fairprog_core.common.errors import FairprogError, shorten
from fairprog_core.common.errors.machine import machine_error
from fairprog_core.common.process.version import VERSION
from fairprog_core.runs.table.database import reason_and_advice

ABOUT = """Fairness reprogramming of frozen classifiers: learn a trigger that closes the gap between
groups, for every strength λ at once, and explain what it does.

Start with `fairprog app` (the dashboard in the browser) or `fairprog run faces-quick`."""

app = typer.Typer(
    name="fairprog",
    help=ABOUT,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("app")(screen.app)
app.command("run")(run.run)
runs.app.command("compare")(compare.compare)
runs.app.command("experiments")(experiments.experiments)
app.add_typer(runs.app, name="runs")
app.add_typer(data.app, name="data")
app.command("audit")(audit.audit)
app.command("report")(report.report)
app.command("check")(check.check)
app.command("apply")(apply.apply)
app.command("passport")(passport.passport)
app.command("export")(export.export)
app.command("stress")(stress.stress)
app.command("encoder")(encoder.encoder)
app.command("worker")(machine.worker)
app.command("doctor")(machine.doctor)
app.command("bench")(machine.bench)


def _version(is_asked: bool) -> None:
    if is_asked:
        typer.echo(f"fairprog {VERSION}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    pass


class _Warnings(logging.Handler):
    """Prints warnings on stderr; errors with a traceback go to the log only."""

    def emit(self, record: logging.LogRecord) -> None:
        if record.levelno == logging.WARNING:
            complain(record.getMessage())


_WARNINGS = _Warnings()


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line; an error that a user can cause shows no traceback."""
    _open_standard_streams()
    logging.getLogger("fairprog_core").addHandler(_WARNINGS)
    sys.exit(_main(list(sys.argv[1:] if arguments is None else arguments)))


def _open_standard_streams() -> None:
    """Replace standard streams that were closed: a file that is opened later would get their number."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open(mode, encoding="utf-8"))  # noqa: SIM115


def _main(arguments: list[str]) -> int:
    for sentence in plugins.problems():
        complain(sentence)
    try:
        code = app(args=arguments, prog_name="fairprog", standalone_mode=False)
    except FairprogError as error:
        complain(str(error))
        return 2
    except (KeyboardInterrupt, typer.Abort):
        return 130
    except BrokenPipeError:  # the program that reads this output has ended
        sys.stderr.close()
        return 1
    except Exception as error:
        if problem := machine_error(error):
            complain(str(problem))
            return 2
        if isinstance(error, DatabaseError):
            complain(f"The run table cannot be used: {reason_and_advice(error)}.")
            return 2
        if not hasattr(error, "format_message"):
            raise
        context = getattr(error, "ctx", None)  # an option or argument that does not exist
        command = context.command_path if context else "fairprog"
        complain(f"{shorten(error.format_message().rstrip('.'), 220)}. See `{command} --help`.")
        return 2
    return code if isinstance(code, int) else 0
