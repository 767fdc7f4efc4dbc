"""The records of a run: a training and a study yield them while they work; the store keeps them as JSON.

A method yields "train", "validation" and "fitted" records; the study adds the key of the curve, and yields "stage",
"base", "curve" and "result" records of its own.
"""

from typing import Any, Literal, NotRequired, TypeAlias

from typing_extensions import TypedDict  # pydantic supports typing.TypedDict only from Python 3.12 on


class Stored(TypedDict, total=False):
    """Keys that the store adds to a record: its number in the run, and its time in seconds since 1970."""

    seq: int
    time: float


class StageRecord(Stored):
    """Progress of a study: ``fraction`` of the whole (0 … 1), and the estimated seconds left, None if unknown.

    ``shares`` are the finished shares (0 … 1) of the stages; missing in runs of earlier versions.
    """

    kind: Literal["stage"]
    stage: str
    label: str
    fraction: float
    seconds_left: float | None
    shares: NotRequired[dict[str, float]]


class BaseRecord(Stored):
    """The training of the base: mean ``loss`` (nats) and ``accuracy`` of the training rows since the last record."""

    kind: Literal["base"]
    step: int
    steps: int
    loss: float
    accuracy: float


class Losses(TypedDict):
    """The losses of one training step.

    ``utility_loss`` is in nats, ``fairness_loss`` in the penalty's unit; ``discriminator_accuracy`` is the share of
    rows whose group the discriminator predicts correctly, ``chance`` that of always predicting the most frequent group.
    ``angle`` (degrees, in some steps) is the one between the gradients of both losses: above 90 they pull apart.
    """

    utility_loss: float
    fairness_loss: float
    discriminator_accuracy: float
    chance: float
    queries: NotRequired[int]  # rows sent so far to learn, where only answers are known
    angle: NotRequired[float]


class TrainRecord(Losses, Stored):
    """One training step; ``steps`` is their total number."""

    kind: Literal["train"]
    curve: NotRequired[str]
    step: int
    steps: int


class Front(TypedDict):
    """A curve on validation rows: one value per λ, the metrics of the base, and the hypervolume of the curve.

    ``loss_error`` is the standard error of the accuracy lost against the base.
    """

    lam: list[float]
    accuracy: list[float]
    gap: list[float]
    is_collapsed: list[bool]
    loss_error: list[float]
    hypervolume: float
    base_accuracy: float
    base_gap: float
    majority_accuracy: float


class ValidationRecord(Front, Stored):
    """A validation; ``is_best`` if no earlier one of this training had a larger hypervolume."""

    kind: Literal["validation"]
    curve: NotRequired[str]
    step: int
    steps: NotRequired[int]
    is_best: bool


class LiveRow(TypedDict):
    """One row while a trigger learns: ``before`` and ``after`` are P(``shown``) without and with the trigger.

    ``said_before`` and ``said_after`` are the predicted classes, ``picture`` is a data URI of the row with the trigger.
    """

    label: str
    groups: list[str]
    shown: str
    before: float
    after: float
    said_before: str
    said_after: str
    picture: NotRequired[str]
    text: NotRequired[str]


class LiveRecord(Stored):
    """What a visitor sees of a trigger in training: a few validation rows at one λ; not used for the result.

    ``front`` is a rough curve on ``n_rows`` rows, in the first steps; ``words`` are those nearest to a text's trigger.
    """

    kind: Literal["live"]
    curve: str
    step: int
    steps: int
    lam: float
    rows: list[LiveRow]
    words: NotRequired[list[str]]
    front: NotRequired[Front]
    n_rows: NotRequired[int]


class Fit(TypedDict):
    """A finished training: its duration, and the step and the validation of the best iterate."""

    steps: int
    seconds: float
    best_step: int
    validation: Front | None
    queries: NotRequired[int]  # rows sent to learn, where only answers are known


class FittedRecord(Fit):
    """The last record of a training."""

    kind: Literal["fitted"]


class CurveRecord(Stored):
    """The curve with this key is finished, or its explanations are."""

    kind: Literal["curve"]
    curve: str


class ResultRecord(Stored):
    """The whole study is finished."""

    kind: Literal["result"]


class WarningRecord(Stored):
    """A sentence that whoever reads the result has to know; ``is_grave`` where the result may mean nothing."""

    kind: Literal["warning"]
    text: str
    is_grave: bool


class AuditRecord(Stored):
    """The audit of the base on the rows of a split; ``figures`` has the keys of `fairprog_core.audit`."""

    kind: Literal["audit"]
    split: str
    figures: dict[str, Any]


class WorkerRecord(Stored):
    """A worker ended before it began this queued run; ``error`` says how."""

    kind: Literal["worker"]
    error: str


TrainingRecord: TypeAlias = TrainRecord | ValidationRecord
CurveInTraining: TypeAlias = TrainingRecord | LiveRecord
Record: TypeAlias = (
    StageRecord
    | BaseRecord
    | TrainRecord
    | ValidationRecord
    | LiveRecord
    | CurveRecord
    | ResultRecord
    | WarningRecord
    | AuditRecord
    | WorkerRecord
)


class Mean(TypedDict):
    """A mean, its 95 % interval (None if it cannot be estimated), and the number of rows it is over."""

    value: float
    ci: list[float] | None
    n: int


def train_record(losses: Losses, *, step: int, steps: int) -> TrainRecord:
    """The record of one step."""
    record = TrainRecord(
        kind="train", step=step, steps=steps, utility_loss=losses["utility_loss"],
        fairness_loss=losses["fairness_loss"], discriminator_accuracy=losses["discriminator_accuracy"],
        chance=losses["chance"],
    )  # fmt: skip
    if "queries" in losses:
        record["queries"] = losses["queries"]
    if "angle" in losses:
        record["angle"] = losses["angle"]
    return record


def validation_record(front: Front, *, step: int, is_best: bool) -> ValidationRecord:
    """The record of a validation."""
    return ValidationRecord(
        kind="validation", step=step, is_best=is_best, lam=front["lam"], accuracy=front["accuracy"], gap=front["gap"],
        is_collapsed=front["is_collapsed"], loss_error=front["loss_error"], hypervolume=front["hypervolume"],
        base_accuracy=front["base_accuracy"], base_gap=front["base_gap"],
        majority_accuracy=front["majority_accuracy"],
    )  # fmt: skip
