"""The progress of a run, computed from its records; the page Train draws it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import accumulate
from typing import TypeVar

from fairprog_core.common.records import (
    BaseRecord,
    CurveRecord,
    LiveRecord,
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
    """The training of one curve so far; the lists have one value per recorded step."""

    key: str
    n_steps: int = 0  # planned
    step: list[int] = field(default_factory=list)
    utility_loss: list[float] = field(default_factory=list)
    discriminator_accuracy: list[float] = field(default_factory=list)
    chance: float | None = None
    angles: list[tuple[int, float]] = field(default_factory=list)  # (step, degrees), of some steps
    latest: ValidationRecord | None = None
    best: ValidationRecord | None = None  # of the best iterate
    validations: list[ValidationRecord] = field(default_factory=list)
    live: LiveRecord | None = None  # the newest look at rows with the trigger
    rough: LiveRecord | None = None  # the newest one with a rough curve
    is_finished: bool = False


@dataclass
class RunProgress:
    """The progress of a run: stage, share done, and the curves so far."""

    stage: str = ""
    label: str = ""
    fraction: float = 0.0
    seconds_left: float | None = None
    shares: dict[str, float] = field(default_factory=dict)  # finished share by stage
    base: list[BaseRecord] = field(default_factory=list)  # records of the base's training
    curves: dict[str, CurveSoFar] = field(default_factory=dict)
    current: str | None = None  # key of the curve that is followed: the first one that is not finished
    warnings: dict[str, bool] = field(default_factory=dict)  # sentences, each once, and whether it is grave


def gather(records: Iterable[Record], *, after: RunProgress | None = None) -> RunProgress:
    """Add records to the progress of a run; records of an unknown kind are skipped.

    Args:
        records: of one run, in their order.
        after: the progress before these records; it is not modified.
    """
    progress = _copy(after) if after else RunProgress()
    for record in records:
        _add(progress, record)
    return progress


def without_controls(figures: Sequence[SummaryRow]) -> list[SummaryRow]:
    """The rows that have a λ; controls have none."""
    return [row for row in figures if any(lam is not None for lam in row["lam"])]


def thin(values: list[T], n_most: int = MAX_POINTS) -> list[T]:
    """At most ``n_most`` values, evenly spaced; the first and the last are kept."""
    if len(values) <= n_most:
        return values
    return [values[round(i * (len(values) - 1) / (n_most - 1))] for i in range(n_most)]


def running_mean(values: Sequence[float], n_last: int = 20) -> list[float]:
    """The mean of the last ``n_last`` values at each position; at the beginning, of all values so far."""
    sums = [0.0, *accumulate(values)]
    return [(sums[i + 1] - sums[max(i + 1 - n_last, 0)]) / min(i + 1, n_last) for i in range(len(values))]


def _copy(progress: RunProgress) -> RunProgress:
    curves = {key: _copy_of_curve(curve) for key, curve in progress.curves.items()}
    return replace(progress, base=[*progress.base], curves=curves, warnings={**progress.warnings})


def _copy_of_curve(curve: CurveSoFar) -> CurveSoFar:
    return replace(
        curve,
        step=[*curve.step],
        utility_loss=[*curve.utility_loss],
        discriminator_accuracy=[*curve.discriminator_accuracy],
        validations=[*curve.validations],
        angles=[*curve.angles],
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
    elif record["kind"] == "live":
        _live(progress, record)
    elif record["kind"] == "curve":
        _curve(progress, record).is_finished = True
    elif record["kind"] == "warning":
        progress.warnings[record["text"]] = record.get("is_grave", True)
    elif record["kind"] == "result":
        progress.fraction, progress.seconds_left = 1.0, 0.0


def _stage(progress: RunProgress, record: StageRecord) -> None:
    progress.stage, progress.label = record["stage"], record.get("label", "")
    progress.fraction = min(max(float(record.get("fraction") or 0.0), 0.0), 1.0)
    progress.seconds_left = record.get("seconds_left")
    progress.shares = record.get("shares") or progress.shares


def _train(progress: RunProgress, record: TrainRecord) -> None:
    curve = _curve(progress, record)
    if curve.step and record["step"] <= curve.step[-1]:  # a resumed curve restarts at its checkpoint
        _drop_from(curve, record["step"])
    curve.n_steps = record["steps"]
    curve.chance = record.get("chance")
    curve.step.append(record["step"])
    curve.utility_loss.append(record["utility_loss"])
    curve.discriminator_accuracy.append(record["discriminator_accuracy"])
    if "angle" in record:
        curve.angles.append((record["step"], record["angle"]))


def _validation(progress: RunProgress, record: ValidationRecord) -> None:
    curve = _curve(progress, record)
    curve.latest = record
    curve.validations = [*(each for each in curve.validations if each["step"] < record["step"]), record]
    if record.get("is_best") or curve.best is None:
        curve.best = record


def _live(progress: RunProgress, record: LiveRecord) -> None:
    curve = _curve(progress, record)
    curve.live = record
    if "front" in record:
        curve.rough = record


def _curve(progress: RunProgress, record: TrainRecord | ValidationRecord | LiveRecord | CurveRecord) -> CurveSoFar:
    key = record["curve"]
    followed = progress.curves.get(progress.current or "")
    if followed is None or followed.is_finished:  # of several that learn at once, one is followed to its end
        progress.current = key
    return progress.curves.setdefault(key, CurveSoFar(key))


def _drop_from(curve: CurveSoFar, step: int) -> None:
    n_kept = sum(1 for earlier in curve.step if earlier < step)
    for values in (curve.step, curve.utility_loss, curve.discriminator_accuracy):
        del values[n_kept:]
    curve.angles = [(at, angle) for at, angle in curve.angles if at < step]
