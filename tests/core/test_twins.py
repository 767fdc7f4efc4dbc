"""Counterfactual pairs: what Z alone changes, by hand."""

import numpy as np
import pytest

from fairprog_core.classifiers.predict import margin
from fairprog_core.explain.counterfactuals import compare


def test_margin_is_the_logit_less_the_largest_other_one():
    logits = np.array([[1.0, 4.0, 3.0], [0.0, 2.0, 5.0]], dtype=np.float32)
    assert margin(logits, np.array([1, 0])) == pytest.approx([1.0, -5.0])


def test_two_classes_compare_the_margin_of_class_one():
    """Margins 2 − 0 = 2 against 1 − 3 = −2: the difference is 4 and the prediction flips, whatever the label."""
    first = np.array([[0.0, 2.0], [1.0, 1.5]], dtype=np.float32)
    second = np.array([[3.0, 1.0], [1.0, 1.5]], dtype=np.float32)
    found = compare(first, second, np.array([0, 1]))
    assert found.logit_difference == pytest.approx([4.0, 0.0])
    assert found.flips.tolist() == [True, False]


def test_more_classes_compare_the_margin_of_the_label():
    """Label 2: margin 5 − 1 = 4 against 0 − 2 = −2."""
    first = np.array([[0.0, 1.0, 5.0]], dtype=np.float32)
    second = np.array([[0.0, 2.0, 0.0]], dtype=np.float32)
    found = compare(first, second, np.array([2]))
    assert found.logit_difference == pytest.approx([6.0])
    assert found.flips.tolist() == [True]


def test_identical_pairs_differ_in_nothing():
    logits = np.random.default_rng(0).normal(size=(9, 2)).astype(np.float32)
    found = compare(logits, logits, np.zeros(9, dtype=np.int64))
    assert not found.logit_difference.any()
    assert not found.flips.any()
