"""Criteria: when a prediction counts as independent of Z, and which gap says by how much it is not."""

from typing import ClassVar, Literal

from pydantic import Field

from fairprog_core.common.options import ADVANCED
from fairprog_core.common.registry import EntryOptions


class CriterionOptions(EntryOptions):
    """What every criterion shares."""

    gap: ClassVar[str]  # the metric that this criterion closes
    conditions_on_label: ClassVar[bool]  # whether the discriminator sees Y
    max_accuracy_loss: float | None = Field(
        None,
        gt=0,
        le=1,
        title="Accuracy to give up at most",
        description="λ is chosen on validation within this loss. Empty: the study's own bound.",
        json_schema_extra=ADVANCED,
    )
    steps: int | None = Field(
        None,
        ge=1,
        le=100_000,
        title="Steps for this criterion",
        description="Trigger steps of one curve. Empty: the budget's.",
        json_schema_extra=ADVANCED,
    )


class EqualizedOddsOptions(CriterionOptions):
    """Equalized odds: predictions independent of the group, given the label."""

    kind: Literal["equalized_odds"] = "equalized_odds"
    title = "Equalized odds"
    gap = "average_abs_odds_difference"
    conditions_on_label = True


class DemographicParityOptions(CriterionOptions):
    """Demographic parity: predictions independent of the group."""

    kind: Literal["demographic_parity"] = "demographic_parity"
    title = "Demographic parity"
    gap = "demographic_parity_difference"
    conditions_on_label = False


CRITERIA: dict[str, type[CriterionOptions]] = {
    "equalized_odds": EqualizedOddsOptions,
    "demographic_parity": DemographicParityOptions,
}
