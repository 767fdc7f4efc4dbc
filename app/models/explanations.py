"""What a curve's explanations summarise, read once from the result JSON into what charts and sentences need.

Notation: k λ-values, g groups.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import TypeAlias

from pydantic import JsonValue, TypeAdapter
from typing_extensions import TypedDict

from fairprog_core.common.errors import ArtifactError
from fairprog_core.metrics.intervals import Estimate
from fairprog_core.results.curve import Curve, Summary, validate

LAM = "lam"  # the key of what runs along λ; all others name a control or a rival


class _MeanJson(TypedDict, total=False):
    value: float | None
    ci: tuple[float, float] | None


_Mean: TypeAlias = _MeanJson | float | None


@dataclass(frozen=True)
class ConditionFigures:
    """One figure under every condition.

    Attributes:
        of: by name of the control or method of the rival; those that were not measured are missing.
        along: at every λ (k).
    """

    of: Mapping[str, Estimate]
    along: list[Estimate]


@dataclass(frozen=True)
class Averages:
    """Averages over test rows; what could not be estimated is None, or missing.

    Attributes:
        rows: how many test rows were averaged.
        regions: names of the regions or words that were compared.
        shares: of a map on the first region, by key: "hair_share", "ig_hair_share", "ig_identity_share".
        erasure: the ratio of the effects of blanking the regions.
        twins: the names of the two groups of twins; empty where there are none.
        difference: the mean logit difference of twins.
        flips: the share of twins that get different answers.
        rivals: λ by the method of each rival.
    """

    rows: int = 0
    regions: list[str] = field(default_factory=list)
    shares: Mapping[str, ConditionFigures] = field(default_factory=dict)
    erasure: ConditionFigures | None = None
    twins: list[str] = field(default_factory=list)
    difference: ConditionFigures | None = None
    flips: ConditionFigures | None = None
    rivals: dict[str, float] = field(default_factory=dict)

    @classmethod
    def of_curve(cls, curve: Curve) -> "Averages":
        """Read them.

        Raises:
            ArtifactError: they are damaged.
        """
        found, where = curve.explain or {}, f"The explanation of {curve.key}"
        erasure, twins = _part(found, "erasure", where), _part(found, "twins", where)
        shares = {name: _figures(found, name, curve, where) for name in found if name.endswith("_share")}
        return cls(
            rows=validate(_whole(), found.get("rows", 0), where),
            regions=validate(_names(), found.get("regions") or [], where),
            shares={name: share for name, share in shares.items() if share},
            erasure=_figures(erasure, "ratio", curve, where),
            twins=validate(_names(), twins.get("names") or [], where),
            difference=_figures(twins, "logit_difference", curve, where),
            flips=_figures(twins, "flip_share", curve, where),
            rivals=validate(_numbers(), found.get("rivals") or {}, where),
        )


class DemographicClassifierJson(TypedDict, total=False):
    """What one demographic classifier reads: by null input and condition P of all groups (g); under "lam" (k, g)."""

    name: str
    init: str
    accuracy: float | None
    probability: dict[str, dict[str, list[float] | list[list[float]] | None]]


@dataclass(frozen=True)
class DemographicClassifier:
    """A demographic classifier.

    Attributes:
        name: of its training.
        init: where its weights started.
        accuracy: on the test; None where it is not known.
        controls: by null input and condition, P of all groups (g).
        along: by null input, the same at every λ (k, g).
    """

    name: str
    init: str
    accuracy: float | None
    controls: Mapping[str, Mapping[str, list[float]]]
    along: Mapping[str, list[list[float]]]


@dataclass(frozen=True)
class Probe:
    """Summary of the demographic probe.

    Attributes:
        lams: the k values of λ.
        groups: names of the g groups.
        nulls: names of the null inputs.
        classifiers: the demographic classifiers.
        readers: by kind ("reading", …), the accuracy of reading the group from what the base computes.
        chance: the accuracy that guessing reaches.
    """

    lams: list[float]
    groups: list[str]
    nulls: list[str]
    classifiers: list[DemographicClassifier]
    readers: Mapping[str, ConditionFigures]
    chance: float

    @classmethod
    def of_curve(cls, curve: Curve) -> "Probe | None":
        """Read it; None where the study did not ask for it.

        Raises:
            ArtifactError: it is damaged.
        """
        found, where = curve.probe, f"The probe of {curve.key}"
        if not found:
            return None
        groups, nulls = (validate(_names(), found.get(name), where) for name in ("groups", "nulls"))
        classifiers = [_classifier(each) for each in validate(_classifiers(), found.get("classifiers"), where)]
        is_whole = groups and nulls and all(_fits(each, nulls, len(curve.lams), len(groups)) for each in classifiers)
        if not is_whole:
            raise _damaged(where, "a probability is missing")
        kinds = [name for name in found if name.startswith("reading") and found[name]]
        return cls(
            lams=curve.lams,
            groups=groups,
            nulls=nulls,
            classifiers=classifiers,
            readers={kind: _reader(found, kind, curve, where) for kind in kinds},
            chance=validate(_number(), _part(found, "reading", where).get("chance", 0.0), where),
        )


def _classifier(found: DemographicClassifierJson) -> DemographicClassifier:
    controls: dict[str, dict[str, list[float]]] = {}
    along: dict[str, list[list[float]]] = {}
    for null, by_condition in found.get("probability", {}).items():
        controls[null] = {name: _flat(values) for name, values in by_condition.items() if name != LAM and values}
        along[null] = [each for each in by_condition.get(LAM) or [] if isinstance(each, list)]
    return DemographicClassifier(found.get("name", ""), found.get("init", ""), found.get("accuracy"), controls, along)


def _flat(values: list[float] | list[list[float]]) -> list[float]:
    return [value for value in values if not isinstance(value, list)]


def _fits(classifier: DemographicClassifier, nulls: list[str], n_lams: int, n_groups: int) -> bool:
    """Whether every group has a probability at every λ and under every control."""
    for null in nulls:
        read = [*classifier.along.get(null, []), *classifier.controls.get(null, {}).values()]
        if len(classifier.along.get(null, [])) != n_lams or any(len(each) != n_groups for each in read):
            return False
    return True


def _reader(found: Summary, kind: str, curve: Curve, where: str) -> ConditionFigures:
    values = _part(found, kind, where)
    figures = _figures({kind: {name: each for name, each in values.items() if name != "chance"}}, kind, curve, where)
    if figures is None:
        raise _damaged(where, f"{kind} holds no figures")
    return figures


def _figures(found: Mapping[str, JsonValue], name: str, curve: Curve, where: str) -> ConditionFigures | None:
    if not found.get(name):
        return None
    values = validate(_by_condition(), found[name], where)
    along = values.get(LAM)
    if not isinstance(along, list) or len(along) != len(curve.lams):
        raise _damaged(where, f"{name} has not one figure for every λ")
    controls = {key: _estimate(each) for key, each in values.items() if not isinstance(each, list) and each is not None}
    return ConditionFigures(controls, [_estimate(each) for each in along])


def _estimate(found: _Mean) -> Estimate:
    if isinstance(found, dict):
        return Estimate(found.get("value"), found.get("ci"))
    return Estimate(found, None)


def _part(found: Mapping[str, JsonValue], name: str, where: str) -> Mapping[str, JsonValue]:
    return validate(_object(), found.get(name) or {}, where)


def _damaged(where: str, reason: str) -> ArtifactError:
    return ArtifactError(f"{where} is damaged ({reason}); run the study again.")


@cache
def _by_condition() -> TypeAdapter[dict[str, _Mean | list[_Mean]]]:
    return TypeAdapter(dict[str, _Mean | list[_Mean]])


@cache
def _classifiers() -> TypeAdapter[list[DemographicClassifierJson]]:
    return TypeAdapter(list[DemographicClassifierJson])


@cache
def _names() -> TypeAdapter[list[str]]:
    return TypeAdapter(list[str])


@cache
def _numbers() -> TypeAdapter[dict[str, float]]:
    return TypeAdapter(dict[str, float])


@cache
def _number() -> TypeAdapter[float]:
    return TypeAdapter(float)


@cache
def _whole() -> TypeAdapter[int]:
    return TypeAdapter(int)


@cache
def _object() -> TypeAdapter[dict[str, JsonValue]]:
    return TypeAdapter(dict[str, JsonValue])
