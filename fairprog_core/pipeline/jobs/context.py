"""`StudyContext`: what all curves of a study share.

Notation: m reported values of λ.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from pathlib import Path

import torch
from pydantic import JsonValue

from fairprog_core.classifiers.base import Classifier
from fairprog_core.classifiers.predict import predict
from fairprog_core.common.types import Predictions
from fairprog_core.data.base import Dataset, Split
from fairprog_core.methods.features import Features
from fairprog_core.metrics.leakage.audit import Leakage, measure_leakage
from fairprog_core.metrics.point import LeakageJson, Point
from fairprog_core.metrics.report import report
from fairprog_core.results.predictions_file import write_predictions
from fairprog_core.results.run_folder import base_file, relative_name
from fairprog_core.study import Study
from fairprog_core.study.plan import CurvePlan
from fairprog_core.training.criteria import CriterionOptions


@dataclass(frozen=True)
class StudyContext:
    """What all curves of a study share: data, frozen base classifier, the base's predictions, the run's folder.

    Attributes:
        folder: the run folder; ``runs/<name of the folder>`` in the result's paths.
        splits: "tune", "val" and "test", and "train" where a method learns from it, prepared for the classifier.
        base: predictions of the base, by split ("val", "test").
        about: hashes and versions for the header of every fitted model's file.
    """

    study: Study
    dataset: Dataset
    classifier: Classifier
    splits: dict[str, Split]
    base: dict[str, Predictions]
    folder: Path
    device: torch.device
    about: dict[str, JsonValue]

    @cached_property
    def quick_validation(self) -> tuple[Split, Predictions]:
        """The validation rows for quick validations during training, and the base's predictions of them."""
        split = self.splits["val"].evenly(self.study.budget.validate_rows)
        return split, predict(self.classifier, split)

    def learned_from(self, plan: CurvePlan) -> Split:
        """The rows that a curve learns from: the planned share of the method's split, drawn with the curve's seed."""
        split = self.splits[plan.method.learns_from]
        ratio = 1.0 if plan.tuning_ratio is None else plan.tuning_ratio
        return split.evenly(max(round(ratio * len(split.y)), 1), seed=plan.seed)

    @cached_property
    def features(self) -> Features:
        """The inputs of the base's last layer, computed once for all curves."""
        return Features(self.classifier)

    def point(
        self, found: Predictions, plan: CurvePlan, method: str, lam: float | None, *, base: Predictions,
        files: Mapping[str, Path],
    ) -> Point:  # fmt: skip
        """Write predictions of the test split to a file, and report them as a point of a curve.

        Args:
            found: the predictions.
            plan: the curve's plan.
            method: the curve's own method, or a control.
            lam: None for a control.
            base: the base's predictions of the same rows.
            files: artifacts by name; writes "predictions".
        """
        groups, labels = self.dataset.groups, self.dataset.labels
        write_predictions(files["predictions"], found, groups=groups, labels=labels)
        return report(
            found, groups=groups, labels=labels, base=base, method=method, trigger=plan.trigger_name,
            criterion=plan.criterion.kind, lam=lam, seed=plan.seed, tuning_ratio=plan.tuning_ratio,
            artifacts={"trigger": None} | {kind: self.name(file) for kind, file in files.items()},
        )  # fmt: skip

    @cached_property
    def base_leakage(self) -> dict[str, Leakage | None]:
        """By criterion, the leakage of the base's logits on the test split."""
        return {criterion.kind: self.leakage(self.base["test"], criterion) for criterion in self.study.criteria}

    def leakage(self, predictions: Predictions, criterion: CriterionOptions) -> Leakage | None:
        """Leakage of predictions of the test split, within each label where the criterion conditions on it.

        Identical predictions are measured once, e.g. of a control that several curves share or a method without a seed.
        """
        outputs = predictions.y_pred if predictions.logits is None else predictions.logits
        key = criterion.conditions_on_label, outputs.dtype.str, sha256(outputs.tobytes()).digest()
        if key not in self._leakages:
            found = measure_leakage(predictions, self.dataset.groups, given_label=criterion.conditions_on_label)
            self._leakages[key] = found
        return self._leakages[key]

    @cached_property
    def _leakages(self) -> dict[tuple[bool, str, bytes], Leakage | None]:
        """Leakages measured so far, by criterion and content of the predictions."""
        return {}

    def audit(self, predictions: Predictions, criterion: CriterionOptions) -> LeakageJson | None:
        """Leakage, compared with the base's on the same rows; None where it is not estimable."""
        found, base = self.leakage(predictions, criterion), self.base_leakage[criterion.kind]
        return None if found is None else found.to_json(base)

    def base_audit(self) -> dict[str, LeakageJson | None]:
        """By criterion, the base's leakage as the result JSON has it."""
        return {kind: None if found is None else found.to_json() for kind, found in self.base_leakage.items()}

    @property
    def base_file(self) -> Path:
        """The file with the base's weights."""
        return base_file(self.folder)

    def name(self, path: Path) -> str:
        """A file's path relative to the home, as the result JSON has it."""
        return relative_name(self.folder, path)
