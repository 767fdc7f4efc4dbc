"""``fairprog audit``: how unequal a classifier is, from a file of its predictions."""

import json
from pathlib import Path
from typing import Annotated

import typer

from fairprog_core.api.auditing.from_file import SCHEMA, AuditColumns, FileAudit, audit_file
from fairprog_core.cli.terminal.console import say, write_text
from fairprog_core.common.files.destination import Product, check_destination, has_schema
from fairprog_core.common.home import user_path

AUDIT_FILE = Product("an audit that fairprog wrote", has_schema(SCHEMA.partition("/")[0]))


def audit(
    file: Annotated[str, typer.Argument(metavar="FILE", help="A CSV, TSV, JSONL or Parquet file, also packed.")],
    label: Annotated[str, typer.Option(metavar="COLUMN", help="Column of the labels.")],
    prediction: Annotated[
        list[str],
        typer.Option(
            metavar="COLUMN",
            help="Column of the predicted labels, or of scores of the positive label. Repeat it, or separate columns "
            "by commas, for one score per label.",
        ),
    ],
    group: Annotated[
        list[str],
        typer.Option(
            metavar="COLUMN",
            help="Column of the groups. Repeatable: columns of yes and no are a group each, others make combinations.",
        ),
    ],
    positive: Annotated[str, typer.Option(metavar="VALUE", help="The label that counts as positive.")] = "",
    labels: Annotated[str, typer.Option(metavar="A,B", help="The labels in their order, the positive one last.")] = "",
    threshold: Annotated[
        float | None, typer.Option(help="Scores above it count as the positive label. Default: 0.5.")
    ] = None,
    label_threshold: Annotated[
        float | None, typer.Option(help="Where the label is a score: from which value on it counts as positive.")
    ] = None,
    weight: Annotated[
        str, typer.Option(metavar="COLUMN", help="Weights of rows that were drawn evenly over groups and labels.")
    ] = "",
    json_file: Annotated[
        Path | None, typer.Option("--json", parser=user_path, metavar="FILE", help="Write the figures to a file too.")
    ] = None,
) -> None:
    """Measure a classifier that is known by its predictions alone; nothing is trained.

    Prints every metric with its 95 % interval, the rates of every group and combination of groups, what noise alone
    would show and which differences these rows can detect. Rows without a group are counted.
    """
    if json_file:
        check_destination(json_file, AUDIT_FILE)
    columns = AuditColumns(
        label=label, prediction=tuple(prediction), groups=tuple(dict.fromkeys(group)),
        labels=tuple(part.strip() for part in labels.split(",") if part.strip()), positive=positive,
        threshold=threshold, label_threshold=label_threshold, weight=weight,
    )  # fmt: skip
    _report(audit_file(file, columns), json_file)


def _report(found: FileAudit, json_file: Path | None) -> None:
    say(repr(found.audit))
    if json_file:
        write_text(json_file, json.dumps(found.to_json(), indent=1), AUDIT_FILE)
