"""A curve of a study: its trained artifact, its chosen λ and its points, as in the result JSON.

``curve.json`` in the curve's folder contains a `FinishedCurve`; ``result.json`` contains all of them.
"""

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path, PurePosixPath
from typing import Any, TypeAlias, TypeVar

from pydantic import ConfigDict, TypeAdapter, ValidationError

from fairprog_core.common.errors import ArtifactError
from fairprog_core.common.files.json_values import plain
from fairprog_core.common.home import replacing
from fairprog_core.common.records import Front
from fairprog_core.methods import METHODS
from fairprog_core.metrics.explanations.averages import Explanation
from fairprog_core.metrics.explanations.by_condition import JsonObject
from fairprog_core.metrics.explanations.probe import Probe
from fairprog_core.metrics.fairness import METRICS
from fairprog_core.metrics.intervals import EstimateJson
from fairprog_core.metrics.point import Point, first_problem
from fairprog_core.results.run_folder import locate

CurveJson: TypeAlias = dict[str, Any]  # the fields of a curve, and the points of one on another base in flat form
T = TypeVar("T")


@dataclass(frozen=True)
class CurveId:
    """The identity of a curve, and its λ.

    Attributes:
        key: unique within the study; the name of its folder.
        method: registry key.
        trigger: name of the trigger; None for a method without one.
        criterion: registry key.
        seed: of the curve.
        tuning_ratio: share of the tuning split that was used; None in results of early versions.
        gap: the metric of the criterion.
        lams: the reported λ, ascending.
        chosen_lam: the λ to quote, chosen on validation; one of ``lams``.
    """

    __pydantic_config__ = ConfigDict(allow_inf_nan=False)

    key: str
    method: str
    trigger: str | None
    criterion: str
    seed: int
    gap: str
    lams: list[float]
    chosen_lam: float
    tuning_ratio: float | None = None

    def __post_init__(self) -> None:
        if self.chosen_lam not in self.lams:
            raise ValueError(f"the chosen λ ({self.chosen_lam:g}) is none of the reported ones")
        if PurePosixPath(self.key).name != self.key:
            raise ValueError(f"the key {self.key!r:.60} is no name of a folder")
        if self.gap not in METRICS:
            raise ValueError(f"{self.gap!r:.60} is no metric; metrics are {', '.join(METRICS)}")

    @property
    def name(self) -> str:
        """The trigger, or the method if there is none."""
        return self.trigger or self.method

    @property
    def family(self) -> str:
        """The key without the seed, shared by curves that differ only by seed."""
        return self.key.removesuffix(f"-s{self.seed}")

    @property
    def share(self) -> float:
        """The share of the tuning data; results of early versions have none and used all."""
        return self.tuning_ratio or 1.0

    @property
    def is_whole(self) -> bool:
        """Whether it uses all of the tuning data."""
        return self.share == 1

    @property
    def depends_on_seed(self) -> bool:
        """Whether another seed would give another curve.

        A method that is solved exactly does where it learns from a part of the rows, because that is drawn with the
        seed; a method of a later version may.
        """
        known = METHODS.get(self.method)
        return known is None or known.options.depends_on_seed or not self.is_whole


