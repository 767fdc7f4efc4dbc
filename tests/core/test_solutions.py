"""What a method has learned is asked for several λ together, and never twice for the same."""

from collections.abc import Hashable, Sequence

import numpy as np
import pytest

from fairprog_core.common.types import Predictions
from fairprog_core.data.base import Split
from fairprog_core.methods.base import LAMS_PER_CALL, FittedModel
from tests.contracts.samples import rows


class Whole(FittedModel):
    """Predicts the whole part of λ, and notes what it was asked."""

    def __init__(self) -> None:
        self.asked: list[list[float]] = []

    def cache_key(self, lam: float) -> Hashable:
        return int(lam)

    def predict(self, split: Split, lam: float) -> Predictions:
        n = len(split.y)
        return Predictions(
            logits=None, y_pred=np.full(n, int(lam)), y=split.y, z=split.z, weight=split.weight, row=np.arange(n)
        )

    def predict_batch(self, split: Split, lams: Sequence[float]) -> list[Predictions]:
        self.asked.append(list(lams))
        return super().predict_batch(split, lams)


def test_every_lam_gets_its_own_predictions_in_the_order_that_was_asked() -> None:
    lams = [3.0, 0.0, 7.5, 1.0, 2.0, 5.0, 7.0, 0.5]
    assert [int(found.y_pred[0]) for found in Whole().predict_many(rows("image"), lams)] == [3, 0, 7, 1, 2, 5, 7, 0]


def test_lams_with_the_same_predictions_are_asked_once_and_a_few_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fairprog_core.methods.base.ROWS_PER_CALL", 1)
    solution = Whole()
    list(solution.predict_many(rows("image"), [0.0, 0.5, 1.0, 2.0, 2.5, 3.0, 4.0, 5.0, 5.5]))
    assert solution.asked == [[0.0, 1.0, 2.0, 3.0], [4.0, 5.0]]
    assert LAMS_PER_CALL == 4


def test_few_rows_are_predicted_at_all_lams_in_one_call() -> None:
    solution = Whole()
    list(solution.predict_many(rows("image"), [float(lam) for lam in range(9)]))
    assert solution.asked == [[float(lam) for lam in range(9)]]


def test_nothing_is_computed_before_it_is_wanted() -> None:
    solution = Whole()
    found = solution.predict_many(rows("image"), [float(lam) for lam in range(9)])
    assert solution.asked == []
    next(found)
    assert len(solution.asked) == 1
