"""The figures of triggers on inputs that were changed, as types: ``stress.json`` in a run's folder. Torch-free.

Notation: n test rows, c classes, g groups.
"""

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated, Any

from pydantic import BeforeValidator, ConfigDict, Field, TypeAdapter, ValidationError

from fairprog_core.common.errors import ArtifactError
from fairprog_core.common.files.destination import Product, has_schema
from fairprog_core.common.files.json_values import damaged, plain
from fairprog_core.common.home import is_file, replacing
from fairprog_core.common.options import Modality
from fairprog_core.metrics.fairness import METRICS
from fairprog_core.metrics.intervals import Estimate
from fairprog_core.metrics.point import first_problem
from fairprog_core.results.curve import read_json

SCHEMA = "fairprog.stress/1"
FILE = "stress.json"
STRESS_FILE = Product("a result of fairprog stress", has_schema("fairprog.stress"))
UNCHANGED = "unchanged"
CONDITIONS = ("base", "trigger", "control")
_REMEDY = "run `fairprog stress` again"


def _pair(value: Any) -> Any:
    """{"value", "ci"} as the two values of an ``Estimate``; anything else is returned for pydantic to refuse."""
    return (value.get("value"), value.get("ci")) if isinstance(value, Mapping) else value


StoredEstimate = Annotated[Estimate, BeforeValidator(_pair)]
UnitShare = Annotated[float, Field(ge=0, le=1)]
RowCount = Annotated[int, Field(ge=0, lt=2**53)]
_STRICT = ConfigDict(allow_inf_nan=False)


@dataclass(frozen=True)
class StressFigures:
    """A classifier on rows after one change, with 95 % intervals.

    Attributes:
        gap: the metric of the curve's criterion.
        accuracy: in the natural mix.
        gap_change: the gap minus that of the base on the same rows after the same change, in pairs; of the base itself:
            minus its own gap on unchanged rows.
        accuracy_change: the same of the accuracy.
        is_collapsed: whether the classifier has collapsed, so that a small gap means nothing.
    """

    __pydantic_config__ = _STRICT

    gap: StoredEstimate
    accuracy: StoredEstimate
    gap_change: StoredEstimate
    accuracy_change: StoredEstimate
    is_collapsed: bool


@dataclass(frozen=True)
class StressRow:
    """One change: the base, the trigger and the control on the same rows.

    Attributes:
        change: key of the change; "unchanged" for the rows as they are.
        title: of the change, for the screen.
        n_changed: rows that the classifier reads differently after the change.
        base: without a trigger.
        trigger: with the learned trigger, which was put on before a change of pictures.
        control: with the untrained trigger, or random words.
        beyond_control: the trigger's gap minus the control's, in pairs.
    """

    __pydantic_config__ = _STRICT

    change: str
    title: str
    n_changed: RowCount
    base: StressFigures
    trigger: StressFigures
    control: StressFigures
    beyond_control: StoredEstimate


@dataclass(frozen=True)
class ReliabilityBin:
    """The rows whose stated probability lies in one part of 0 … 1.

    Attributes:
        low: lower end.
        high: upper end.
        n: number of rows.
        stated: mean probability; None without rows.
        found: share of the rows for which it came true; None without rows.
    """

    __pydantic_config__ = _STRICT

    low: UnitShare
    high: UnitShare
    n: RowCount
    stated: UnitShare | None
    found: UnitShare | None


@dataclass(frozen=True)
class GroupCalibration:
    """How well probabilities are calibrated in one group, on unchanged rows.

    Attributes:
        group: its name; None: all rows.
        n: number of rows.
        error: expected calibration error; None without rows.
        noise: the error that calibrated probabilities stay below in 95 of 100 such sets of rows.
        bins: of the reliability diagram.
    """

    __pydantic_config__ = _STRICT

    group: str | None
    n: RowCount
    error: UnitShare | None
    noise: UnitShare | None
    bins: list[ReliabilityBin]


