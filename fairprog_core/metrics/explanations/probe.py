"""The demographic probe of one curve: ``curve["probe"]`` of a result.

Notation: n rows, g groups, e empty inputs, l λ-values.
"""

from dataclasses import dataclass, field
from functools import cache

from pydantic import TypeAdapter

from fairprog_core.common.files.json_values import plain
from fairprog_core.metrics.explanations.by_condition import (
    ByCondition,
    JsonObject,
    Means,
    UncheckedJson,
    means_from_json,
)
from fairprog_core.metrics.explanations.paired import Paired, paired_from_json, paired_to_json


@dataclass(frozen=True)
class DemographicPrediction:
    """What one demographic classifier predicts for empty inputs.

    Attributes:
        name: for the screen.
        init: where its first weights come from.
        accuracy: on test rows without a trigger, 0 … 1; None where it cannot be estimated.
        accuracy_ci: its 95 % interval.
        n: test rows that the accuracy is over.
        probability: P(group) (g,) per condition, by the empty input's name.
    """

    name: str
    init: str
    accuracy: float | None
    accuracy_ci: list[float] | None
    n: int | None
    probability: dict[str, ByCondition[list[float]]]

    def to_json(self) -> JsonObject:
        """As results have it."""
        found: JsonObject = plain({
            "name": self.name,
            "init": self.init,
            "accuracy": self.accuracy,
            "accuracy_ci": self.accuracy_ci,
            "n": self.n,
            "probability": {null: found.to_json() for null, found in self.probability.items()},
        })  # fmt: skip
        return found

    @classmethod
    def from_json(cls, values: UncheckedJson) -> "DemographicPrediction":
        """Read what `to_json` gave."""
        alone = {name: values.get(name) for name in ("accuracy", "accuracy_ci", "n")}
        probability = {null: ByCondition.from_json(found, _numbers()) for null, found in values["probability"].items()}
        return cls(name=values["name"], init=values["init"], **alone, probability=probability)


@dataclass(frozen=True)
class LinearReading:
    """How often linear classifiers predict the group from what the base computes.

    Attributes:
        accuracy: per condition, 0 … 1; (z, y) cells count alike.
        chance: accuracy of always naming the most frequent group.
    """

    accuracy: Means
    chance: float

    def to_json(self) -> JsonObject:
        """As results have it."""
        found: JsonObject = plain({**self.accuracy.to_json(), "chance": self.chance})
        return found

    @classmethod
    def from_json(cls, values: UncheckedJson) -> "LinearReading":
        """Read what `to_json` gave."""
        accuracy = means_from_json({name: value for name, value in values.items() if name != "chance"})
        if accuracy is None:
            raise ValueError("a linear reading has no accuracy")
        return cls(accuracy, float(values["chance"]))


@dataclass(frozen=True)
class LinearReadings:
    """Three ways to predict the group linearly; None where there were no rows, or too few or too many groups.

    Attributes:
        reading: from the base's features, fitted anew under every condition.
        reading_fixed: from the features, fitted without a trigger and evaluated under every condition.
        reading_logits: from the logits, fitted anew under every condition.
        paired: the trigger against other conditions on the same rows, by the reading's name; empty in older results.
    """

    reading: LinearReading | None = None
    reading_fixed: LinearReading | None = None
    reading_logits: LinearReading | None = None
    paired: dict[str, Paired] = field(default_factory=dict)

    def to_json(self) -> JsonObject:
        """As results have it."""
        each = (self.reading, self.reading_fixed, self.reading_logits)
        found: JsonObject = {
            name: None if one is None else one.to_json() for name, one in zip(READINGS, each, strict=True)
        }
        return {**found, **paired_to_json(self.paired)}

    @classmethod
    def from_json(cls, values: UncheckedJson) -> "LinearReadings":
        """Read what `to_json` gave."""
        first, fixed, logits = (
            LinearReading.from_json(values[name]) if values.get(name) else None for name in READINGS
        )
        return cls(first, fixed, logits, paired_from_json(values))


READINGS = ("reading", "reading_fixed", "reading_logits")


@dataclass(frozen=True)
class Probe:
    """What demographic classifiers predict for empty inputs, and what the base's features tell about the group.

    Attributes:
        lams: (l,) the reported λ.
        groups: g names.
        nulls: names of the e empty inputs.
        classifiers: one per demographic classifier.
        linear: how well the group is predicted from the base's features and logits.
        collapsed_controls: as in ``Explanation``.
    """

    lams: list[float]
    groups: list[str]
    nulls: list[str]
    classifiers: list[DemographicPrediction]
    linear: LinearReadings
    collapsed_controls: list[str] | None = None

    def to_json(self) -> JsonObject:
        """As results have it."""
        found: JsonObject = plain({
            "lams": self.lams,
            "groups": self.groups,
            "nulls": self.nulls,
            "classifiers": [each.to_json() for each in self.classifiers],
            **self.linear.to_json(),
            **({} if self.collapsed_controls is None else {"collapsed_controls": self.collapsed_controls}),
        })  # fmt: skip
        return found

    @classmethod
    def from_json(cls, values: UncheckedJson) -> "Probe":
        """Read ``curve["probe"]`` of a result.

        Raises:
            ValueError: a value is missing, or of another kind.
        """
        try:
            return cls(
                lams=_numbers().validate_python(values["lams"]),
                groups=list(values["groups"]),
                nulls=list(values["nulls"]),
                classifiers=[DemographicPrediction.from_json(each) for each in values["classifiers"]],
                linear=LinearReadings.from_json(values),
                collapsed_controls=_names().validate_python(values.get("collapsed_controls")),
            )
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"{error!s:.60} is missing or of another kind") from error


@cache
def _numbers() -> TypeAdapter[list[float]]:
    return TypeAdapter(list[float])


@cache
def _names() -> TypeAdapter[list[str] | None]:
    return TypeAdapter(list[str] | None)
