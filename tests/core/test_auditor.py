"""The auditor against classifiers of which it is known what they tell about Z."""

import subprocess
import sys
import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier

from fairprog_core.common.types import Groups, Predictions
from fairprog_core.metrics.leakage.attackers import ATTACKERS, _binned
from fairprog_core.metrics.leakage.audit import MAX_ROWS, measure_leakage
from fairprog_core.metrics.leakage.small_network import SmallNetwork

TWO = Groups.exclusive("woman", "man")
OVERLAPPING = Groups(("a", "b"), np.array([[0, 0], [1, 0], [0, 1], [1, 1]], dtype=bool))


def predictions(z, y, logits, weight=None, *, is_stratified=False):
    """Predictions whose first logit is 0, as those of a one-logit model."""
    logits = np.asarray(logits, dtype=np.float32)
    if logits.ndim == 1:
        logits = np.column_stack([np.zeros_like(logits), logits])
    n = len(z)
    weight = np.ones(n) if weight is None else weight
    return Predictions(logits, logits.argmax(1), np.asarray(y), np.asarray(z), weight, np.arange(n), is_stratified)


def rows(n=600, *, n_patterns=2, share=0.5, seed=0):
    """(z, y, noise) of n rows; y is independent of z."""
    random = np.random.default_rng(seed)
    z = random.integers(0, n_patterns, n) if n_patterns > 2 else (random.random(n) < share).astype(int)
    return z, random.integers(0, 2, n), random.normal(size=n)


def bits(found):
    return found.to_json()["bits"]


def test_logits_that_are_the_group_give_all_of_its_entropy():
    """A quarter men: H(Z) = .25·2 + .75·log2(4/3) = .8113 bits, whatever the label."""
    z = np.tile([0, 0, 0, 1], 150)
    found = measure_leakage(predictions(z, np.repeat([0, 1], 300), np.where(z == 1, 4.0, -4.0)), TWO, given_label=True)
    assert found.entropy == pytest.approx(0.8113, abs=1e-4)
    assert bits(found)["value"] == pytest.approx(0.8113, abs=0.02)
    assert found.to_json()["accuracy"]["value"] == pytest.approx(1)
    assert found.chance == pytest.approx(0.75)


def test_label_alone_is_no_information_given_the_label():
    """Z follows Y in 90 % of the rows and the logits follow Y alone: I(Z; logits) = 1 − H(.1) = .531, given Y 0."""
    y = np.tile([0, 1], 500)
    z = np.where(np.arange(1000) % 20 < 2, 1 - y, y)
    found = predictions(z, y, np.where(y == 1, 3.0, -3.0) + np.random.default_rng(0).normal(size=1000) / 10)
    assert bits(measure_leakage(found, TWO, given_label=False))["value"] == pytest.approx(1 - 0.469, abs=0.03)
    low, high = bits(measure_leakage(found, TWO, given_label=True))["ci"]
    assert low <= 0 <= high
    assert high < 0.02


def test_weights_bring_shares_back_to_the_natural_mix():
    """Women and men in even numbers, but men weigh a third of women: H(Z) = H(1/4) = .8113, chance 3/4."""
    z, y = np.tile([0, 1], 300), np.repeat([0, 1], 300)
    weight = np.where(z == 1, 0.5, 1.5)
    found = measure_leakage(predictions(z, y, np.zeros(600), weight, is_stratified=True), TWO, given_label=True)
    assert (found.entropy, found.chance) == (pytest.approx(0.8113, abs=1e-4), pytest.approx(0.75))


def test_constant_logits_tell_nothing():
    z, y, _ = rows()
    found = measure_leakage(predictions(z, y, np.full(600, 0.3)), TWO, given_label=True)
    assert bits(found)["value"] == pytest.approx(0, abs=1e-3)


@pytest.mark.parametrize("given_label", [False, True])
def test_independent_logits_tell_nothing(given_label):
    """Of 12 intervals 11 or more reach down to 0; one that learned noise is below chance."""
    held = 0
    for seed in range(12):
        z, y, noise = rows(300, seed=seed)
        low, _ = bits(measure_leakage(predictions(z, y, noise), TWO, given_label=given_label, seed=seed))["ci"]
        held += low <= 0
        assert low < 0.01
    assert held >= 11


def test_spread_alone_is_read_by_the_nets_and_trees_not_by_the_line():
    """The logits of both groups have mean 0, those of men three times the spread."""
    z, y, noise = rows(1200)
    figures = measure_leakage(predictions(z, y, noise * np.where(z == 1, 4, 1)), TWO, given_label=False).to_json()
    by_attacker = {name: found["value"] for name, found in figures["attackers"].items()}
    assert tuple(by_attacker) == ATTACKERS
    assert by_attacker["logistic"] < 0.01
    assert min(by_attacker["mlp"], by_attacker["boosting"]) > 0.15
    assert figures["bits"]["value"] > 0.15


