"""Gap and accuracy after a change, each in pairs against another classifier on the same rows.

Notation: c classes.
"""

from dataclasses import dataclass

from fairprog_core.common.types import Groups, Predictions
from fairprog_core.metrics.counts import cell_weight, count_table, joint_table
from fairprog_core.metrics.fairness import collapsed
from fairprog_core.metrics.intervals import paired_estimates
from fairprog_core.pipeline.stress.stress_result import StressFigures


@dataclass(frozen=True)
class PairedMeasure:
    """How predictions are measured.

    Attributes:
        gap: name of the metric.
        groups: the values of Z.
        n_classes: c.
        base: the base's predictions of the unchanged rows, with which collapsed classifiers are told.
    """

    gap: str
    groups: Groups
    n_classes: int
    base: Predictions

    def figures(self, found: Predictions, against: Predictions) -> StressFigures:
        """Gap and accuracy of predictions, and how much they differ from others of the same rows."""
        shape = {"n_patterns": len(self.groups.patterns), "n_classes": self.n_classes}
        y, z = found.y, found.z
        weight = cell_weight(y, z, found.weight, **shape)
        joint = joint_table(y, against.y_pred, found.y_pred, z, **shape)
        values, changes = paired_estimates(joint, weight, self.groups, is_stratified=found.is_stratified)
        own, of_base = (count_table(y, each.y_pred, z, **shape) for each in (found, self.base))
        return StressFigures(
            gap=values[self.gap], accuracy=values["accuracy"],
            gap_change=changes[self.gap], accuracy_change=changes["accuracy"],
            is_collapsed=bool(collapsed(own, weight, self.groups, base=of_base)),
        )  # fmt: skip
