"""The records of a run, gathered into what the page Train draws. Pure: typed records in, their state out."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import accumulate
from typing import TypeVar

from fairprog_core.common.records import (
    BaseRecord,
    CurveRecord,
    Record,
    StageRecord,
    TrainRecord,
    ValidationRecord,
)
from fairprog_core.results.summary import SummaryRow

T = TypeVar("T")
MAX_POINTS = 500  # per trace


@dataclass
class CurveSoFar:
    """What is known of one curve while it trains; lists run over steps or over λ."""

    key: str
    steps_in_all: int = 0
    step: list[int] = field(default_factory=list)
    utility_loss: list[float] = field(default_factory=list)
    discriminator_accuracy: list[float] = field(default_factory=list)
    chance: float | None = None
    latest: ValidationRecord | None = None  # the newest validation record
    best: ValidationRecord | None = None  # the validation record of the best iterate
    is_finished: bool = False


@dataclass
class RunProgress:
    """Where a run stands."""

    stage: str = ""
    label: str = ""
    fraction: float = 0.0
    seconds_left: float | None = None
    base: list[BaseRecord] = field(default_factory=list)  # records of the base's training
    curves: dict[str, CurveSoFar] = field(default_factory=dict)
    current: str | None = None  # key of the curve that moved last


def gather(records: Iterable[Record], *, after: RunProgress | None = None) -> RunProgress:
    """Read records in their order; kinds that a later version knows are skipped.

    Args:
        records: of one run.
        after: what came before them; it stays as it is.
    """
    progress = _copy(after) if after else RunProgress()
    for record in records:
        _add(progress, record)
    return progress


def learned(figures: Sequence[SummaryRow]) -> list[SummaryRow]:
    """The main figures of what was learned, without controls, which have no λ."""
    return [row for row in figures if any(lam is not None for lam in row["lam"])]


def thin(values: list[T], n_most: int = MAX_POINTS) -> list[T]:
    """At most ``n_most`` values, evenly spaced, the first and the last among them."""
    if len(values) <= n_most:
        return values
    return [values[round(i * (len(values) - 1) / (n_most - 1))] for i in range(n_most)]


def running_mean(values: Sequence[float], n_last: int = 20) -> list[float]:
    """The mean of the last ``n_last`` values at each position; of fewer at the beginning."""
    sums = [0.0, *accumulate(values)]
    return [(sums[i + 1] - sums[max(i + 1 - n_last, 0)]) / min(i + 1, n_last) for i in range(len(values))]


def _copy(progress: RunProgress) -> RunProgress:
    curves = {key: _copy_of_curve(curve) for key, curve in progress.curves.items()}
    return replace(progress, base=[*progress.base], curves=curves)


def _copy_of_curve(curve: CurveSoFar) -> CurveSoFar:
    return replace(
        curve,
        step=[*curve.step],
        utility_loss=[*curve.utility_loss],
        discriminator_accuracy=[*curve.discriminator_accuracy],
    )


def _add(progress: RunProgress, record: Record) -> None:
    if record["kind"] == "stage":
        _stage(progress, record)
    elif record["kind"] == "base":
        progress.base.append(record)
    elif record["kind"] == "train":
        _train(progress, record)
    elif record["kind"] == "validation":
        _validation(progress, record)
    elif record["kind"] == "curve":
        _curve(progress, record).is_finished = True
    elif record["kind"] == "result":
        progress.fraction, progress.seconds_left = 1.0, 0.0


def _stage(progress: RunProgress, record: StageRecord) -> None:
    progress.stage, progress.label = record["stage"], record.get("label", "")
    progress.fraction = min(max(float(record.get("fraction") or 0.0), 0.0), 1.0)
    progress.seconds_left = record.get("seconds_left")


def _train(progress: RunProgress, record: TrainRecord) -> None:
    curve = _curve(progress, record)
    if curve.step and record["step"] <= curve.step[-1]:  # a resumed curve goes back to its checkpoint
        _forget_from(curve, record["step"])
    curve.steps_in_all = record["steps"]
    curve.chance = record.get("chance")
    curve.step.append(record["step"])
    curve.utility_loss.append(record["utility_loss"])
    curve.discriminator_accuracy.append(record["discriminator_accuracy"])


def _validation(progress: RunProgress, record: ValidationRecord) -> None:
    curve = _curve(progress, record)
    curve.latest = record
    if record.get("is_best") or curve.best is None:
        curve.best = record


def _curve(progress: RunProgress, record: TrainRecord | ValidationRecord | CurveRecord) -> CurveSoFar:
    key = record["curve"]
    progress.current = key
    return progress.curves.setdefault(key, CurveSoFar(key))


def _forget_from(curve: CurveSoFar, step: int) -> None:
    keep = sum(1 for seen in curve.step if seen < step)
    for values in (curve.step, curve.utility_loss, curve.discriminator_accuracy):
        del values[keep:]
