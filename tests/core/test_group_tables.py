"""The table of groups and the table of who gained and who lost, by hand."""

import numpy as np
import pytest

from fairprog_core.common.types import Groups
from fairprog_core.metrics.group_tables import changes, group_table

TWO = Groups.exclusive("woman", "man")
COUNTS = np.array([[[90, 10], [20, 80]], [[190, 10], [0, 50]]])
ONES = np.ones((2, 2))


def test_group_table_equals_numbers_by_hand():
    """Women: 90/200 predicted 1, TPR 80/100, FPR 10/100, 170/200 right."""
    woman, man = group_table(COUNTS, ONES, TWO, is_stratified=False)
    assert (woman["group"], woman["label"], woman["n"], man["n"]) == ("woman", 1, 200, 250)
    found = {name: woman[name]["value"] for name in woman if isinstance(woman[name], dict)}
    assert found == pytest.approx(
        {"selection_rate": 0.45, "true_positive_rate": 0.8, "false_positive_rate": 0.1, "accuracy": 0.85}
    )
    assert woman["true_positive_rate"]["n"] == 100
    low, high = woman["true_positive_rate"]["ci"]  # .8 ± 1.96·√(.8·.2/100) = .8 ± .078
    assert (low, high) == pytest.approx((0.722, 0.878), abs=0.015)


def test_group_table_rate_of_one_has_an_interval_with_width():
    """All 50 right: Wilson's lower end n/(n + z²) = 50/53.84 = .929."""
    man = group_table(COUNTS, ONES, TWO, is_stratified=True)[1]
    assert man["true_positive_rate"]["value"] == 1
    assert man["true_positive_rate"]["ci"] == pytest.approx([0.9287, 1.0], abs=1e-3)


def test_group_table_weights_labels_back_to_the_natural_mix():
    """Label-1 women count a quarter: (10 + 80/4)/(100 + 100/4) = .24; TPR stays."""
    woman = group_table(COUNTS, [[1, 0.25], [1, 1]], TWO, is_stratified=True)[0]
    assert woman["selection_rate"]["value"] == pytest.approx(0.24)
    assert woman["true_positive_rate"]["value"] == pytest.approx(0.8)


def test_group_table_rate_without_rows_is_none():
    counts = COUNTS.copy()
    counts[1, 1] = 0
    man = group_table(counts, ONES, TWO, is_stratified=True)[1]
    assert man["true_positive_rate"] == {"value": None, "ci": None, "n": 0}
    assert man["false_positive_rate"]["value"] == pytest.approx(0.05)


def test_group_table_of_three_classes_has_a_row_per_group_and_class():
    counts = np.array([np.diag([10, 20, 30]), np.diag([30, 20, 10])])
    rows = group_table(counts, np.ones((2, 3)), TWO, is_stratified=False)
    assert [(row["group"], row["label"]) for row in rows] == [(g, c) for g in ("woman", "man") for c in range(3)]
    assert rows[1]["selection_rate"]["value"] == pytest.approx(20 / 60)


def test_changes_equal_numbers_by_hand():
    """Men with label 1: 30 right twice, 5 lost, 12 gained, 3 wrong twice, of 50."""
    joint = np.zeros((2, 2, 2, 2), dtype=int)
    joint[1, 1] = [[3, 12], [5, 30]]  # [before][after]
    joint[0, 0] = [[80, 15], [0, 5]]  # label 0: 15 were right and are wrong now
    rows = {(row["group"], row["label"]): row for row in changes(joint, ONES, TWO)}
    man, woman = rows["man", 1], rows["woman", 0]
    assert (man["n"], man["gained"]["rows"], man["lost"]["rows"]) == (50, 12, 5)
    assert man["gained"]["value"] == pytest.approx(0.24)
    assert man["gained"]["ci"][0] < 0.24 < man["gained"]["ci"][1]
    assert (woman["gained"]["rows"], woman["lost"]["rows"]) == (0, 15)
    assert rows["woman", 1]["gained"] == {"rows": 0, "value": None, "ci": None, "n": 0}


def test_changes_of_a_cell_without_a_share_in_the_natural_mix_are_none():
    joint = np.zeros((2, 2, 2, 2), dtype=int)
    joint[1, 1] = [[3, 12], [5, 30]]
    rows = {(row["group"], row["label"]): row for row in changes(joint, np.array([[1, 1], [1, 0]]), TWO)}
    assert rows["man", 1]["gained"] == {"rows": 12, "value": None, "ci": None, "n": 50}


def test_changes_net_is_gained_minus_lost():
    """12 gained and 5 lost of 50: net 7, .14. Half a row more of each kind: up 12.5/52, down 5.5/52,

    net .1346 ± 1.96·√((.3462 − .0181)/52) = .1346 ± .1557.
    """
    joint = np.zeros((2, 2, 2, 2), dtype=int)
    joint[1, 1] = [[3, 12], [5, 30]]
    rows = {(row["group"], row["label"]): row["net"] for row in changes(joint, ONES, TWO)}
    assert (rows["man", 1]["rows"], rows["man", 1]["value"]) == (7, pytest.approx(0.14))
    assert rows["man", 1]["ci"] == pytest.approx([0.1346 - 0.1557, 0.1346 + 0.1557], abs=1e-4)
    assert rows["woman", 1] == {"rows": 0, "value": None, "ci": None, "n": 0}
