"""Compute one point of a trade-off: every metric with its interval.

Notation: n samples, c classes, p group patterns, g groups.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from fairprog_core.common.errors import DataError
from fairprog_core.common.types import Groups, Predictions
from fairprog_core.metrics.auc import auc_draws
from fairprog_core.metrics.counts import by_group, cell_weight, count_table, joint_table
from fairprog_core.metrics.fairness import collapsed, scored_classes
from fairprog_core.metrics.fairness import majority_accuracy as majority_of_table
from fairprog_core.metrics.group_tables import ChangeRow, changes, group_table, intersection_table
from fairprog_core.metrics.intervals import (
    DRAWS,
    Estimate,
    Resampling,
    estimate,
    estimates,
    noise_gaps,
    noise_rates,
    paired_estimates,
)
from fairprog_core.metrics.levelling import RATES_OF_GAP, Levelling, levelling_down
from fairprog_core.metrics.point import Point


def majority_accuracy(predictions: Predictions, *, n_classes: int) -> float:
    """Accuracy, in the natural mix, of always predicting the most frequent label."""
    of_label = np.bincount(predictions.y, weights=predictions.weight, minlength=n_classes)
    return float(majority_of_table(np.diag(of_label)[None]))


def report(
    predictions: Predictions,
    *,
    groups: Groups,
    labels: Sequence[str],
    base: Predictions | None = None,
    method: str,
    trigger: str | None = None,
    criterion: str | None = None,
    lam: float | None = None,
    seed: int | None = None,
    tuning_ratio: float | None = None,
    artifacts: Mapping[str, str | None] | None = None,
    draws: int = DRAWS,
    draw_seed: int = 0,
) -> Point:
    """One point of a trade-off.

    Args:
        predictions: on the test split.
        groups: the g groups over the p patterns of ``predictions.z``.
        labels: the c class names.
        base: the base classifier's predictions of the same rows; None for the base itself.
        method: "base", "reprogram", "random_trigger", …
        trigger: registry key of the trigger.
        criterion: registry key of the criterion.
        lam: λ; None if the method has none.
        seed: of the curve, or of the base.
        tuning_ratio: share of the tuning split that was used for training; None if it was not used.
        artifacts: paths relative to the home by name ("trigger", "predictions").
        draws: number of bootstrap resamples.
        draw_seed: of the resamples; equal for all points, so that all use the same resamples.

    Raises:
        DataError: ``base`` predicts other rows.
    """
    shape = {"n_patterns": len(groups.patterns), "n_classes": len(labels)}
    counts = count_table(predictions.y, predictions.y_pred, predictions.z, **shape)
    weight = cell_weight(predictions.y, predictions.z, predictions.weight, **shape)
    drawing = Resampling(is_stratified=predictions.is_stratified, draws=draws, seed=draw_seed)
    noise = noise_rates(counts, weight, groups, **drawing)
    areas = auc_draws(predictions, draws=draws, seed=draw_seed)
    deltas: dict[str, Estimate] = {}
    changed: list[ChangeRow] = []
    of_base = counts
    levelled: dict[str, Levelling | None] = {}
    if base is None:
        values = estimates(counts, weight, groups, **drawing, noise=noise)
    else:
        _check_same_rows(predictions, base)
        joint = joint_table(predictions.y, base.y_pred, predictions.y_pred, predictions.z, **shape)
        of_base = joint.sum(axis=-1)
        values, deltas = paired_estimates(joint, weight, groups, **drawing, noise=noise)
        gains = areas - _areas_of_base(base, draws, draw_seed)
        deltas["auc"] = estimate(gains[0], gains[1:])
        changed = changes(joint, weight, groups)
        levelled = {
            gap: levelling_down(joint, weight, groups, gap=gap, **drawing, change=deltas[gap]) for gap in RATES_OF_GAP
        }
    values["auc"] = estimate(areas[0], areas[1:])
    return Point(
        method=method,
        trigger=trigger,
        criterion=criterion,
        lam=lam,
        seed=seed,
        tuning_ratio=tuning_ratio,
        n=len(predictions.y),
        metrics=values,
        delta=deltas,
        noise_gap=noise_gaps(counts, weight, groups, **drawing, noise=noise),
        collapsed=bool(collapsed(counts, weight, groups, base=of_base)),
        counts=by_group(counts, groups).astype(int).tolist(),
        group_rates=group_table(counts, weight, groups, **drawing),
        intersections=intersection_table(counts, weight, groups, **drawing),
        changes=changed,
        levelling=levelled,
        groups=list(groups.names),
        labels=list(labels),
        left_out=[
            label for label, is_scored in zip(labels, scored_classes(counts, groups), strict=True) if not is_scored
        ],
        artifacts=dict(artifacts or {}),
    )


@lru_cache(maxsize=16)  # of each study that this process computes
def _areas_of_base(base: Predictions, draws: int, seed: int) -> NDArray[np.float64]:
    """`auc_draws` of the base, cached because hundreds of points of a study are compared with one base."""
    return auc_draws(base, draws=draws, seed=seed)


def _check_same_rows(predictions: Predictions, base: Predictions) -> None:
    for name in ("row", "y", "z"):
        if not np.array_equal(getattr(predictions, name), getattr(base, name)):
            raise DataError(
                f"Base and trigger predicted different rows ({name} differs); predict both on the same split."
            )
