"""Several attributes as one label: names, codes and shares of their combinations."""

import numpy as np
import pytest

from fairprog_core.data import combinations

PAIRS = [("no a", "a"), ("no b", "b"), ("no c", "c")]


def test_names_and_codes_agree_and_the_last_attribute_varies_fastest():
    names = combinations.names(PAIRS)
    assert names[:3] == ("no a, no b, no c", "no a, no b, c", "no a, b, no c")
    assert names[combinations.codes([[1, 0, 1]])[0]] == "a, no b, c"


def test_attributes_of_codes_are_those_that_made_them():
    every = combinations.attributes(np.arange(16), 4)
    assert every[5].tolist() == [0, 1, 0, 1]
    assert combinations.codes(every).tolist() == list(range(16))


def test_shares_of_two_groups_equal_products_by_hand():
    """P(a) = .4, P(b) = .5 -> no a & no b .6·.5, no a & b .6·.5, a & no b .4·.5, a & b .4·.5; then .1 and 0."""
    np.testing.assert_allclose(
        combinations.shares([[0.4, 0.5], [0.1, 0.0]]), [[0.3, 0.3, 0.2, 0.2], [0.9, 0, 0.1, 0]], atol=1e-12
    )


def test_shares_of_one_attribute_are_no_and_yes():
    assert combinations.shares([0.25]) == pytest.approx([0.75, 0.25])