@pytest.mark.parametrize("n", [500, 1500])
@pytest.mark.parametrize("shape", ["ring", "exclusive or"])
def test_shapes_in_the_plane_of_three_logits_are_read_by_the_nets_and_trees_not_by_the_line(shape, n):
    """Trees split exactly for few rows and in bins for many."""
    random = np.random.default_rng(0)
    z, y = np.arange(n) % 2, random.integers(0, 3, n)
    angle = random.uniform(0, 2 * np.pi, n)
    if shape == "ring":
        plane = (1 + z + random.normal(size=n) / 4) * np.array([np.cos(angle), np.sin(angle)])
    else:
        side = random.choice([-1, 1], n)
        plane = np.array([side, np.where(z == 1, side, -side)]) + random.normal(size=(2, n)) / 3
    logits = plane.T @ [[1, -1, 0], [0.5, 0.5, -1]]
    figures = measure_leakage(predictions(z, y, logits), TWO, given_label=False).to_json()
    by_attacker = {name: found["value"] for name, found in figures["attackers"].items()}
    assert by_attacker["logistic"] < 0.01
    assert min(by_attacker["mlp"], by_attacker["boosting"], figures["bits"]["value"]) > 0.5


@pytest.mark.parametrize("n_answers", [2, 3])
def test_network_is_that_of_scikit_learn(n_answers):
    random = np.random.default_rng(0)
    answer, features, weight = np.arange(300) % n_answers, random.normal(size=(300, 2)), random.random(300)
    features[:, 0] += answer
    ours, theirs = (
        SmallNetwork(seed=3, iterations=20),
        MLPClassifier((16,), solver="lbfgs", alpha=0.1, max_iter=20, random_state=3),
    )
    ours.fit(features, answer + 4, sample_weight=weight)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        theirs.fit(features, answer + 4, sample_weight=weight)
    assert ours.classes_.tolist() == theirs.classes_.tolist()
    assert ours.predict_proba(features) == pytest.approx(theirs.predict_proba(features), abs=1e-6)


def test_network_is_sure_of_extreme_evidence():
    """No overflow: the probabilities are finite, and sum to one."""
    answer = np.arange(100) % 2
    network = SmallNetwork(seed=0)
    network.fit(np.where(answer == 1, 1.0, -1.0)[:, None], answer, sample_weight=np.ones(100))
    found = network.predict_proba(np.array([[-1e6], [1e6]]))
    assert found == pytest.approx(np.eye(2), abs=1e-6)


def test_trees_find_the_same_in_bins_made_beforehand():
    """Also in a column with three values, of which one is in 5 of 1,000 rows: less than a bin holds."""
    random = np.random.default_rng(0)
    train, test = np.arange(800), np.arange(800, 1000)
    few = np.where(np.arange(1000) % 200 == 7, 2.0, random.integers(0, 2, 1000))
    features, weight = np.column_stack([random.normal(size=(1000, 2)), few]), random.random(1000)
    answer = (features[:, 0] + few + random.normal(size=1000) > 1).astype(int)
    binned = _binned(features, weight, train)
    assert [len(np.unique(column)) for column in binned.T] == [63, 63, 3]

    def predicted(given):
        trees = HistGradientBoostingClassifier(max_iter=20, max_leaf_nodes=6, max_bins=63, min_samples_leaf=2)
        return trees.fit(given[train], answer[train], sample_weight=weight[train]).predict_proba(given[test])

    assert predicted(binned) == pytest.approx(predicted(features), abs=1e-6)


def test_difference_to_the_base_is_paired_by_row():
    """The same classifier differs by exactly 0; a blinder one is narrower than two separate intervals."""
    z, y, noise = rows(1000)
    base = measure_leakage(predictions(z, y, noise + 2 * z), TWO, given_label=True)
    same = measure_leakage(predictions(z, y, noise + 2 * z), TWO, given_label=True)
    assert same.to_json(base)["delta"] == {"value": 0.0, "ci": [0.0, 0.0]}
    blinder = measure_leakage(predictions(z, y, noise + 1.5 * z), TWO, given_label=True)
    delta, alone = blinder.to_json(base)["delta"], blinder.to_json()["bits"]["ci"]
    assert delta["ci"][1] < 0
    assert delta["ci"][1] - delta["ci"][0] < (alone[1] - alone[0]) * 2**0.5


