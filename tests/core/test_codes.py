"""Labels and groups as people keep them, turned into codes."""

import numpy as np
import pandas as pd
import pytest

from fairprog_core.api.codes import check_same_length, group_codes, label_codes
from fairprog_core.common.errors import DataError


@pytest.mark.parametrize(
    ("y", "values", "codes"),
    [
        ([3, 1, 3], (1, 3), [1, 0, 1]),
        (np.array([1.0, 0.0]), (0, 1), [1, 0]),
        ([True, False], (False, True), [1, 0]),
        (pd.Series(["b", "a", "b"], index=[7, 8, 9]), ("a", "b"), [1, 0, 1]),
        (np.array(["b", "a"]), ("a", "b"), [1, 0]),
        ([np.str_("a"), "b"], ("a", "b"), [0, 1]),
        ([1, 2.0], (1, 2), [0, 1]),
        (range(2), (0, 1), [0, 1]),
        (pd.Series([2, 1], dtype="Int64"), (1, 2), [1, 0]),
        (pd.Series(["b", "a"], dtype="string"), ("a", "b"), [1, 0]),
        (pd.Index([True, False]), (False, True), [1, 0]),
        (pd.Categorical(["low", "high"], categories=["low", "mid", "high"]), ("low", "high"), [0, 1]),
    ],
)
def test_labels_get_codes_in_their_order(y, values, codes):
    found = label_codes(y)
    assert (found.values, found.codes.tolist()) == (values, codes)


def test_disjoint_groups_are_the_identity_as_words_and_as_columns():
    words = group_codes(["m", "f", "m"])
    columns = group_codes(pd.DataFrame({"f": [0, 1, 0], "m": [1, 0, 1]}))
    for found in (words, columns):
        assert found.groups.names == ("f", "m")
        assert found.groups.patterns.tolist() == [[True, False], [False, True]]
        assert found.codes.tolist() == [1, 0, 1]


def test_overlapping_groups_keep_their_membership_and_new_patterns_follow():
    member = np.array([[1, 1], [0, 1], [1, 0]])
    first = group_codes(member)
    later = group_codes(np.array([[0, 0], [1, 1]]), groups=first.groups)
    assert first.groups.patterns[first.codes].astype(int).tolist() == member.tolist()
    assert later.groups.patterns[first.codes].astype(int).tolist() == member.tolist()
    assert later.groups.patterns[later.codes].astype(int).tolist() == [[0, 0], [1, 1]]


def test_several_columns_of_words_are_combined():
    found = group_codes(pd.DataFrame({"sex": ["f", "m", "f"], "young": [1, 0, 1]}))
    assert found.groups.names == ("f, young 1", "m, young 0")
    assert found.codes.tolist() == [0, 1, 0]


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: label_codes([]), "y is empty"),
        (lambda: label_codes([1, None, 0]), "1 missing values \\(the first in row 1\\)"),
        (lambda: label_codes(pd.Series([1, None], dtype="Int64")), "1 missing values"),
        (lambda: label_codes(["a", pd.NA]), "1 missing values"),
        (lambda: label_codes(np.array([np.nan, 1.0])), "1 missing values"),
        (lambda: label_codes([0.2, 0.7]), "y holds 0.2"),
        (lambda: label_codes([1.0, float("inf")]), "y holds inf"),
        (lambda: label_codes([[0], [1]]), "y holds no labels"),
        (lambda: label_codes({0, 1}), "y is no column of values"),
        (lambda: label_codes({"y": [0, 1]}), "y is {'y': \\[0, 1\\]}; give a list"),
        (lambda: label_codes([1, 1]), "a single label, 1"),
        (lambda: label_codes(["a", "x"], values=("a", "b")), "'x', which is none of the labels 'a', 'b'"),
        (lambda: group_codes(["m", "m"]), "a single group, 'm'"),
        (lambda: group_codes([[1, 0], [1, 0]]), "the group 'group 1' has no rows"),
        (lambda: group_codes([[1, 5], [2, 0]]), "give a pandas DataFrame"),
        (lambda: group_codes(["x", "f"], groups=group_codes(["m", "f"]).groups), "'x', which is none of the groups"),
        (lambda: check_same_length(y=[1], z=[1, 2]), "y has 1, z has 2"),
    ],
)
def test_what_cannot_be_coded_is_refused_in_a_sentence(call, sentence):
    with pytest.raises(DataError, match=sentence):
        call()
