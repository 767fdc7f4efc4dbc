"""Combinations of groups: which there are, how large, which is worst."""

import numpy as np
import pytest

from fairprog_core.common.types import Groups
from fairprog_core.metrics.group_tables import intersection_table, intersections

SEVERAL = Groups.exclusive("female, not young", "female, young", "male, not young", "male, young")
OVERLAPPING = Groups(("christian", "female"), np.array([[0, 0], [1, 0], [0, 1], [1, 1]], dtype=bool))
ONES = np.ones((4, 2))


def counts(*right, n=50):
    """(p, 2, 2) with n rows per label, of which so many are answered right."""
    return np.array([[[r, n - r], [n - r, r]] for r in right])


def test_attributes_of_combined_names_are_found_and_combined_again():
    found = intersections(SEVERAL)
    assert found.names == ("female", "male", "not young", "young", *SEVERAL.names)
    assert found.patterns[:, found.names.index("young")].tolist() == [False, True, False, True]
    assert found.patterns[:, 4:].tolist() == np.eye(4, dtype=bool).tolist()


def test_single_parts_alone_with_depth_one():
    assert intersections(SEVERAL, depth=1).names == ("female", "male", "not young", "young")


def test_overlapping_groups_are_combined_where_rows_belong_to_both():
    found = intersections(OVERLAPPING)
    assert found.names == ("christian", "female", "christian, female")
    assert found.patterns[:, 2].tolist() == [False, False, False, True]


def test_combination_without_a_pattern_is_left_out():
    groups = Groups(("a", "b"), np.array([[1, 0], [0, 1]], dtype=bool))
    plain = Groups(("a", "b"), np.array([[1, 0], [0, 1], [0, 0]], dtype=bool))
    assert intersections(groups).names == intersections(plain).names == ("a", "b")


def test_names_that_list_no_attributes_stay_as_they_are():
    groups = Groups.exclusive("black", "white", "asian, pacific")
    assert intersections(groups).names == groups.names


def test_table_names_the_largest_first_and_the_worst():
    """Right of 100: female not young 90, female young 80, male not young 70, male young 40, and half as many rows."""
    table = counts(45, 40, 35, 20)
    table[3] //= 2
    rows = intersection_table(table, ONES, SEVERAL, is_stratified=False)
    assert [row["n"] for row in rows] == sorted((row["n"] for row in rows), reverse=True)
    assert (rows[0]["group"], rows[0]["n"], rows[0]["parts"]) == ("female", 200, 1)
    assert [row["group"] for row in rows if row["is_worst"]] == ["male, young"]
    by_name = {row["group"]: row["accuracy"]["value"] for row in rows}
    assert by_name["female"] == pytest.approx(0.85)
    assert by_name["young"] == pytest.approx((80 + 20) / 150)


def test_small_combination_is_not_estimable_and_never_the_worst():
    """All men: 70 of 104 are right, fewer than of men that are not young."""
    table = counts(45, 40, 35, 20)
    table[3] = [[0, 2], [2, 0]]  # four rows, all wrong
    rows = intersection_table(table, ONES, SEVERAL, is_stratified=False)
    small = next(row for row in rows if row["group"] == "male, young")
    assert (small["n"], small["accuracy"]["value"], small["is_worst"]) == (4, None, False)
    assert [row["group"] for row in rows if row["is_worst"]] == ["male"]


def test_groups_without_combinations_have_no_table():
    plain = Groups.exclusive("woman", "man")
    assert intersection_table(counts(45, 40), np.ones((2, 2)), plain, is_stratified=False) == []
