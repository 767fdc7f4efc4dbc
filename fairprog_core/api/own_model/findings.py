"""What was learned and measured: all of a reprogrammed model but its trigger; as JSON and back."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from pydantic import Field

from fairprog_core.api.own_model.rows import LabelOrder
from fairprog_core.api.own_model.setting import Setting
from fairprog_core.common.errors import ConfigError, shown
from fairprog_core.common.files.json_values import Header
from fairprog_core.common.lam_range import LamRange
from fairprog_core.common.records import Fit, Front
from fairprog_core.common.types import Groups
from fairprog_core.methods import ReprogramOptions
from fairprog_core.metrics.point import Point
from fairprog_core.results.weak_base import WeakBase, weak_base, weak_base_sentence
from fairprog_core.training.budget import Budget
from fairprog_core.training.criteria import CRITERIA
from fairprog_core.triggers import TriggerOptions


class _Settings(Header):
    """How the trigger was learned; its own options are in its file."""

    method: dict[str, object]
    criterion: dict[str, object]
    lam: dict[str, object]
    budget: dict[str, object]
    seed: int


class FindingsHeader(Header):
    """The JSON values of `Findings`: label_values as in y, label_names as text."""

    setting: _Settings
    label_values: list[str | bool | int | float] = Field(min_length=1)
    label_names: list[str] = Field(min_length=1)
    group_names: list[str] = Field(min_length=1)
    group_patterns: list[list[bool]] = Field(min_length=1)
    base: dict[str, object]
    points: list[dict[str, object]] = Field(min_length=1)
    front: Front
    chosen_lam: float
    fit: Fit


@dataclass(frozen=True)
class Findings:
    """What was learned, and its figures on the validation rows; all that is saved, besides the trigger.

    Attributes:
        setting: what was learned, and for how long.
        labels: in the order of the logits.
        groups: of the tuning and validation rows.
        base: the model without a trigger, on the validation rows.
        points: of every reported λ, then of the controls.
        front: accuracy and gap at every reported λ, from which λ was chosen.
        chosen_lam: the λ to quote.
        fit: steps and seconds of the training.
    """

    setting: Setting
    labels: LabelOrder
    groups: Groups
    base: Point
    points: tuple[Point, ...]
    front: Front
    chosen_lam: float
    fit: Fit

    @property
    def chosen(self) -> Point:
        """The point at the λ to quote."""
        return next(point for point in self.points if point.lam == self.chosen_lam)

    def in_words(self) -> str:
        """Trigger, criterion, chosen λ; accuracy and gap without the trigger and with it; whether the model is weak."""
        setting, gap = self.setting, self.setting.criterion.gap
        figures = ", ".join(
            f"{name.replace('_', ' ')} {_shown(self.base, name)} → {_shown(self.chosen, name)}"
            for name in ("accuracy", gap)
        )
        found = (
            f"{setting.trigger.kind}, {setting.criterion.kind}, λ = {self.chosen_lam:g}; on the {self.base.n:,} "
            f"validation rows {figures}"
        )
        return f"{found}. {weak_base_sentence(weak, 'validation')}" if (weak := self.weak_base) else found

    @property
    def weak_base(self) -> WeakBase | None:
        """How weak the model is without a trigger; None: it is better than the most frequent label."""
        accuracy = self.base.metric("accuracy").value
        if accuracy is None:
            return None
        best = max(accuracy, 1 - accuracy) if len(self.base.labels) == 2 else None
        return weak_base(accuracy, self.front["majority_accuracy"], best)

    def to_json(self) -> dict[str, Any]:
        """The JSON values that `from_header` parses; numpy arrays are still in them.

        Raises:
            ConfigError: a label is neither text nor a number.
        """
        setting, labels = self.setting, self.labels
        if strange := [value for value in labels.values if not isinstance(value, str | bool | int | float)]:
            raise ConfigError(
                f"The label {shown(strange[0])} cannot be saved; reprogram with labels that are words or integers."
            )
        return {
            "setting": {
                "method": setting.method.to_json(), "criterion": setting.criterion.to_json(),
                "lam": setting.lam.to_json(), "budget": setting.budget.to_json(), "seed": setting.seed,
            },
            "label_values": labels.values,
            "label_names": labels.names,
            "group_names": self.groups.names,
            "group_patterns": self.groups.patterns,
            "base": self.base.to_json(),
            "points": [point.to_json() for point in self.points],
            "front": self.front,
            "chosen_lam": self.chosen_lam,
            "fit": self.fit,
        }  # fmt: skip

    @classmethod
    def from_header(cls, header: FindingsHeader, trigger: TriggerOptions, *, where: str) -> "Findings":
        """Parse what `to_json` returned.

        Args:
            header: its values, with the right types.
            trigger: the options in the trigger's file.
            where: the file, for errors.

        Raises:
            ConfigError: an option is not allowed.
            ArtifactError: a point is damaged.
            ValueError: the parts do not fit together.
        """
        given, kind = header.setting, header.setting.criterion.get("kind")
        if not isinstance(kind, str) or kind not in CRITERIA:
            raise ValueError(f"the criterion {shown(kind)} is unknown")
        if {len(pattern) for pattern in header.group_patterns} != {len(header.group_names)}:
            raise ValueError("the patterns are not those of the groups")
        if len(header.label_names) != len(header.label_values):
            raise ValueError("names and values of the labels differ in number")
        setting = Setting(
            ReprogramOptions.parse(given.method, where="method"), trigger,
            CRITERIA[kind].parse(given.criterion, where="criterion"), LamRange.parse(given.lam, where="lam"),
            Budget.parse(given.budget, where="budget"), given.seed,
        )  # fmt: skip
        points = tuple(Point.from_json(point, where=where) for point in header.points)
        if [point.lam for point in points if point.lam is not None] != list(setting.lam.grid):
            raise ValueError("the points are not those of the reported λ")
        if header.chosen_lam not in setting.lam.grid:
            raise ValueError(f"the chosen λ ({header.chosen_lam:g}) is none of the reported ones")
        return cls(
            setting, LabelOrder(tuple(header.label_values), tuple(header.label_names)),
            Groups(tuple(header.group_names), np.array(header.group_patterns, dtype=bool)),
            Point.from_json(header.base, where=where), points, header.front, header.chosen_lam, header.fit,
        )  # fmt: skip


def _shown(point: Point, metric: str) -> str:
    value, ci = point.metric(metric)
    if value is None:
        return "not estimable"
    return f"{value:.3f}" if ci is None else f"{value:.3f} [{ci[0]:.3f}, {ci[1]:.3f}]"
