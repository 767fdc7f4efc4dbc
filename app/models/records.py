"""The records of a run, gathered into what the page Train draws. Pure: JSON dicts in, frozen state out."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import accumulate
from typing import Any

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
    latest: Mapping[str, Any] | None = None  # the newest validation record
    best: Mapping[str, Any] | None = None  # the validation record of the best iterate
    is_finished: bool = False


@dataclass
class RunProgress:
    """Where a run stands."""

    stage: str = ""
    label: str = ""
    fraction: float = 0.0
    seconds_left: float | None = None
    base: list[Mapping[str, Any]] = field(default_factory=list)  # records of the base's training
    curves: dict[str, CurveSoFar] = field(default_factory=dict)
    current: str | None = None  # key of the curve that moved last


def gather(records: Iterable[Mapping[str, Any]], *, after: RunProgress | None = None) -> RunProgress:
    """Read records in their order; unknown kinds are skipped.

    Args:
        records: of one run.
        after: what came before them; it stays as it is.
    """
    progress = _copy(after) if after else RunProgress()
    for record in records:
        handler = _HANDLERS.get(record["kind"])
        if handler:
            handler(progress, record)
    return progress


def learned(figures: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The main figures of what was learned, without controls, which have no λ."""
    return [row for row in figures if any(lam is not None for lam in row["lam"])]


def thin(values: list[Any], n_most: int = MAX_POINTS) -> list[Any]:
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
    lists = {name: [*getattr(curve, name)] for name in ("step", "utility_loss", "discriminator_accuracy")}
    return replace(curve, **lists)


def _stage(progress: RunProgress, record: Mapping[str, Any]) -> None:
    progress.stage, progress.label = record["stage"], record.get("label", "")
    progress.fraction = min(max(float(record.get("fraction") or 0.0), 0.0), 1.0)
    progress.seconds_left = record.get("seconds_left")


def _base(progress: RunProgress, record: Mapping[str, Any]) -> None:
    progress.base.append(record)


def _train(progress: RunProgress, record: Mapping[str, Any]) -> None:
    curve = _curve(progress, record)
    if curve.step and record["step"] <= curve.step[-1]:  # a resumed curve goes back to its checkpoint
        _forget_from(curve, record["step"])
    curve.steps_in_all = record["steps"]
    curve.chance = record.get("chance")
    curve.step.append(record["step"])
    curve.utility_loss.append(record["utility_loss"])
    curve.discriminator_accuracy.append(record["discriminator_accuracy"])


def _validation(progress: RunProgress, record: Mapping[str, Any]) -> None:
    curve = _curve(progress, record)
    curve.latest = record
    if record.get("is_best") or curve.best is None:
        curve.best = record


def _finished(progress: RunProgress, record: Mapping[str, Any]) -> None:
    _curve(progress, record).is_finished = True


def _result(progress: RunProgress, record: Mapping[str, Any]) -> None:
    progress.fraction, progress.seconds_left = 1.0, 0.0


def _curve(progress: RunProgress, record: Mapping[str, Any]) -> CurveSoFar:
    key = str(record["curve"])
    progress.current = key
    return progress.curves.setdefault(key, CurveSoFar(key))


def _forget_from(curve: CurveSoFar, step: int) -> None:
    keep = sum(1 for seen in curve.step if seen < step)
    for values in (curve.step, curve.utility_loss, curve.discriminator_accuracy):
        del values[keep:]


_HANDLERS = {
    "stage": _stage,
    "base": _base,
    "train": _train,
    "validation": _validation,
    "curve": _finished,
    "result": _result,
}
