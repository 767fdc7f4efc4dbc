"""Rates of a study for the lesson: of every group, at every λ, and at every share of a group that is called positive.

Notation: n rows, g groups.
"""

import numpy as np
from numpy.typing import NDArray

from app.presenters.lesson.data import LessonGroup, LessonMeasured, LessonRates, LessonStop
from fairprog_core.common.types import Groups, Predictions
from fairprog_core.metrics.group_tables import GroupRow
from fairprog_core.metrics.intervals import Estimate, EstimateJson
from fairprog_core.metrics.point import Point
from fairprog_core.results.curve import Curve

POINTS = 401  # shares of a group that is called positive: 0 to 100 %, in quarters of a percent


def stops(base: Point, points: list[Point], curve: Curve) -> list[LessonStop]:
    """The base, then the curve's points by λ."""
    return [_stop(base, is_chosen=False), *(_stop(point, is_chosen=point.lam == curve.chosen_lam) for point in points)]


def groups(said: Predictions, known: Groups) -> list[LessonGroup]:
    """The groups of a test split of two labels, with hits and false alarms at every share that is called positive.

    Args:
        said: predictions of the base.
        known: the groups.
    """
    score = said.y_pred.astype(np.float64) if said.logits is None else said.logits[:, 1] - said.logits[:, 0]
    is_positive = said.y == 1
    found: list[LessonGroup] = []
    for index, name in enumerate(known.names):
        inside = known.patterns[said.z, index]
        weight = said.weight[inside]
        hits, alarms = along(score[inside], is_positive[inside], weight)
        found.append({
            "name": name,
            "share": float(weight.sum() / said.weight.sum()),
            "positive": float((weight * is_positive[inside]).sum() / weight.sum()),
            "hits": hits,
            "alarms": alarms,
        })  # fmt: skip
    return found


def along(
    score: NDArray[np.floating], is_positive: NDArray[np.bool_], weight: NDArray[np.float64]
) -> tuple[list[float], list[float]]:
    """Hits and false alarms of one group when 0 to 100 % of its rows, those with the highest scores, are called so.

    Args:
        score: (n), how positive a row looks to the classifier.
        is_positive: (n), its label.
        weight: (n), of the row in the natural mix.
    """
    order = np.argsort(-score, kind="stable")
    positive, other = (weight * is_positive)[order], (weight * ~is_positive)[order]
    called = np.concatenate([[0.0], np.cumsum(positive + other) / weight.sum()])
    at = np.linspace(0.0, 1.0, POINTS)
    shares = []
    for part in (positive, other):
        reached = np.concatenate([[0.0], np.cumsum(part) / max(part.sum(), 1e-12)])
        shares.append([round(float(value), 4) for value in np.interp(at, called, reached)])
    return shares[0], shares[1]


def measured(found: Estimate | EstimateJson | None) -> LessonMeasured:
    """A value and its interval for the script."""
    if found is None:
        return (None, None, None)
    value, interval = (found["value"], found["ci"]) if isinstance(found, dict) else (found.value, found.ci)
    low, high = interval or (None, None)
    return (value, low, high)


def _stop(point: Point, *, is_chosen: bool) -> LessonStop:
    return {
        "lam": point.lam,
        "is_chosen": is_chosen,
        "accuracy": measured(point.metric("accuracy")),
        "gap": measured(point.metric("equalized_odds_difference")),
        "noise": point.noise_gap.get("equalized_odds_difference"),
        "called_gap": measured(point.metric("demographic_parity_difference")),
        "groups": [_rates(row) for row in point.group_rates or []],
    }


def _rates(row: GroupRow) -> LessonRates:
    return {
        "called": measured(row["selection_rate"]),
        "hits": measured(row["true_positive_rate"]),
        "alarms": measured(row["false_positive_rate"]),
    }
