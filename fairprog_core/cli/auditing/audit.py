"""``fairprog audit``: how unequal a classifier is, from a file of its predictions or before a study is run."""

from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, Progress, TextColumn

from fairprog_core.api.auditing.audit import Audit
from fairprog_core.api.auditing.files import SCHEMA, TABLE_START, audit_csv, audit_json
from fairprog_core.api.auditing.from_file import AuditColumns, audit_file
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
from fairprog_core.cli.terminal.console import HomeOption, SetOption, console, open_home, say, write_text
from fairprog_core.common.errors import ConfigError, escaped
from fairprog_core.common.files.destination import Product, check_destination, has_header, has_schema
from fairprog_core.common.home import Home, user_path
from fairprog_core.study import Study
from fairprog_core.study.load import load_study, presets

AUDIT_FILE = Product("an audit that fairprog wrote", has_schema(SCHEMA.partition("/")[0]))
AUDIT_TABLE = Product("a table of an audit that fairprog wrote", has_header(TABLE_START))


def audit(
    file: Annotated[
        str,
        typer.Argument(
            metavar="FILE",
            help="Predictions as CSV, TSV, JSONL or Parquet, also packed; or a study: a TOML file or a preset.",
        ),
    ],
    label: LabelOption = "",
    prediction: PredictionOption = None,
    group: GroupOption = None,
    positive: PositiveOption = "",
    labels: LabelsOption = "",
    threshold: ThresholdOption = None,
    label_threshold: LabelThresholdOption = None,
    weight: WeightOption = "",
    json_file: Annotated[
        Path | None, typer.Option("--json", parser=user_path, metavar="FILE", help="Write the figures to a file too.")
    ] = None,
    csv_file: Annotated[
        Path | None, typer.Option("--csv", parser=user_path, metavar="FILE", help="Write them as a table too.")
    ] = None,
    settings: SetOption = None,
    home: HomeOption = None,
) -> None:
    """Measure a classifier by its predictions; nothing is trained.

    Prints every metric with its 95 % interval, the rates of every group and combination of groups, what noise alone
    would show and which differences these rows can detect. Rows without a group are counted.

    Of a study, the frozen base predicts the validation rows; a base that would have to be trained is refused.
    """
    for target, product in ((json_file, AUDIT_FILE), (csv_file, AUDIT_TABLE)):
        if target:
            check_destination(target, product)
    about: dict[str, object]
    if _is_study(file):
        study = load_study(file, settings or [])
        about, found = {"study": study.to_json(), "split": "val"}, _of_study(study, open_home(home))
    else:
        columns = columns_of(label, prediction, group, positive, labels, threshold, label_threshold, weight)
        _check_named(columns)
        of_file = audit_file(file, columns)
        about, found = of_file.about(), of_file.audit
    say(repr(found))
    if json_file:
        write_text(json_file, audit_json(found, about), AUDIT_FILE)
    if csv_file:
        write_text(csv_file, audit_csv(found), AUDIT_TABLE)


def _is_study(file: str) -> bool:
    return file in presets() or file.lower().endswith(".toml")


def _check_named(columns: AuditColumns) -> None:
    """Refuse a file without the columns that an audit needs.

    Raises:
        ConfigError: an option is missing.
    """
    for option, given in (("label", columns.label), ("prediction", columns.prediction), ("group", columns.groups)):
        if not given:
            raise ConfigError(
                f"--{option} is missing; name the columns of a file with --label, --prediction and --group, or give a "
                "study, whose TOML file ends in .toml."
            )


def _of_study(study: Study, home: Home) -> Audit:
    """The audit of the base of a study, with a progress bar."""
    with console().status("Loading torch …"):
        from fairprog_core.api.auditing.first_look import first_look
    columns = (TextColumn("{task.description}", markup=False), BarColumn())
    with Progress(*columns, console=console(), transient=True) as progress:
        task = progress.add_task("", total=1.0)
        look = first_look(study, home=home)
        while True:
            try:
                record = next(look)
            except StopIteration as ended:
                found: Audit = ended.value
                return found
            if record["kind"] == "stage":
                progress.update(task, completed=record["fraction"], description=escaped(record["label"]))