@dataclass(frozen=True)
class Curve(CurveId):
    """A finished curve.

    Attributes:
        hypervolume: on the test split; None if it cannot be estimated.
        validation: the curve on the validation split, on which λ was chosen.
        artifact_name: the trained artifact, relative to the home: a trigger's file, or another method's file or folder.
        n_parameters: number of trained parameters for one λ.
        seconds: of training.
        steps: of training.
        best_step: the step of the best iterate.
        explain: summary of the explanations, see `explanation_of`; empty if the curve has none.
        probe: summary of the demographic probe, see `probe_of`; empty if the curve has none.
        queries: rows sent to a classifier of which only answers are known, by purpose ("learning", "validation",
            "test"); empty if gradients were used.
        folder: of the run that was opened.
    """

    artifact_name: str = ""
    hypervolume: float | None = None
    validation: Front | None = None
    n_parameters: int | None = None
    seconds: float = 0.0
    steps: int = 0
    best_step: int = 0
    explain: JsonObject = field(default_factory=dict)
    probe: JsonObject = field(default_factory=dict)
    queries: dict[str, int] = field(default_factory=dict)
    folder: Path = field(default=Path(), compare=False)

    @property
    def artifact(self) -> Path:
        """The path of the trained artifact in the folder that was opened.

        Raises:
            ArtifactError: the path is outside of the folder.
        """
        return locate(self.folder, self.artifact_name)

    @property
    def gallery_file(self) -> Path:
        """The path of the gallery."""
        return self.folder / "curves" / self.key / "gallery.safetensors"

    def to_json(self) -> CurveJson:
        """The curve as in the result JSON."""
        values = {name: getattr(self, _ATTRIBUTES.get(name, name)) for name in _ORDER}
        return values | ({"queries": self.queries} if self.queries else {})

    @classmethod
    def from_json(cls, values: object, *, folder: Path, where: str) -> "Curve":
        """Parse a curve of the result JSON.

        Args:
            values: of the JSON.
            folder: of the run.
            where: the file, for the error.

        Raises:
            ArtifactError: a value is missing or of another type.
        """
        by_key = _mapping(values, where)
        known = {_ATTRIBUTES.get(name, name): by_key[name] for name in (*_ORDER, "queries") if name in by_key}
        return dataclasses.replace(validate(_curve(), known, where), folder=folder)


@dataclass(frozen=True)
class FinishedCurve:
    """A finished curve and its points: those at the reported λ, then controls."""

    curve: Curve
    points: list[Point]

    @property
    def chosen(self) -> Point:
        """The point at the λ to quote."""
        return point_at(self.points, self.curve)

    def explained(self, explain: Explanation, probe: Probe | None) -> "FinishedCurve":
        """A copy with the summaries of its explanations."""
        found = dataclasses.replace(self.curve, explain=explain.to_json(), probe=probe.to_json() if probe else {})
        return dataclasses.replace(self, curve=found)

    @classmethod
    def read(cls, file: Path, *, folder: Path) -> "FinishedCurve | None":
        """Read ``curve.json``; None if it does not exist yet.

        Raises:
            ArtifactError: it is damaged.
        """
        if not file.exists():
            return None
        values = read_json(file, remedy="remove it to evaluate this curve again")
        points = [Point.from_json(point, where=str(file)) for point in sequence(values, "points", str(file))]
        return cls(Curve.from_json(values.get("curve"), folder=folder, where=str(file)), points)

    def write(self, file: Path) -> None:
        """Write ``curve.json``, atomically."""
        values = {"curve": self.curve.to_json(), "points": [point.to_json() for point in self.points]}
        with replacing(file) as part:
            part.write_text(json.dumps(plain(values), allow_nan=False), "utf-8")


@dataclass(frozen=True)
class TransferCurve(CurveId):
    """A curve's trigger on another base.

    Attributes:
        kept: the share of the gain at the chosen λ that is kept on the other base.
        points: at every λ, and controls.
    """

    kept: EstimateJson = field(default_factory=lambda: EstimateJson(value=None, ci=None))
    points: list[Point] = field(default_factory=list)

    @property
    def chosen(self) -> Point:
        """The point at the λ that was chosen on the study's own base."""
        return point_at(self.points, self)

    def to_json(self) -> CurveJson:
        """The curve as in the result JSON."""
        values = {name: getattr(self, name) for name in _TRANSFER_ORDER}
        return values | {"kept": self.kept, "points": [point.to_json() for point in self.points]}

    @classmethod
    def from_json(cls, values: object, *, where: str) -> "TransferCurve":
        """Parse a curve of the result JSON.

        Raises:
            ArtifactError: a value is missing or of another type.
        """
        by_key = _mapping(values, where)
        known = {name: by_key[name] for name in (*_TRANSFER_ORDER, "kept") if name in by_key}
        points = [Point.from_json(point, where=where) for point in sequence(by_key, "points", where)]
        return dataclasses.replace(validate(_transfer_curve(), known, where), points=points)


