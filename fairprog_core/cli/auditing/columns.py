"""Options that say which columns of a file of predictions are what; `audit` and `check` take them."""

from typing import Annotated

import typer

from fairprog_core.api.auditing.from_file import AuditColumns

LabelOption = Annotated[str, typer.Option(metavar="COLUMN", help="Column of the labels.")]
PredictionOption = Annotated[
    list[str] | None,
    typer.Option(
        metavar="COLUMN",
        help="Column of the predicted labels, or of scores of the positive label. Repeat it, or separate columns "
        "by commas, for one score per label.",
    ),
]
GroupOption = Annotated[
    list[str] | None,
    typer.Option(
        metavar="COLUMN",
        help="Column of the groups. Repeatable: columns of yes and no are a group each, others make combinations.",
    ),
]
PositiveOption = Annotated[str, typer.Option(metavar="VALUE", help="The label that counts as positive.")]
LabelsOption = Annotated[str, typer.Option(metavar="A,B", help="The labels in their order, the positive one last.")]
ThresholdOption = Annotated[
    float | None, typer.Option(help="Scores above it count as the positive label. Default: 0.5.")
]
LabelThresholdOption = Annotated[
    float | None, typer.Option(help="Where the label is a score: from which value on it counts as positive.")
]
WeightOption = Annotated[
    str, typer.Option(metavar="COLUMN", help="Weights of rows that were drawn evenly over groups and labels.")
]


def columns_of(
    label: str,
    prediction: list[str] | None,
    group: list[str] | None,
    positive: str,
    labels: str,
    threshold: float | None,
    label_threshold: float | None,
    weight: str,
) -> AuditColumns:
    """The columns that these options name."""
    return AuditColumns(
        label=label, prediction=tuple(prediction or ()), groups=tuple(dict.fromkeys(group or ())),
        labels=tuple(part.strip() for part in labels.split(",") if part.strip()), positive=positive,
        threshold=threshold, label_threshold=label_threshold, weight=weight,
    )  # fmt: skip
