"""One curve that a study computes."""

from dataclasses import dataclass

from fairprog_core.common.lam_range import LamRange
from fairprog_core.methods import MethodOptions
from fairprog_core.training.budget import Budget
from fairprog_core.training.criteria import CriterionOptions
from fairprog_core.triggers import TriggerOptions


@dataclass(frozen=True)
class CurvePlan:
    """One curve that a study computes.

    Attributes:
        key: name of its folder and its records, unique within the study.
        method: options of the method, which is no control.
        trigger: options of the trigger; None for a method without one.
        trigger_name: its kind, with a number from the second trigger of the same kind on.
        criterion: options of the criterion.
        lam: range of λ and the reported values.
        seed: of the curve.
        budget: of one training.
        tuning_ratio: share of the tuning split to train on; None for a method that trains on another split.
    """

    key: str
    method: MethodOptions
    trigger: TriggerOptions | None
    trigger_name: str | None
    criterion: CriterionOptions
    lam: LamRange
    seed: int
    budget: Budget
    tuning_ratio: float | None = 1.0

    def is_rival_of(self, other: "CurvePlan") -> bool:
        """Whether this curve's method trains all weights for the same criterion and seed, on all of its rows."""
        is_same = (self.criterion.kind, self.seed) == (other.criterion.kind, other.seed)
        return is_same and self.method.needs.weights == "all" and self.tuning_ratio in (None, 1.0)
