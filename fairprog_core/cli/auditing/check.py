"""``fairprog check``: whether a run or a file of predictions keeps bounds on gap and accuracy, for a build server."""

import sys
import traceback
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Annotated, ParamSpec

import typer
from sqlalchemy.exc import DatabaseError

from fairprog_core.api.auditing.from_file import AuditColumns, audit_file
from fairprog_core.api.auditing.guess_columns import with_guesses
from fairprog_core.api.checking.bounds import Bound, largest, smallest
from fairprog_core.api.checking.files import SAID, SUITE, SUMMARY_START, check_json, figure, junit_xml, markdown
from fairprog_core.api.checking.judge import EXIT_CODES, Judgement, judge_audit, judge_result, overall
from fairprog_core.cli.auditing.columns import (
    GroupOption,
    LabelOption,
    LabelsOption,
    LabelThresholdOption,
    PositiveOption,
    PredictionOption,
    ThresholdOption,
    WeightOption,
    columns_of,
)
from fairprog_core.cli.terminal.console import HomeOption, JsonFlag, complain, print_json, say, write_text
from fairprog_core.common.errors import ConfigError, FairprogError, shorten
from fairprog_core.common.errors.machine import machine_error
from fairprog_core.common.files.destination import Product, check_destination, has_header
from fairprog_core.common.home import is_file, path_problem, user_path
from fairprog_core.runs.exchange.open_result import open_result

P = ParamSpec("P")
JUNIT = Product(
    "a JUnit report of fairprog check",
    has_header(f'<?xml version="1.0" encoding="utf-8"?>\n<testsuites name="{SUITE}"'),
)
SUMMARY = Product("a summary of fairprog check", has_header(SUMMARY_START))


def _without_one(command: Callable[P, int]) -> Callable[P, int]:
    """End with 2 where an error is no verdict: 1 means that a bound is broken, and a build must not read it so."""

    @wraps(command)
    def inner(*args: P.args, **named: P.kwargs) -> int:
        try:
            return command(*args, **named)
        except (FairprogError, DatabaseError, typer.Abort):  # the command line tells these, and ends with 2
            raise
        except BrokenPipeError:  # the program that reads this output has ended
            sys.stderr.close()
            return 2
        except Exception as error:
            if (problem := machine_error(error)) is not None:
                raise problem from error
            traceback.print_exc()
            return 2

    return inner


@_without_one
def check(
    subject: Annotated[
        str,
        typer.Argument(
            metavar="RUN|FILE",
            help="A run (number, id, name, folder with a result.json, or demo), or predictions as CSV, TSV, JSONL or "
            "Parquet.",
        ),
    ],
    max_gap: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=BOUND",
            help="Largest gap: equalized_odds=.05, demographic_parity=.1, or a metric by its name. Repeatable.",
        ),
    ] = None,
    min_accuracy: Annotated[
        list[str] | None,
        typer.Option(
            metavar="BOUND", help="Smallest accuracy; or NAME=BOUND, e.g. worst_group_accuracy=.7. Repeatable."
        ),
    ] = None,
    curve: Annotated[
        str | None, typer.Option(metavar="KEY", help="Only the curves of a run whose key contains this.")
    ] = None,
    label: LabelOption = "",
    prediction: PredictionOption = None,
    group: GroupOption = None,
    positive: PositiveOption = "",
    labels: LabelsOption = "",
    threshold: ThresholdOption = None,
    label_threshold: LabelThresholdOption = None,
    weight: WeightOption = "",
    junit: Annotated[
        Path | None, typer.Option(parser=user_path, metavar="FILE", help="Write JUnit's XML to a file too.")
    ] = None,
    summary: Annotated[
        Path | None, typer.Option(parser=user_path, metavar="FILE", help="Write a table in Markdown to a file too.")
    ] = None,
    home: HomeOption = None,
    as_json: JsonFlag = False,
) -> int:
    """Say whether bounds on gap and accuracy are kept, by the whole 95 % interval.

    Exit code 0: kept. 1: broken. 3: cannot be told, as the interval contains the bound or there is none. 2: bad input.

    A run is judged by the curve of every trigger that was trained for the criterion, at the λ that was chosen on
    validation, on the test rows. Of a file, columns that are not named are guessed and told.
    """
    bounds = [*map(largest, max_gap or ()), *map(smallest, min_accuracy or ())]
    if not bounds:
        raise ConfigError("No bound is given; give --max-gap equalized_odds=.05, --min-accuracy .88, or both.")
    for target, product in ((junit, JUNIT), (summary, SUMMARY)):
        if target:
            check_destination(target, product)
    if path_problem(subject) is None and is_file(path := user_path(subject)):
        if curve is not None:
            raise ConfigError("--curve names a curve of a run, but a file of predictions is given; leave it out.")
        columns = columns_of(label, prediction, group, positive, labels, threshold, label_threshold, weight)
        name, found = path.name, _of_file(path, columns, bounds)
    else:
        name, result = open_result(subject, home)
        found = judge_result(result, bounds, curve=curve)
    if junit:
        write_text(junit, junit_xml(name, found), JUNIT)
    if summary:
        write_text(summary, markdown(name, found), SUMMARY)
    if as_json:
        print_json(check_json(name, found))
    else:
        for each in found:
            _tell(each)
        say(f"{name}: {SAID[overall(found)]}.")
    return EXIT_CODES[overall(found)]


def _of_file(path: Path, columns: AuditColumns, bounds: list[Bound]) -> list[Judgement]:
    """Judge a file; columns that were guessed are told.

    Raises:
        ConfigError: a column is neither named nor guessed.
    """
    known = with_guesses(path, columns)
    named = {"label": [known.label], "prediction": known.prediction, "group": known.groups}
    for option, names in named.items():
        if not any(names):
            raise ConfigError(
                f"The column of the {option} of {shorten(path.name)} cannot be guessed; name it: --{option}."
            )
    if known != columns:
        complain("; ".join(f"{option}: {', '.join(names)}" for option, names in named.items()))
    return judge_audit(path.name, audit_file(path, known).audit, bounds)


def _tell(each: Judgement) -> None:
    """One line: which bound of what, the figure, the same of the base and the controls, and the verdict."""
    beside = "".join(f", {method.replace('_', ' ')} {figure(found)}" for method, found in each.beside.items())
    lam = "" if each.lam is None else f" at λ = {each.lam:g}"
    note = f"; {each.note}" if each.note else ""
    say(f"{each.verdict:>6}  {each.bound}: {figure(each.found)}{lam}{beside} ({each.subject}, {each.n:,} rows{note})")
