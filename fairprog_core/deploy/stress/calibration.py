"""Calibration per group: whether what a classifier states as a probability comes true as often as it says.

With two classes, of the probability of the last label; with more, of the probability of the predicted label. Rows count
by their weight, so that the figures are those of the natural mix.

Source: expected calibration error with 15 bins of equal width, Guo et al., On Calibration of Modern Neural Networks
(ICML 2017), equation 3; within groups as in Pleiss et al., On Fairness and Calibration (NeurIPS 2017). What noise alone
shows is ours: outcomes are drawn from the stated probabilities.

Notation: n rows, c classes, b bins.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax  # type: ignore[import-untyped]

from fairprog_core.common.types import Floats, Groups, Predictions
from fairprog_core.pipeline.stress.stress_result import GroupCalibration, ReliabilityBin

BINS = 15
DRAWS = 200  # sets of outcomes for what noise alone shows


def calibrate(predictions: Predictions, groups: Groups, *, seed: int = 0) -> list[GroupCalibration]:
    """The calibration on all rows, then in every group; empty if the classifier gives no logits."""
    if predictions.logits is None:
        return []
    probability = softmax(predictions.logits.astype(np.float64), axis=1)
    if probability.shape[1] == 2:
        stated, is_true = probability[:, 1], predictions.y == 1
    else:
        stated, is_true = probability.max(axis=1), predictions.y == predictions.y_pred
    is_in: list[tuple[str | None, NDArray[np.bool_]]] = [(None, np.ones(len(stated), dtype=bool))]
    is_in += [(name, groups.patterns[predictions.z, g]) for g, name in enumerate(groups.names)]
    return [
        _of_group(name, stated[rows], is_true[rows], predictions.weight[rows], seed=seed) for name, rows in is_in
    ]  # fmt: skip


def _of_group(
    name: str | None, stated: Floats, is_true: NDArray[np.bool_], weight: Floats, *, seed: int
) -> GroupCalibration:
    """The calibration of n rows: probabilities (n,), whether they came true (n,), weights (n,)."""
    number = np.minimum((stated * BINS).astype(np.int64), BINS - 1)
    n, w, wp = (np.bincount(number, weights=each, minlength=BINS) for each in (None, weight, weight * stated))
    total = w.sum()

    def found(outcome: NDArray[np.bool_]) -> Floats:
        return np.asarray(np.bincount(number, weights=weight * outcome, minlength=BINS), dtype=np.float64)

    def error(outcome: NDArray[np.bool_]) -> float:
        return float(np.abs(wp - found(outcome)).sum() / total)

    is_known = bool(total > 0)
    random = np.random.default_rng(seed)
    noise = [error(random.random(len(stated)) < stated) for _ in range(DRAWS)] if is_known else []
    true = found(is_true)
    bins = [
        ReliabilityBin(
            low=i / BINS, high=(i + 1) / BINS, n=int(n[i]), stated=min(float(wp[i] / w[i]), 1.0) if w[i] > 0 else None,
            found=min(float(true[i] / w[i]), 1.0) if w[i] > 0 else None,
        )
        for i in range(BINS)
    ]  # fmt: skip
    return GroupCalibration(
        group=name, n=len(stated), error=min(error(is_true), 1.0) if is_known else None,
        noise=min(float(np.quantile(noise, 0.95)), 1.0) if is_known else None, bins=bins,
    )  # fmt: skip
