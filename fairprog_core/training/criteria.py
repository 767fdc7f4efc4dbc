"""Fairness criteria: which independence of Z a prediction should have, and which gap measures the violation."""

from typing import ClassVar, Literal

from pydantic import Field

from fairprog_core.common.options import ADVANCED
from fairprog_core.common.registry import EntryOptions


class CriterionOptions(EntryOptions):
    """Base of all criteria."""

    gap: ClassVar[str]  # the metric that measures the violation
    conditions_on_label: ClassVar[bool]  # whether the discriminator sees Y
    max_accuracy_loss: float | None = Field(
        None,
        gt=0,
        le=1,
        title="Largest accuracy loss",
        description="λ is chosen on the validation split within this loss of accuracy. Empty: the study's bound.",
        json_schema_extra=ADVANCED,
    )
    steps: int | None = Field(
        None,
        ge=1,
        le=100_000,
        title="Steps for this criterion",
        description="Training steps of one curve. Empty: as the budget says.",
        json_schema_extra=ADVANCED,
    )


class EqualizedOddsOptions(CriterionOptions):
    """Equalized odds: predictions are independent of the group given the label."""

    kind: Literal["equalized_odds"] = "equalized_odds"
    title = "Equalized odds"
    gap = "average_abs_odds_difference"
    conditions_on_label = True


class DemographicParityOptions(CriterionOptions):
    """Demographic parity: predictions are independent of the group."""

    kind: Literal["demographic_parity"] = "demographic_parity"
    title = "Demographic parity"
    gap = "demographic_parity_difference"
    conditions_on_label = False


CRITERIA: dict[str, type[CriterionOptions]] = {
    "equalized_odds": EqualizedOddsOptions,
    "demographic_parity": DemographicParityOptions,
}