@dataclass(frozen=True)
class Transfer:
    """The triggers of a study on another base.

    Attributes:
        source: name of the base that they were trained on.
        base: name of the other base.
        point: the other base without a trigger.
        curves: one per curve with a trigger.
    """

    source: str
    base: str
    point: Point
    curves: list[TransferCurve]

    def to_json(self) -> CurveJson:
        """The transfer as in the result JSON."""
        curves = [curve.to_json() for curve in self.curves]
        return {"source": self.source, "base": self.base, "point": self.point.to_json(), "curves": curves}

    @classmethod
    def from_json(cls, values: object, *, where: str) -> "Transfer":
        """Parse a transfer of the result JSON.

        Raises:
            ArtifactError: a value is missing or of another type.
        """
        by_key = _mapping(values, where)
        names = validate(_names(), {name: by_key.get(name) for name in ("source", "base")}, where)
        return cls(
            **names,
            point=Point.from_json(by_key.get("point", {}), where=where),
            curves=[TransferCurve.from_json(each, where=where) for each in sequence(by_key, "curves", where)],
        )


def point_at(points: list[Point], curve: CurveId) -> Point:
    """The point of a curve at its chosen λ.

    Raises:
        ArtifactError: it is missing.
    """
    for point in points:
        if (point.method, point.lam) == (curve.method, curve.chosen_lam):
            return point
    raise ArtifactError(
        f"The curve {curve.key} has no point at its chosen λ ({curve.chosen_lam:g}); run the study again."
    )


def read_json(file: Path, *, remedy: str) -> dict[str, Any]:
    """The JSON object in a file.

    Raises:
        ArtifactError: the file is not readable, or is not a JSON object.
    """
    try:
        text = file.read_text("utf-8")
        values = json.loads(text)
        if "\\ud" in text.lower():  # half a surrogate pair is no text: nothing could show or write it
            json.dumps(values, ensure_ascii=False).encode("utf-8")
    except (OSError, ValueError, RecursionError) as error:
        raise ArtifactError(f"{file} is damaged ({error!s:.100}); {remedy}.") from error
    if not isinstance(values, dict):
        raise ArtifactError(f"{file} is damaged (it holds no table of keys and values); {remedy}.")
    return values


def sequence(values: Mapping[str, object], name: str, where: str) -> list[Any]:
    """The list under a key.

    Raises:
        ArtifactError: it is missing or not a list.
    """
    found = values.get(name)
    if not isinstance(found, list):
        raise ArtifactError(f"{where} is damaged ({name!r} is no list); run the study again.")
    return found


def validate(adapter: TypeAdapter[T], values: object, where: str) -> T:
    """Validate values.

    Raises:
        ArtifactError: a value is of another type; the message names the first one.
    """
    try:
        return adapter.validate_python(values)
    except ValidationError as error:
        raise ArtifactError(f"{where} is damaged ({first_problem(error)}); run the study again.") from error


def _mapping(values: object, where: str) -> Mapping[str, Any]:
    if not isinstance(values, Mapping):
        raise ArtifactError(f"{where} is damaged (a curve is {values!r:.40}); run the study again.")
    return values


_ORDER = (
    "key", "method", "trigger", "criterion", "seed", "tuning_ratio", "gap", "lams", "hypervolume", "chosen_lam",
    "validation", "artifact", "n_parameters", "seconds", "steps", "best_step", "explain", "probe",
)  # fmt: skip
_ATTRIBUTES = {"artifact": "artifact_name"}  # JSON key -> attribute, where they differ
_TRANSFER_ORDER = ("key", "method", "trigger", "criterion", "seed", "tuning_ratio", "gap", "lams", "chosen_lam")


@cache
def _curve() -> TypeAdapter[Curve]:
    return TypeAdapter(Curve)


@cache
def _transfer_curve() -> TypeAdapter[TransferCurve]:
    return TypeAdapter(TransferCurve)


@cache
def _names() -> TypeAdapter[dict[str, str]]:
    return TypeAdapter(dict[str, str])
