"""A separate threshold for every group: prediction needs to know the group of a row.

Source: Hardt et al. 2016, solved by fairlearn's ``ThresholdOptimizer`` on the training rows. Some predictions are
random, which may be needed to meet the constraint; they are drawn from the seed. λ is a strength: the share of
rows, drawn at random, that get the new prediction instead of the classifier's own.

Notation: n rows.
"""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from fairlearn.postprocessing import ThresholdOptimizer
from numpy.typing import NDArray
from pydantic import AfterValidator, BeforeValidator, Field, JsonValue
from sklearn.base import BaseEstimator, ClassifierMixin
from torch import Tensor

from fairprog_core.classifiers.predict import predictions_of
from fairprog_core.common.errors import ArtifactError, DataError
from fairprog_core.common.files.json_values import Header, damaged, parse_header
from fairprog_core.common.files.model_file import RUN_AGAIN, TrainingCosts, read_learned
from fairprog_core.common.types import Floats, Predictions
from fairprog_core.data.base import Split
from fairprog_core.methods import GroupThresholdsOptions
from fairprog_core.methods.base import FitContext, FittedModel
from fairprog_core.methods.closed_form import ClosedForm, LinearHead
from fairprog_core.methods.features import Features


def _not_nan(threshold: float) -> float:
    if math.isnan(threshold):
        raise ValueError("is not a number")
    return threshold


Share = Annotated[float, Field(ge=-1e-9, le=1 + 1e-9)]  # tolerance for rounding in fairlearn


Threshold = Annotated[float, Field(allow_inf_nan=True), AfterValidator(_not_nan)]
ThresholdStep = Annotated[
    tuple[Share, Literal[">", "<"], Threshold], Field(strict=False)
]  # not strict: JSON has no tuples


class Rule(Header):
    """The decision rule of one group: two thresholds and a constant, each for a share of the rows.

    Attributes:
        steps: (share, ">" or "<", threshold); with an infinite threshold no row passes, or every row does.
        constant: probability of the second class, independent of the score.
        constant_share: share of the rows that get the constant.
    """

    steps: list[ThresholdStep]
    constant: Share
    constant_share: Share


class RulesHeader(TrainingCosts):
    """The description in the file of thresholds.

    Attributes:
        rules: one per group; None, written as ``{}``, for a group without training rows.
    """

    rules: list[Annotated[Rule | None, BeforeValidator(lambda value: None if value == {} else value)]]


class Scores(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """A fitted scikit-learn classifier whose input (n, 1) is the score."""

    def __init__(self) -> None:
        self.classes_ = np.array([0, 1])

    def fit(self, x: Floats, y: Floats) -> "Scores":
        """Does nothing: there are no parameters."""
        return self

    def decision_function(self, x: Floats) -> Floats:
        """Input (n, 1) -> scores (n,)."""
        return np.asarray(x)[:, 0]


class FittedThresholds(FittedModel):
    """Decision rules by group, applied to the scores of the frozen classifier."""

    n_parameters: int

    def __init__(self, rules: Sequence[Rule | None], features: Features, *, seed: int, file: Path, about: Any) -> None:
        self.rules, self.features, self.seed, self.file, self.about = rules, features, seed, file, about
        self.n_parameters = 6 * len(rules)  # two thresholds, their shares, and a constant with its share

    def predict(self, split: Split, lam: float) -> Predictions:
        score = score_of(self.features, split)
        rng = np.random.default_rng(self.seed)
        is_new, draw = rng.random(len(score)) < lam, rng.random(len(score))
        probability = np.where(is_new, chances(self.rules, score, split.z), score > 0)
        return predictions_of(split, None, (draw < probability).astype(np.int64))

    def files(self, lam: float) -> Mapping[str, Path]:
        return {"learned": self.file}


class GroupThresholds(ClosedForm[GroupThresholdsOptions]):
    """fairlearn's ThresholdOptimizer on the logits of the frozen classifier."""

    def __init__(self, options: Any, context: FitContext) -> None:
        super().__init__(options, context)
        if context.classifier.n_classes != 2 or not context.groups.is_exclusive:
            raise DataError(
                "group_thresholds needs two labels and groups that do not overlap and are known for every row; leave "
                "it out of the study's methods."
            )
        split = context.split  # checked before other curves train: fairlearn would refuse it only hours later
        for group, name in enumerate(context.groups.names):
            if len(np.unique(split.y[split.z == group])) == 1:
                raise DataError(
                    f"group_thresholds needs rows of both labels in every group: all rows of {name} among the "
                    f"{len(split.y):,} to learn from have the same; use more tuning rows (n_tune, tuning_ratio), or "
                    "leave it out of the study's methods."
                )

    def find(self) -> tuple[dict[str, Tensor], dict[str, JsonValue]]:
        context = self.context
        optimizer = ThresholdOptimizer(
            estimator=Scores(), constraints=context.criterion.kind, prefit=True, predict_method="decision_function"
        )
        rows = context.split.natural_rows()
        score = score_of(context.features, context.split)[rows]
        optimizer.fit(score[:, None], context.split.y[rows], sensitive_features=context.split.z[rows])
        fitted = optimizer.interpolated_thresholder_.interpolation_dict
        rules: list[JsonValue] = [
            rule_of(fitted[group]) if group in fitted else {} for group in range(len(context.groups.names))
        ]
        return {}, {"rules": rules}

    def open(self) -> FittedThresholds:
        _, about = read_learned(self.file)
        rules = parse_header(RulesHeader, about, path=self.file, remedy=RUN_AGAIN).rules
        names = self.context.groups.names
        if len(rules) != len(names):
            reason = f"it has rules for {len(rules)} groups, and there are {len(names)}"
            raise ArtifactError(damaged(self.file, reason, RUN_AGAIN))
        return FittedThresholds(rules, self.context.features, seed=self.context.seed, file=self.file, about=about)


def score_of(features: Features, split: Split) -> Floats:
    """Scores for the second class: the difference of the classifier's two logits (n,)."""
    logits = LinearHead.of(features.classifier)(features.of(split)).double().numpy()
    score: Floats = logits[:, 1] - logits[:, 0]
    return score


def rule_of(fitted: Any) -> dict[str, JsonValue]:
    """fairlearn's result for one group as JSON values; see `Rule`."""
    steps = [
        (share, step.operator, float(step.threshold))
        for share, step in ((fitted.p0, fitted.operation0), (fitted.p1, fitted.operation1))
    ]
    return {
        "steps": [[float(share), operator, threshold] for share, operator, threshold in steps],
        "constant": float(fitted.get("prediction_constant", 0.0)),
        "constant_share": float(fitted.get("p_ignore", 0.0)),
    }


def chances(rules: Sequence[Rule | None], score: Floats, z: NDArray[np.int64]) -> Floats:
    """The probability (n,) of predicting the second class."""
    probability = np.zeros(len(score))
    for group, rule in enumerate(rules):
        rows = z == group
        if rule is None:  # a group without training rows keeps the classifier's prediction
            probability[rows] = score[rows] > 0
            continue
        passed = sum(
            share * (score[rows] > at if operator == ">" else score[rows] < at) for share, operator, at in rule.steps
        )
        probability[rows] = rule.constant_share * rule.constant + (1 - rule.constant_share) * passed
    return probability
