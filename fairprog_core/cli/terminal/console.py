"""Shared by the commands: output, options, and the format of numbers and times."""

import json
import re
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console, RenderableType
from rich.style import StyleType
from rich.table import Table

from fairprog_core.common.errors import escaped
from fairprog_core.common.files.destination import Product, writing
from fairprog_core.common.home import Home, user_path
from fairprog_core.metrics.intervals import Estimate, EstimateJson
from fairprog_core.metrics.point import gap_note
from fairprog_core.pipeline.tasks.cluster.address import VARIABLE
from fairprog_core.results.experiments import ExperimentRow
from fairprog_core.results.summary import SummaryRow

WIDTH = 160  # of tables in a file or a pipe
_NOT_ESCAPED = re.compile(r"[\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")  # by json.dumps

OnOption = Annotated[
    str | None,
    typer.Option(
        "--on",
        metavar="ADDRESS",
        envvar=VARIABLE,
        help="Cluster that computes the curves: ray, or ray://host:port. Default: this machine.",
    ),
]
HomeOption = Annotated[
    Path | None,
    typer.Option(
        "--home",
        parser=user_path,
        metavar="PATH",
        help="Folder of runs, caches and models. Default: FAIRPROG_HOME, else the platform's.",
    ),
]
SetOption = Annotated[
    list[str] | None,
    typer.Option(
        "--set", metavar="KEY.PATH=VALUE",
        help="Set one value, e.g. classifier.source=train, seeds=0,1,2 or triggers=border,patch. Repeatable.",
    ),
]  # fmt: skip
JsonFlag = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]


def console() -> Console:
    """Standard output, wide enough for a table without a terminal; names are never read as markup or emoji."""
    return Console(highlight=False, markup=False, emoji=False, width=None if sys.stdout.isatty() else WIDTH)


class PlainTable(Table):
    """A table without lines between its cells; control characters in its texts become visible."""

    def __init__(self, *, title: str | None = None, show_header: bool = True) -> None:
        super().__init__(
            title=title and escaped(title), title_justify="left", title_style="bold", header_style="bold", box=None,
            pad_edge=False, show_header=show_header,
        )  # fmt: skip

    def add_row(
        self, *renderables: RenderableType | None, style: StyleType | None = None, end_section: bool = False
    ) -> None:
        texts = (escaped(each) if isinstance(each, str) else each for each in renderables)
        super().add_row(*texts, style=style, end_section=end_section)


def say(text: str) -> None:
    """Print lines on stdout, without control characters: they can hold names and paths."""
    typer.echo(escaped(text))


def complain(sentence: str) -> None:
    """Print one line on stderr, without control characters."""
    typer.echo(f"fairprog: {escaped(' '.join(sentence.split()))}", err=True)


def warn(sentence: str) -> None:
    """Print one line on stderr, red in a terminal: whoever reads the figures has to know it."""
    typer.secho(f"fairprog: {escaped(' '.join(sentence.split()))}", err=True, fg="red", bold=True)


def open_home(path: Path | None) -> Home:
    """The home that an option or the environment names.

    Raises:
        ConfigError: the path is not valid, or the folder cannot be created.
    """
    return Home.find(path)


def print_json(value: Any) -> None:
    """Print JSON on stdout; control characters in texts are written as JSON's escape sequences."""
    text = json.dumps(value, indent=2, ensure_ascii=False)
    typer.echo(_NOT_ESCAPED.sub(lambda match: f"\\u{ord(match[0]):04x}", text))


def write_text(path: Path, text: str, product: Product) -> None:
    """Write a file that the user named: as a whole or not at all."""
    with writing(path, product) as part:
        part.write_text(text, "utf-8")


def figures_table(rows: Sequence[SummaryRow], title: str | None = None) -> Table:
    """A table of the main figures: the base and every method, with 95 % intervals."""
    table = PlainTable(title=title)
    for name in ("Method", "Trigger", "Criterion", "Seeds", "λ"):
        table.add_column(name, no_wrap=name != "Seeds")
    has_shares = any(row.get("tuning_ratio") not in (None, 1.0) for row in rows)
    for name in (*["Tuning data"] * has_shares, "Accuracy", "Gap", "Change of the gap"):
        table.add_column(name)
    for row in rows:
        change = row.get("gap_delta") or EstimateJson(value=None, ci=None)
        table.add_row(
            words(row["method"]),
            words(row["trigger"]),
            words(row["criterion"]),
            ", ".join(str(seed) for seed in row["seeds"]),
            ", ".join(number(lam, "g") for lam in dict.fromkeys(row["lam"])),
            *[number(row.get("tuning_ratio"), ".3g")] * has_shares,
            f"{number(row['base_accuracy'])} → {interval(row['accuracy'], row['accuracy_ci'])}",
            f"{base_gap_with_note(row)} → {gap_with_note(row)}",
            interval(change["value"], change["ci"], sign="+"),
        )
    return table


def base_gap_with_note(row: SummaryRow | ExperimentRow) -> str:
    """The gap of the base of a row, and what limits it."""
    gap = Estimate.of(row["base_gap"], row.get("base_gap_ci"))
    found = gap_note(gap, row.get("base_noise_gap"), row.get("few_rows"))
    return f"{number(gap.value)} ({found})" if found else number(gap.value)


def gap_with_note(row: SummaryRow | ExperimentRow) -> str:
    """The gap of a row with its interval, and what limits it."""
    gap = Estimate.of(row["gap"], row["gap_ci"])
    found = gap_note(gap, row.get("noise_gap"), row.get("few_rows"))
    text = f"{interval(gap.value, gap.ci)}{' collapsed' * row['collapsed']}"
    return f"{text}; {found}" if found else text


def words(key: str | None) -> str:
    """A registry key as words: equalized_odds → equalized odds."""
    return (key or "").replace("_", " ")


def number(value: float | None, form: str = ".3f") -> str:
    """A number with a true minus sign, or a dash where it is not estimable."""
    return "–" if value is None else format(value, form).replace("-", "−")


def interval(value: float | None, ci: Sequence[float] | None, sign: str = "", digits: int = 3) -> str:
    """``0.124 [0.101, 0.147]``."""
    form = f"{sign}.{digits}f"
    return number(value, form) + (f" [{number(ci[0], form)}, {number(ci[1], form)}]" if ci else "")


def span(seconds: float) -> str:
    """A duration: 45 s, 3 min 20 s, 2 h 5 min."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def moment(at: float | None) -> str:
    """A point in time, in the local time zone."""
    return "–" if at is None else time.strftime("%Y-%m-%d %H:%M", time.localtime(at))
