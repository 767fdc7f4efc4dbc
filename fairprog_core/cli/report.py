"""``fairprog report``: one or several runs as one HTML file."""

from pathlib import Path
from typing import Annotated

import typer

from fairprog_core.cli.runs.compare import RunsOrFolders
from fairprog_core.cli.terminal.console import HomeOption, say
from fairprog_core.common.errors import size
from fairprog_core.common.home import user_path
from fairprog_core.results.result import uniquely_named
from fairprog_core.runs.exchange.open_result import open_result


def report(
    run: RunsOrFolders,
    out: Annotated[Path, typer.Option(parser=user_path, metavar="FILE", help="The HTML file to write.")] = Path(
        "report.html"
    ),
    scorecard: Annotated[bool, typer.Option("--scorecard", help="One page (A4) on one run.")] = False,
    home: HomeOption = None,
) -> None:
    """Write runs into one HTML file that opens offline and prints well; several runs are compared.

    Figures, tables, pictures and sentences follow a slider for λ. Also the shipped studies: fairprog report demo.
    """
    from fairprog_core.report.write import write_report

    results = uniquely_named(open_result(each, home) for each in run)
    path = write_report(results, out, scorecard=scorecard)
    say(f"Wrote {path} ({size(path.stat().st_size)}); open it in a browser.")
