"""A fitted model on the rows of one split: its front over λ, the choice of λ, predictions at every λ and by controls.

A curve of a study and ``fp.reprogram`` both use these functions.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from fairprog_core.common.errors import DataError, shorten
from fairprog_core.common.records import Front
from fairprog_core.common.registry import build
from fairprog_core.common.types import Groups, Predictions
from fairprog_core.data.base import Split
from fairprog_core.methods import METHODS, MethodOptions
from fairprog_core.methods.base import FittedModel
from fairprog_core.methods.reprogramming.trigger_training import FittedTrigger
from fairprog_core.metrics.counts import by_group, cell_weight, count_table
from fairprog_core.metrics.fairness import METRICS, collapsed, evaluate, scored_classes, smallest_cell
from fairprog_core.metrics.pareto import choose_lam, hypervolume
from fairprog_core.metrics.report import majority_accuracy

CellTest: TypeAlias = Callable[[int, int | None], bool]


def _is_nowhere(group: int, label: int | None) -> bool:
    return False


class Quality(NamedTuple):
    """Accuracy and gap of a classifier on a split, and whether it has collapsed compared with the base."""

    accuracy: float
    gap: float
    is_collapsed: bool


class BaseQuality(NamedTuple):
    """Accuracy and gap of the base on a split, and the accuracy of the majority class."""

    accuracy: float
    gap: float
    majority_accuracy: float

    @property
    def corner(self) -> tuple[float, float]:
        """The reference point of the hypervolume: (majority accuracy, gap of the base)."""
        return self.majority_accuracy, self.gap


class SplitPredictions(NamedTuple):
    """Predictions of a split by one model: at one λ, or by a control.

    Attributes:
        method: the curve's own method, or the control.
        lam: None for a control.
        predictions: one per row.
        files: the model's files, by kind.
        share: finished share of the curve's predictions, this one included.
    """

    method: str
    lam: float | None
    predictions: Predictions
    files: Mapping[str, Path]
    share: float


@dataclass(frozen=True)
class GapMeasure:
    """How the rows of a split are measured: by accuracy and one gap.

    Attributes:
        gap: name of the metric.
        groups: the values of Z.
        labels: the c class names.
        split: the split's name, for errors.
    """

    gap: str
    groups: Groups
    labels: Sequence[str]
    split: str = "validation"

    def check(self, y: NDArray[np.int64], z: NDArray[np.int64], *, is_found_elsewhere: CellTest = _is_nowhere) -> None:
        """Refuse rows without one of the groups, or of the groups and labels, that the gap needs.

        Args:
            y: (n,) labels of the split.
            z: (n,) pattern codes.
            is_found_elsewhere: whether other splits have rows of a group (index) and label (index, None: any), so that
                more rows help.

        Raises:
            DataError: names the cell, and what helps.
        """
        metric = METRICS[self.gap]
        counts = count_table(y, y, z, n_patterns=len(self.groups.patterns), n_classes=len(self.labels))
        cells = by_group(counts, self.groups).sum(axis=-1)  # (g, c)
        found = smallest_cell(cells, metric, scored_classes(counts, self.groups))
        if metric.needs == "rows" or found.n:
            return
        group = self.groups.names[found.group]
        advice = f"use more {self.split} rows, " * is_found_elsewhere(found.group, found.label)
        if found.label is None:
            where, advice = f"is in the group {shorten(group, 60)}", f"{advice}or leave the group out"
        else:
            n_group = f"{cells[found.group].sum():,.0f}"
            where = f"is {shorten(group, 60)}, {shorten(self.labels[found.label], 60)} (0 of {n_group})"
            advice += "choose another label, or the criterion demographic_parity, which needs no rows of each label"
        raise DataError(
            f"The {metric.title.lower()} cannot be estimated: no row of the {self.split} split {where}; "
            f"{advice.removeprefix('or ')}."
        )

    @property
    def n_classes(self) -> int:
        """c."""
        return len(self.labels)

    def quality(self, predictions: Predictions, base: Predictions) -> Quality:
        """Accuracy, gap and whether the classifier has collapsed compared with the base, in the natural mix.

        Args:
            predictions: of the split.
            base: the base's predictions of the same rows.

        Raises:
            DataError: a cell has too few rows to estimate the gap.
        """
        shape = {"n_patterns": len(self.groups.patterns), "n_classes": self.n_classes}
        counts, base_counts = (count_table(found.y, found.y_pred, found.z, **shape) for found in (predictions, base))
        weight = cell_weight(predictions.y, predictions.z, predictions.weight, **shape)
        values = evaluate(counts, weight, self.groups, scored_classes(counts, self.groups))
        if not np.isfinite(values[self.gap]):
            self.check(predictions.y, predictions.z)
        is_collapsed = bool(collapsed(counts, weight, self.groups, base=base_counts))
        return Quality(float(values["accuracy"]), float(values[self.gap]), is_collapsed)

    def reference(self, base: Predictions) -> BaseQuality:
        """The figures that a curve is compared with: the base and the majority class on the same split."""
        found = self.quality(base, base)
        return BaseQuality(found.accuracy, found.gap, majority_accuracy(base, n_classes=self.n_classes))

    def front(
        self, model: FittedModel, lams: Sequence[float], split: Split, base: Predictions, done: Front | None = None
    ) -> Front:
        """The front of a model that predicts the rows at every λ, see `front_of`."""
        return self.front_of(model.predict_many(split, lams), lams, base, done)

    def front_of(
        self, found: Iterable[Predictions], lams: Sequence[float], base: Predictions, done: Front | None = None
    ) -> Front:
        """The quality at each λ, appended to ``done``; the base's figures; the hypervolume of all λ.

        Args:
            found: predictions of the split, one per λ.
            lams: the values of λ.
            base: the base's predictions of the same rows.
            done: the front of earlier λ.
        """
        reference = self.reference(base)
        front = Front(
            lam=[*lams], accuracy=[], gap=[], is_collapsed=[], loss_error=[], hypervolume=0.0,
            base_accuracy=reference.accuracy, base_gap=reference.gap, majority_accuracy=reference.majority_accuracy,
        )  # fmt: skip
        for predictions in found:
            quality = self.quality(predictions, base)
            front["accuracy"].append(quality.accuracy)
            front["gap"].append(quality.gap)
            front["is_collapsed"].append(quality.is_collapsed)
            front["loss_error"].append(_loss_error(predictions, base))
        if done is not None:
            front["lam"] = done["lam"] + front["lam"]
            front["accuracy"] = done["accuracy"] + front["accuracy"]
            front["gap"] = done["gap"] + front["gap"]
            front["is_collapsed"] = done["is_collapsed"] + front["is_collapsed"]
            front["loss_error"] = done["loss_error"] + front["loss_error"]
        front["hypervolume"] = hypervolume(front["accuracy"], front["gap"], reference=reference.corner) or 0.0
        return front


def choose(front: Front, *, max_loss: float) -> float:
    """The λ to quote, chosen on a validation front alone; see `choose_lam`."""
    return choose_lam(
        front["lam"], front["accuracy"], front["gap"], is_collapsed=front["is_collapsed"],
        base_accuracy=front["base_accuracy"], loss_error=front["loss_error"], max_loss=max_loss,
    )  # fmt: skip


def controls_of(model: FittedModel, options: Iterable[MethodOptions]) -> dict[str, FittedModel]:
    """Every control of a curve by its kind: the model with another trigger instead of the learned one."""
    if not isinstance(model, FittedTrigger):
        return {}
    return {
        each.kind: model.with_trigger(build(METHODS, each).control(model.trigger, model.classifier)) for each in options
    }


def predict_all(
    model: FittedModel, split: Split, *, method: str, lams: Sequence[float], controls: Mapping[str, FittedModel]
) -> Iterator[SplitPredictions]:
    """Predict a split at every λ, then with every control.

    Args:
        model: of the curve.
        split: prepared rows.
        method: registry key of the curve's method.
        lams: the values of λ.
        controls: as `controls_of` returns them.
    """
    n = len(lams) + len(controls)
    for i, (lam, found) in enumerate(zip(lams, model.predict_many(split, lams), strict=True), start=1):
        yield SplitPredictions(method, lam, found, model.files(lam), i / n)
    for i, (name, control) in enumerate(controls.items(), start=len(lams) + 1):
        yield SplitPredictions(name, None, control.predict(split, 0.0), control.files(0.0), i / n)


def _loss_error(predictions: Predictions, base: Predictions) -> float:
    """Standard error of the accuracy lost compared with the base, paired by row."""
    lost = predictions.weight * ((base.y_pred == base.y).astype(float) - (predictions.y_pred == base.y))
    return float(lost.std() / np.sqrt(len(lost)))
