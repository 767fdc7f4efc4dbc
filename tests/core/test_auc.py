"""The area under the curve: by hand, against scikit-learn, with ties and weights."""

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from fairprog_core.common.types import Predictions
from fairprog_core.metrics.auc import auc, auc_draws


def predictions(logits, y, *, weight=None, z=None, is_stratified=False):
    logits, y = np.asarray(logits, dtype=np.float32), np.asarray(y)
    n = len(y)
    return Predictions(
        logits=logits,
        y_pred=logits.argmax(axis=1),
        y=y,
        z=np.zeros(n, dtype=np.int64) if z is None else z,
        weight=np.ones(n) if weight is None else weight,
        row=np.arange(n),
        is_stratified=is_stratified,
    )


def binary(score, y, **more):
    return predictions(np.column_stack([np.zeros(len(score)), score]), y, **more)


def test_auc_of_five_rows_equals_number_by_hand():
    """Positives score 3, 1; negatives 2, 1, 0. Pairs won: 3 > 2, 1, 0 and 1 > 0, tied 1 = 1: (3 + 1 + ½)/6."""
    assert auc(binary([3, 1, 2, 1, 0], [1, 1, 0, 0, 0])) == pytest.approx(4.5 / 6)


@pytest.mark.parametrize("decimals", [6, 1])
def test_auc_of_weighted_rows_equals_scikit_learn(decimals):
    """To one decimal most scores are tied."""
    random = np.random.default_rng(0)
    y, weight = random.integers(0, 2, 300), random.uniform(0.1, 3, 300)
    score = (random.normal(size=300) + y).round(decimals).astype(np.float32)
    assert auc(binary(score, y, weight=weight)) == pytest.approx(
        roc_auc_score(y, score, sample_weight=weight), abs=1e-9
    )


def test_auc_of_four_classes_is_the_mean_of_one_vs_rest():
    random = np.random.default_rng(1)
    y = random.integers(0, 4, 300)
    logits = (random.normal(size=(300, 4)) + 2 * np.eye(4)[y]).astype(np.float32)
    share = np.exp(logits.astype(float))
    share /= share.sum(axis=1, keepdims=True)
    assert auc(predictions(logits, y)) == pytest.approx(roc_auc_score(y, share, multi_class="ovr"), abs=1e-9)


def test_auc_without_both_kinds_of_rows_is_nan():
    assert np.isnan(auc(binary([1, 2, 3], [1, 1, 1])))


def test_auc_without_logits_is_nan():
    found = binary([1, 2], [0, 1])
    without = Predictions(None, found.y_pred, found.y, found.z, found.weight, found.row)
    assert np.isnan(auc(without))
    assert np.isnan(auc_draws(without, draws=3)).all()


@pytest.mark.parametrize("is_stratified", [False, True])
def test_auc_draws_start_with_the_rows_themselves_and_spread_like_theory(is_stratified):
    """Hanley and McNeil's standard error for normal scores one apart, 200 rows each: A = Φ(1/√2) = .760.

    Q1 = A/(2 − A), Q2 = 2A²/(1 + A): √((A(1 − A) + 199(Q1 − A²) + 199(Q2 − A²))/200²) = .0236
    """
    random = np.random.default_rng(2)
    y, z = np.repeat([0, 1], 200), np.tile([0, 1], 200)
    found = binary(random.normal(size=400) + y, y, z=z, is_stratified=is_stratified)
    draws = auc_draws(found, draws=2_000)
    assert draws.shape == (2_001,)
    assert draws[0] == pytest.approx(auc(found), abs=1e-12)
    assert draws[1:].std() == pytest.approx(0.0236, rel=0.15)


def test_auc_draws_in_blocks_keep_their_number(monkeypatch):
    monkeypatch.setattr("fairprog_core.metrics.auc._BLOCK", 500)
    random = np.random.default_rng(3)
    y = np.repeat([0, 1], 50)
    assert auc_draws(binary(random.normal(size=100) + y, y), draws=23).shape == (24,)


def test_many_rows_are_drawn_less_often_but_still_spread_like_the_rows(monkeypatch):
    monkeypatch.setattr("fairprog_core.metrics.auc._MOST", 100_000)
    random = np.random.default_rng(2)
    y = np.repeat([0, 1], 200)
    draws = auc_draws(binary(random.normal(size=400) + y, y), draws=2_000)
    assert draws.shape == (251,)
    assert draws[1:].std() == pytest.approx(0.0236, rel=0.15)
    monkeypatch.setattr("fairprog_core.metrics.auc._MOST", 1)
    assert auc_draws(binary(random.normal(size=400) + y, y), draws=2_000).shape == (201,)


def test_auc_draws_with_one_seed_are_paired():
    random = np.random.default_rng(4)
    y = np.repeat([0, 1], 100)
    score = random.normal(size=200) + y
    same = auc_draws(binary(score, y), seed=5) - auc_draws(binary(2 * score + 1, y), seed=5)
    assert np.abs(same).max() < 1e-12
