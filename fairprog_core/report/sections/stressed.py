"""Whether the effect holds when inputs change on the way, and calibration per group: what ``fairprog stress`` kept."""

from dataclasses import dataclass, field

from fairprog_core.common.errors import ArtifactError
from fairprog_core.pipeline.stress.stress_result import (
    GroupCalibration,
    StressedCurve,
    StressFigures,
    StressResult,
    read_stress,
)
from fairprog_core.pipeline.stress.survival import stress_sentence
from fairprog_core.report.figures import names, numbers
from fairprog_core.report.figures.family import Family
from fairprog_core.results.run_folder import is_shipped

NONE = (
    "Whether the effect holds after JPEG, resizing, typos and the like was not computed. fairprog stress RUN --keep "
    "computes it."
)
SHIPPED = "Whether the effect holds after JPEG, resizing, typos and the like was not computed for this shipped study."
NO_TRIGGER = "This method has no trigger whose inputs could be changed."
DAMAGED = "The saved figures of fairprog stress are damaged; run it again."
COLUMNS = ("Change", "Gap of the base", "Gap with the trigger", "Gap of the control", "Accuracy")
CALIBRATED = ("Group", "Rows", "No trigger", "With the trigger", "Control")
CAPTION = "At λ = {lam}, on {n:,} of {n_test:,} test rows; 95 % intervals."
CALIBRATION = (
    "Calibration: how far stated probabilities lie from what came true (expected calibration error) on unchanged rows; "
    "below, what noise alone stays below."
)
EVERYONE = "all"


@dataclass(frozen=True)
class StressCell:
    """A figure and its note."""

    text: str
    note: str = ""


@dataclass(frozen=True)
class Stressed:
    """The figures after every change; ``problem`` says why there are none."""

    problem: str = ""
    says: str = ""
    caption: str = ""
    rows: list[list[StressCell]] = field(default_factory=list)
    calibration: list[list[StressCell]] = field(default_factory=list)


def stressed(family: Family) -> Stressed:
    """The figures of the first seed's curve."""
    if family.first.trigger is None:
        return Stressed(NO_TRIGGER)
    try:
        found = read_stress(family.result.folder)
    except ArtifactError:
        return Stressed(DAMAGED)
    curve = found.curve(family.first.key) if found else None
    if found is None or curve is None:
        return Stressed(SHIPPED if is_shipped(family.result.folder) else NONE)
    says = stress_sentence(curve)
    return Stressed("", says[:1].upper() + says[1:], _caption(found, curve), _rows(curve), _calibration(curve))


def _caption(found: StressResult, curve: StressedCurve) -> str:
    return CAPTION.format(lam=names.lam(curve.lam), n=found.n, n_test=found.n_test)


def _rows(curve: StressedCurve) -> list[list[StressCell]]:
    return [
        [StressCell(row.title), _gap(row.base), _gap(row.trigger), _gap(row.control), _accuracy(row.base, row.trigger)]
        for row in curve.rows
    ]


def _gap(found: StressFigures) -> StressCell:
    note = numbers.brackets(found.gap).strip()
    return StressCell(numbers.number(found.gap.value), f"{note} {names.COLLAPSED}" if found.is_collapsed else note)


def _accuracy(base: StressFigures, trigger: StressFigures) -> StressCell:
    text = f"{numbers.number(base.accuracy.value)} → {numbers.number(trigger.accuracy.value)}"
    return StressCell(text, numbers.brackets(trigger.accuracy).strip())


def _calibration(curve: StressedCurve) -> list[list[StressCell]]:
    conditions = [curve.calibration[name] for name in ("base", "trigger", "control")]
    return [
        [StressCell(names.group(group[0].group or EVERYONE)), StressCell(f"{group[0].n:,}"), *map(_error, group)]
        for group in zip(*conditions, strict=False)
    ]


def _error(found: GroupCalibration) -> StressCell:
    return StressCell(numbers.number(found.error), "" if found.noise is None else f"noise alone: {found.noise:.3f}")
