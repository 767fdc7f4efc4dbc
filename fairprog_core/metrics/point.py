"""A point of a trade-off: one classifier on the test split, every metric with its 95 % interval.

In memory ``metrics`` maps names to ``Estimate``, so that a new metric is only a new key. Only `Point.to_json` and
`Point.from_json` know the flat POINT of the result JSON ("accuracy", "accuracy_ci", …).

Notation: g groups, c classes.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Annotated, Any, TypeAlias

import numpy as np
from pydantic import ConfigDict, Field, TypeAdapter, ValidationError
from typing_extensions import TypedDict  # pydantic supports typing.TypedDict only from Python 3.12 on

from fairprog_core.common.errors import ArtifactError
from fairprog_core.metrics.fairness import METRICS, MIN_INTERVAL_ROWS, smallest_cell
from fairprog_core.metrics.group_tables import ChangeRow, GroupRow, IntersectionRow
from fairprog_core.metrics.intervals import Estimate, EstimateJson
from fairprog_core.metrics.levelling import Levelling

PointJson: TypeAlias = dict[str, Any]  # the flat form, in which the names of the metrics are keys


class FewRows(TypedDict):
    """A group, or a group and label, of too few rows for an interval; its number of rows."""

    n: int
    group: str
    label: str | None


class LeakageJson(TypedDict):
    """Leakage as JSON: bits, accuracy, the change against the base, and the bits of every attacker."""

    bits: EstimateJson
    accuracy: EstimateJson
    delta: EstimateJson | None
    attackers: dict[str, EstimateJson]
    entropy: float
    chance: float
    n: int


TOO_FEW = "too few rows for an interval ({cell}: {n})"
NOISE_ALONE = "noise alone: {limit}"


def gap_note(gap: Estimate, noise: float | None, few: FewRows | None) -> str:
    """What limits a gap: why it has no interval, or what noise alone shows; empty if nothing does.

    Args:
        gap: a gap, or another metric of groups.
        noise: see `intervals.noise_gaps`; None if there is none.
        few: see `Point.few_rows`.
    """
    return "; ".join(filter(None, (few_note(gap, few), noise_note(gap, noise))))


def few_note(gap: Estimate, few: FewRows | None) -> str:
    """Why a gap has no interval: the cell with too few rows; empty if it has one."""
    if few is None or gap.value is None or gap.ci is not None:
        return ""
    return TOO_FEW.format(cell=cell_of(few), n=few["n"])


def cell_of(few: FewRows) -> str:
    """A group, or a group and label: "male, blond"."""
    return few["group"] if few["label"] is None else f"{few['group']}, {few['label']}"


def noise_note(gap: Estimate, noise: float | None) -> str:
    """What noise alone shows; empty if the gap exceeds it and its interval lies above 0.

    The interval reaches down to 0 up to a higher quantile of the noise than the one that is shown.
    """
    if noise is None or gap.value is None:
        return ""
    is_clear = gap.value > noise and (gap.ci is None or gap.ci[0] > 0)
    return "" if is_clear else NOISE_ALONE.format(limit=f"{noise:.3f}")


@dataclass(frozen=True)
class Point:
    """One classifier on the test split.

    Attributes:
        method: "base", "reprogram", a control, …
        trigger: name of the trigger; None without one.
        criterion: registry key of the criterion; None for the base.
        lam: λ; None for the base and for controls.
        seed: of the curve, or of the base; None for a mean over several seeds.
        seeds: of a mean over several seeds.
        tuning_ratio: share of the tuning split that was used for training; None if it was not used.
        n: number of test rows.
        metrics: by name, including ``auc``.
        delta: metrics minus those of the base on the same rows; empty for the base.
        noise_gap: by gap, see `intervals.noise_gaps`; None if it cannot be estimated. Of a mean over several seeds the
            mean, about the most that it can be, because all seeds have the same rows.
        collapsed: whether the classifier has collapsed, see `fairness.collapsed`.
        counts: (g, c, c) rows by `[group, label, prediction]`.
        group_rates: rates of every group; None if an early version, which did not store them, wrote the result.
        intersections: rates of combined groups; empty if groups cannot be combined.
        changes: gains and losses against the base; None as for ``group_rates``.
        levelling: by gap; None as for ``group_rates``.
        groups: names of the g groups.
        labels: names of the c classes.
        left_out: labels that are too rare in a group to count in the metrics over cells.
        artifacts: files by kind ("trigger", "predictions", …), relative to the home.
        audit: the leakage, if the point was audited.
        audits: the leakage by criterion, for the base.
        base: name of the base, if it is not the study's own.
    """

    __pydantic_config__ = ConfigDict(allow_inf_nan=False)

    method: str
    trigger: str | None = None
    criterion: str | None = None
    lam: float | None = None
    seed: int | None = None
    tuning_ratio: float | None = None
    n: Annotated[int, Field(ge=0, lt=2**53)] = 0
    metrics: dict[str, Estimate] = field(default_factory=dict)
    delta: dict[str, Estimate] = field(default_factory=dict)
    noise_gap: dict[str, float | None] = field(default_factory=dict)
    collapsed: bool = False
    counts: list[list[list[float]]] = field(default_factory=list)
    group_rates: list[GroupRow] | None = None
    intersections: list[IntersectionRow] = field(default_factory=list)
    changes: list[ChangeRow] | None = None
    levelling: dict[str, Levelling | None] | None = None
    groups: list[str] = field(default_factory=list)
    labels: list[str] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    artifacts: dict[str, str | None] = field(default_factory=dict)
    audit: LeakageJson | None = None
    audits: dict[str, LeakageJson | None] | None = None
    base: str | None = None
    seeds: tuple[int, ...] = ()

    def metric(self, name: str) -> Estimate:
        """A metric with its interval; a metric that is missing in this result is not estimable."""
        return self.metrics.get(name, NOT_ESTIMABLE)

    def change(self, name: str) -> Estimate:
        """A metric minus that of the base on the same rows."""
        return self.delta.get(name, NOT_ESTIMABLE)

    def few_rows(self, name: str) -> FewRows | None:
        """The smallest cell that a metric requires, if it has too few rows for an interval and a name."""
        metric = METRICS.get(name)
        if metric is None or metric.needs == "rows" or not self._names_cells:
            return None
        classes = np.array([label not in self.left_out for label in self.labels])
        cell = smallest_cell(np.array(self.counts).sum(axis=-1), metric, classes)
        if cell.n >= MIN_INTERVAL_ROWS:
            return None
        label = None if cell.label is None else self.labels[cell.label]
        return FewRows(n=cell.n, group=self.groups[cell.group], label=label)

    @property
    def _names_cells(self) -> bool:
        """Whether every row and column of ``counts`` has a name."""
        has_groups = len(self.groups) == len(self.counts) > 0
        return has_groups and all(len(of_group) == len(self.labels) > 0 for of_group in self.counts)

    def to_json(self) -> PointJson:
        """The flat POINT of the result JSON."""
        values: PointJson = {name: getattr(self, name) for name in _FIRST}
        for name, metric in self.metrics.items():
            values |= {name: metric.value, f"{name}_ci": list(metric.ci) if metric.ci else None}
        values["delta"] = {name: change.to_json() for name, change in self.delta.items()}
        values |= {name: getattr(self, name) for name in _LAST if getattr(self, name) is not None}
        if self.base is not None:
            return values | {"base": self.base}
        return values | {"audit": self.audit if self.audits is None else self.audits}

    @classmethod
    def from_json(cls, values: Mapping[str, object], *, where: str) -> "Point":
        """Parse a flat POINT; keys that an early version did not write may be missing.

        Args:
            values: of the JSON.
            where: the file, for the error.

        Raises:
            ArtifactError: a value is missing or of another type.
        """
        if not isinstance(values, Mapping):
            raise ArtifactError(f"{where} is damaged (a point is {values!r:.40}); run the study again.")
        names = [name for name in values if f"{name}_ci" in values]
        given = {name: values[name] for name in _KNOWN if name in values}
        given["metrics"] = {name: (values[name], values[f"{name}_ci"]) for name in names}
        delta = values.get("delta", {})
        given["delta"] = {name: _pair(each) for name, each in delta.items()} if isinstance(delta, Mapping) else delta
        if values.get("method") == "base":
            given["audits"] = values.get("audit")
        elif "audit" in values:
            given["audit"] = values["audit"]
        try:
            return _adapter().validate_python(given)
        except ValidationError as error:
            raise ArtifactError(f"{where} is damaged ({first_problem(error)}); run the study again.") from error


NOT_ESTIMABLE = Estimate(None, None)
_FIRST = ("method", "trigger", "criterion", "lam", "seed", "tuning_ratio", "n")
_LAST = (
    "noise_gap", "collapsed", "counts", "group_rates", "intersections", "changes", "levelling", "groups", "labels",
    "left_out", "artifacts",
)  # fmt: skip
_KNOWN = (*_FIRST, *_LAST, "base")


def first_problem(error: ValidationError) -> str:
    """The location and the message of the first error, shortened."""
    first = error.errors(include_url=False)[0]
    place = ".".join(str(part) for part in first["loc"])
    return f"{place:.80}: {first['msg']:.120}".removeprefix(": ")


def _pair(estimate: Any) -> Any:
    """{"value", "ci"} as the two values of an ``Estimate``; anything else is returned for pydantic to refuse."""
    return (estimate.get("value"), estimate.get("ci")) if isinstance(estimate, Mapping) else estimate


@cache
def _adapter() -> TypeAdapter[Point]:
    return TypeAdapter(Point)
