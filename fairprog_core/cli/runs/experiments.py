"""``fairprog runs experiments``: tables of less tuning data, other bases and several classes (figures 4 to 6)."""

from collections.abc import Sequence

import typer
from rich.table import Table

from fairprog_core.cli.runs.compare import RunsOrFolders
from fairprog_core.cli.terminal.console import (
    HomeOption,
    JsonFlag,
    PlainTable,
    base_gap_with_note,
    console,
    gap_with_note,
    interval,
    print_json,
    words,
)
from fairprog_core.common.errors import ConfigError
from fairprog_core.results.experiments import (
    ExperimentRow,
    class_rows,
    experiment_json,
    is_about_shares,
    transfer_rows,
    tuning_rows,
)
from fairprog_core.results.result import Result
from fairprog_core.runs.exchange.open_result import open_result

TITLES = {"tuning_data": "Less tuning data", "transfer": "On other bases", "classes": "Several classes"}


def experiments(run: RunsOrFolders, home: HomeOption = None, as_json: JsonFlag = False) -> None:
    """Show results with less tuning data, on other bases and for several classes, at the chosen λ."""
    found = _found([result for _, result in (open_result(each, home) for each in run)])
    if as_json:
        print_json({name: [experiment_json(row) for row in rows] for name, rows in found.items()})
        return
    for name, rows in found.items():
        if rows:
            console().print(_table(TITLES[name], rows))
            typer.echo()


def _found(results: Sequence[Result]) -> dict[str, list[ExperimentRow]]:
    found = {
        "tuning_data": [row for result in results if is_about_shares(result) for row in tuning_rows(result)],
        "transfer": transfer_rows(results),
        "classes": class_rows(results) if any(len(result.labels) > 2 for result in results) else [],
    }
    if not any(found.values()):
        raise ConfigError(
            "None of these runs has several shares of the tuning data, another base, or more than two classes; the "
            "presets that end in -tuning-data, -transfer and -multiclass make such runs."
        )
    return found


def _table(title: str, rows: Sequence[ExperimentRow]) -> Table:
    table = PlainTable(title=title)
    for name in ("Method", "Criterion", "", "Seeds", "Gap", "Change of accuracy", "Share of the gain kept"):
        table.add_column(name)
    for row in rows:
        kept, change = row.get("kept"), row["accuracy_delta"]
        table.add_row(
            words(row["trigger"] or row["method"]), words(row["criterion"]), _where(row),
            ", ".join(map(str, row["seeds"])),
            f"{base_gap_with_note(row)} → {gap_with_note(row)}\n{_verdict(row)}",
            interval(change["value"], change["ci"], sign="+"),
            interval(kept["value"], kept["ci"], digits=2) if kept else "",
        )  # fmt: skip
    return table


def _verdict(row: ExperimentRow) -> str:
    """The verdict on the gap against the base."""
    return "collapsed" if row["collapsed"] else row["verdict"]


def _where(row: ExperimentRow) -> str:
    """The bases, number of classes or share of the tuning data of a row."""
    if "target" in row:
        return f"{row['source']} → {row['target']}"
    return f"{row['n_classes']} classes" if "n_classes" in row else f"{100 * (row['tuning_ratio'] or 1):g} %"