def test_overlapping_groups_are_one_question_each():
    """a is written into the logits, b is not, each is half of the rows: 1 and 0 bits, on average ½."""
    z, y, noise = rows(800, n_patterns=4)
    is_a = OVERLAPPING.patterns[z, 0]
    found = measure_leakage(predictions(z, y, np.where(is_a, 4.0, -4.0) + noise / 10), OVERLAPPING, given_label=True)
    assert found.entropy == pytest.approx(1, abs=0.01)
    assert bits(found)["value"] == pytest.approx(0.5, abs=0.03)
    assert found.to_json()["accuracy"]["value"] == pytest.approx(0.75, abs=0.04)


def test_several_groups_and_classes_are_read_from_all_logits():
    """Four classes; group 0, 1, 2 raises logit 1, 2, 3, so all log2(3) = 1.585 bits are there."""
    random = np.random.default_rng(0)
    z, y = np.tile([0, 1, 2], 200), random.integers(0, 4, 600)
    logits = random.normal(size=(600, 4)) / 10
    logits[np.arange(600), z + 1] += 5
    found = measure_leakage(predictions(z, y, logits), Groups.exclusive("a", "b", "c"), given_label=True)
    assert found.entropy == pytest.approx(1.585, abs=0.02)
    assert bits(found)["value"] == pytest.approx(found.entropy, abs=0.1)


def test_shift_of_all_logits_changes_nothing():
    z, y, noise = rows(300)
    first = predictions(z, y, noise + z)
    shifted = replace(first, logits=first.logits + 8 * z[:, None].astype(np.float32))
    assert bits(measure_leakage(shifted, TWO, given_label=True))["value"] == pytest.approx(
        bits(measure_leakage(first, TWO, given_label=True))["value"], abs=1e-3
    )


def test_method_without_logits_is_audited_by_its_predictions():
    """It answers 1 to men alone: everything is told."""
    z, y, _ = rows()
    found = replace(predictions(z, y, np.zeros(600)), logits=None, y_pred=z)
    assert bits(measure_leakage(found, TWO, given_label=True))["value"] == pytest.approx(1, abs=0.05)


def test_group_too_small_to_be_learned_is_left_out():
    """Men with label 1 are 9: label 1 is not judged; with 9 men in all nothing is."""
    z, y, noise = np.tile([0, 1], 200), np.repeat([0, 1], 200), np.zeros(400)
    y[(z == 1) & (np.cumsum((z == 1) & (y == 1)) > 9)] = 0
    found = measure_leakage(predictions(z, y, noise), TWO, given_label=True)
    assert set(y[found.row]) == {0}
    z[np.flatnonzero(z == 1)[9:]] = 0
    assert measure_leakage(predictions(z, y, noise), TWO, given_label=False) is None


def test_many_rows_are_thinned_evenly_and_weighted_back():
    """One in forty is a man: all 250 of them are kept, and the entropy stays H(1/40) = .1687."""
    z = (np.arange(10_000) % 40 == 0).astype(int)
    found = measure_leakage(predictions(z, np.zeros(10_000, dtype=int), np.zeros(10_000)), TWO, given_label=False)
    assert len(found.gain) == MAX_ROWS
    assert (z[found.row] == 1).sum() == 250
    assert found.entropy == pytest.approx(0.1687, abs=1e-4)


@settings(max_examples=5, deadline=None)
@given(st.integers(0, 2**31 - 1))
def test_one_seed_gives_the_same_numbers(seed):
    z, y, noise = rows(120, seed=seed % 1000)
    first, second = (measure_leakage(predictions(z, y, noise + z), TWO, given_label=True, seed=seed) for _ in range(2))
    assert (first.gains == second.gains).all()
    assert first.to_json() == second.to_json()


def test_interval_of_a_mean_equals_number_by_hand():
    """Values 0 and 1 in even numbers, n = 100: s² = 100/99·¼, ½ ± 1.96·√(s²/100) = ½ ± .0985."""
    z, y = np.tile([0, 1], 50), np.zeros(100, dtype=int)
    found = measure_leakage(predictions(z, y, np.zeros(100)), TWO, given_label=False)
    low, high = found.mean(np.repeat([0.0, 1.0], 50)).ci
    assert (low, high) == pytest.approx((0.5 - 0.0985, 0.5 + 0.0985), abs=1e-4)


def test_rows_without_a_share_in_the_natural_mix_do_not_count():
    z, y = np.tile([0, 1], 200), np.repeat([0, 1], 200)
    weight = np.where((z == 1) & (y == 1), 0.0, 1.0)
    found = measure_leakage(predictions(z, y, np.zeros(400), weight, is_stratified=True), TWO, given_label=False)
    assert np.isfinite(found.mean(found.gain).ci).all()


def test_import_leaves_scikit_learn_alone():
    code = "import sys, fairprog_core.metrics.leakage.audit; print('sklearn' in sys.modules)"
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