@dataclass(frozen=True)
class StressedCurve:
    """One trigger of a run.

    Attributes:
        key: of its curve.
        trigger: its name.
        criterion: registry key.
        gap: the metric of the criterion.
        lam: λ.
        control: registry key of the control.
        rows: one per change, the unchanged rows first.
        calibration: by "base", "trigger" and "control": all rows, then every group.
        max_accuracy_loss: that was allowed when λ was chosen, 0 … 1; None: not known.
    """

    __pydantic_config__ = _STRICT

    key: str
    trigger: str
    criterion: str
    gap: str
    lam: float
    control: str
    rows: Annotated[list[StressRow], Field(min_length=1)]
    calibration: dict[str, list[GroupCalibration]]
    max_accuracy_loss: UnitShare | None = None

    def __post_init__(self) -> None:
        keys = [row.change for row in self.rows]
        if keys[0] != UNCHANGED or len(set(keys)) < len(keys):
            raise ValueError("the rows are not the unchanged ones and then one per change")
        if self.gap not in METRICS:
            raise ValueError(f"{self.gap!r:.60} is no metric; metrics are {', '.join(METRICS)}")
        if set(self.calibration) != set(CONDITIONS):
            raise ValueError(f"the calibration is not that of {', '.join(CONDITIONS)}")


@dataclass(frozen=True)
class StressResult:
    """The triggers of a run after every change.

    Attributes:
        name: of the study.
        modality: of its data.
        n: number of test rows that were used.
        n_test: number of test rows that there are.
        seed: of the drawn rows, the typos and the noise.
        curves: one per trigger.
        versions: of fairprog and the packages that it computed with.
        seconds: that it took.
    """

    __pydantic_config__ = _STRICT

    name: str
    modality: Modality
    n: RowCount
    n_test: RowCount
    seed: int
    curves: Annotated[list[StressedCurve], Field(min_length=1)]
    versions: dict[str, str]
    seconds: float

    def curve(self, key: str) -> StressedCurve | None:
        """The trigger of a curve; None: it was not measured."""
        return next((each for each in self.curves if each.key == key), None)

    def to_json(self) -> dict[str, object]:
        """The content of ``stress.json``."""
        content: dict[str, object] = plain({"schema": SCHEMA, **_to_json(self)})
        return content

    @classmethod
    def from_json(cls, values: Mapping[str, object], *, path: Path) -> "StressResult":
        """Parse the content of ``stress.json``.

        Raises:
            ArtifactError: a value is missing, or of another type.
        """
        if (found := values.get("schema")) != SCHEMA:
            raise ArtifactError(f"{path} is of version {found!r:.40}, this fairprog reads {SCHEMA!r}; {_REMEDY}.")
        try:
            return _adapter().validate_python({name: value for name, value in values.items() if name != "schema"})
        except ValidationError as error:
            raise ArtifactError(damaged(path, first_problem(error), _REMEDY)) from error

    def save(self, path: Path) -> None:
        """Write the JSON file, atomically."""
        with replacing(path) as part:
            part.write_text(json.dumps(self.to_json(), allow_nan=False), "utf-8")


def read_stress(folder: Path) -> StressResult | None:
    """What `fairprog stress` kept in a run's folder; None: nothing.

    Raises:
        ArtifactError: the file is damaged.
    """
    path = folder / FILE
    return StressResult.from_json(read_json(path, remedy=_REMEDY), path=path) if is_file(path) else None


def _to_json(value: Any) -> Any:
    if isinstance(value, Estimate):
        return value.to_json()
    if dataclasses.is_dataclass(value):
        return {field.name: _to_json(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {name: _to_json(each) for name, each in value.items()}
    return [_to_json(each) for each in value] if isinstance(value, list) else value


@cache
def _adapter() -> TypeAdapter[StressResult]:
    return TypeAdapter(StressResult)
