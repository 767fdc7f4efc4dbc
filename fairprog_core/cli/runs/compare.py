"""``fairprog runs compare``: compares methods, in figures and verdicts."""

from math import isfinite
from typing import Annotated

import typer
from rich.table import Table

from fairprog_core.cli.terminal.console import (
    HomeOption,
    JsonFlag,
    PlainTable,
    console,
    interval,
    print_json,
    span,
    words,
)
from fairprog_core.common.errors import ConfigError, shorten, shown
from fairprog_core.metrics.intervals import Estimate, EstimateJson
from fairprog_core.metrics.point import noise_note
from fairprog_core.results.head_to_head import Candidate, ComparisonJson, DifferenceJson, candidates, head_to_head
from fairprog_core.results.result import uniquely_named
from fairprog_core.runs.exchange.open_result import open_result

CurvesOption = Annotated[
    list[str] | None,
    typer.Option("--curve", metavar="KEY", help="Only curves whose key contains this, e.g. border or last_layer."),
]


RunsOrFolders = Annotated[
    list[str],
    typer.Argument(
        metavar="RUN…", help="A number, id or name of a run, demo, a folder with a result.json, or NAME=FOLDER."
    ),
]


def compare(
    run: RunsOrFolders,
    criterion: Annotated[
        str | None, typer.Option(help="Curves for this criterion. Default: the first curve's.")
    ] = None,
    curve: CurvesOption = None,
    against: Annotated[
        str | None, typer.Option(metavar="KEY", help="The curve that the others are compared with. Default: the first.")
    ] = None,
    seconds: Annotated[
        float | None, typer.Option(min=0, help="Training time for the comparison at matched seconds.")
    ] = None,
    home: HomeOption = None,
    as_json: JsonFlag = False,
) -> None:
    """Compare the methods of finished runs on the same data and base: hypervolume, matched accuracy, verdicts.

    Differences use equally many λ of both methods. One seed of a method that depends on its seed gives no verdict.
    """
    if seconds is not None and not isfinite(seconds):
        raise ConfigError(f"--seconds is {seconds}; it must be a number of seconds.")
    results = uniquely_named(open_result(each, home) for each in run)
    found = candidates(results)
    criterion = criterion or (found[0].curves[0].criterion if found else None)
    chosen = _named([each for each in found if each.curves[0].criterion == criterion], curve or [""])
    if not chosen:
        raise ConfigError("No curve is left to compare: check the runs, --criterion and --curve.")
    first = 0 if against is None else _index(chosen, against)
    judged = head_to_head(chosen, against=first, within=seconds)
    if as_json:
        print_json(judged)
        return
    console().print(_table(judged, several=len(results) > 1))


def _named(found: list[Candidate], parts: list[str]) -> list[Candidate]:
    """The candidates that ``parts`` name: a full key names one candidate, any other text all whose keys contain it."""
    keys = {each.key for each in found}
    whole, within = keys.intersection(parts), [part for part in parts if part not in keys]
    return [each for each in found if each.key in whole or any(part in each.key for part in within)]


def _index(chosen: list[Candidate], part: str) -> int:
    named = _named(chosen, [part])
    if not named:
        raise ConfigError(
            f"None of the curves is called {shown(part)}: {shorten(', '.join(each.key for each in chosen), 400)}."
        )
    return [each.key for each in chosen].index(named[0].key)


def _table(judged: ComparisonJson, *, several: bool) -> Table:
    base = judged["base"]
    noise = "" if base["noise_gap"] is None else f" (noise alone: up to {base['noise_gap']:.3f})"
    title = (
        f"{words(judged['criterion'])}, {judged['n']:,} test rows; base: accuracy {base['accuracy']:.3f}, "
        f"gap {base['gap']:.3f}{noise}. Differences and verdicts: against {words(judged['against'].partition(':')[2])}."
    )
    table = PlainTable(title=title)
    for name in ("Method", "Seeds", "λ", "Time", "Hypervolume", f"… in {span(judged['within'])}"):
        table.add_column(name, no_wrap=name in ("Seeds", "λ", "Time"))
    for loss in judged["losses"]:
        table.add_column(f"Gap at −{100 * loss:g} points")
    for each in judged["contenders"]:
        name = words(each["trigger"] or each["method"])
        other = each["difference"]
        table.add_row(
            f"{each['run']}: {name}" if several else name,
            str(len(each["seeds"])),
            str(each["n_lams"]),
            span(each["seconds"]),
            _cell(each["hypervolume"], other and other["hypervolume"], digits=4),
            _cell(each["within"], other and other["within"], digits=4),
            *(
                _cell(own, other and other["at_loss"][i], noise=base["noise_gap"])
                for i, own in enumerate(each["at_loss"])
            ),
        )
    return table


def _cell(own: EstimateJson, difference: DifferenceJson | None, digits: int = 3, *, noise: float | None = None) -> str:
    """The figure and what limits it, and below it the difference and its verdict."""
    note = noise_note(Estimate.of(**own), noise)
    text = "; ".join(filter(None, (interval(own["value"], own["ci"], digits=digits), note)))
    if not difference:
        return text
    return f"{text}\n{interval(difference['value'], difference['ci'], sign='+', digits=digits)} {difference['verdict']}"
