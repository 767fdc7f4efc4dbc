"""Metrics by hand, against fairlearn, and as properties of random tables."""

import numpy as np
import pytest
from fairlearn.metrics import demographic_parity_difference as fairlearn_dp
from fairlearn.metrics import equalized_odds_difference as fairlearn_eo
from hypothesis import given
from hypothesis import strategies as st

from fairprog_core.common.errors import DataError
from fairprog_core.common.types import Groups
from fairprog_core.metrics import fairness
from fairprog_core.metrics.counts import cell_weight, count_table, joint_table, weigh

TWO = Groups.exclusive("woman", "man")
# [group][label][prediction]: TPR .8 and .4, FPR .1 and .05
COUNTS = np.array([[[90, 10], [20, 80]], [[190, 10], [30, 20]]])
ONES = np.ones((2, 2))


def rows_of(counts):
    """The rows (y, y_pred, z) of a table of counts."""
    cells = np.argwhere(np.ones_like(counts))
    z, y, y_pred = np.repeat(cells, counts.ravel(), axis=0).T
    return y, y_pred, z


def tables(n_groups=2):
    """Tables (g, 2, 2) with 1 … 60 rows in every cell."""
    count = st.integers(1, 60)
    return st.lists(count, min_size=4 * n_groups, max_size=4 * n_groups).map(lambda c: np.array(c).reshape(-1, 2, 2))


def evaluate(counts, weight=None, groups=TWO):
    found = fairness.evaluate(counts, np.ones(np.shape(counts)[-3:-1]) if weight is None else weight, groups)
    return {name: float(value) for name, value in found.items()}


def test_metrics_of_two_groups_equal_numbers_by_hand():
    """450 rows: 200 women, 250 men.

    accuracy (90 + 80 + 190 + 20) / 450 = 380/450
    p_woman = 90/200 = .45, p_man = 30/250 = .12, p = 120/450 = 4/15: DPD .33
    paper_dp ½((.45 − 4/15) + (4/15 − .12)) = .165
    TPR .8 and .4, FPR .1 and .05: EOD max(.4, .05) = .4, AAOD ½(.4 + .05) = .225
    TPR 100/150 = 2/3, FPR 20/300 = 1/15: paper_eo ½(½(.1333 + .2667) + ½(.0333 + .0167)) = .1125
    worst group: men with label 1, .4
    """
    found = evaluate(COUNTS)
    assert found == pytest.approx({
        "accuracy": 380 / 450,
        "demographic_parity_difference": 0.33,
        "equalized_odds_difference": 0.4,
        "average_abs_odds_difference": 0.225,
        "paper_dp": 0.165,
        "paper_eo": 0.1125,
        "worst_group_accuracy": 0.4,
    })  # fmt: skip


def test_metrics_of_weighted_cells_equal_numbers_by_hand():
    """Women's label-0 rows count double: n_woman = 2·100 + 100 = 300, p_woman = (20 + 80)/300 = 1/3.

    DPD 1/3 − .12. Rates within a cell stay: AAOD .225. accuracy (180 + 80 + 190 + 20) / 550.
    """
    found = evaluate(COUNTS, [[2, 1], [1, 1]])
    assert found["demographic_parity_difference"] == pytest.approx(1 / 3 - 0.12)
    assert found["average_abs_odds_difference"] == pytest.approx(0.225)
    assert found["accuracy"] == pytest.approx(470 / 550)


def test_metrics_of_three_classes_are_the_mean_of_one_vs_rest():
    """Two groups of 30 rows, 10 per label; only group a mixes classes, 0 ↔ 1: half of each.

    a: TPR .5 .5 1, FPR 5/20 5/20 0; b is perfect: TPR 1, FPR 0.
    ΔTPR .5 .5 0, ΔFPR .25 .25 0: EOD (.5 + .5 + 0)/3, AAOD ½·((.75 + .75 + 0)/3). Both predict 10 of each class: DPD 0.
    """
    counts = np.array([[[5, 5, 0], [5, 5, 0], [0, 0, 10]], np.diag([10, 10, 10])])
    found = evaluate(counts)
    assert found["equalized_odds_difference"] == pytest.approx(1 / 3)
    assert found["average_abs_odds_difference"] == pytest.approx(0.25)
    assert found["demographic_parity_difference"] == pytest.approx(0)
    assert found["worst_group_accuracy"] == pytest.approx(0.5)


def test_overlapping_groups_count_shared_rows_twice_and_others_only_in_the_whole():
    """Patterns: none, a, b, a and b; 10 rows each, predicted 1: 1, 2, 6, 8.

    p = 17/40, p_a = (2 + 8)/20 = .5, p_b = (6 + 8)/20 = .7: DPD .2, paper_dp ½(.075 + .275) = .175
    """
    groups = Groups(("a", "b"), np.array([[0, 0], [1, 0], [0, 1], [1, 1]], dtype=bool))
    counts = np.array([[[5, 0], [4, 1]], [[5, 0], [3, 2]], [[4, 1], [0, 5]], [[2, 3], [0, 5]]])
    found = evaluate(counts, groups=groups)
    assert found["demographic_parity_difference"] == pytest.approx(0.2)
    assert found["paper_dp"] == pytest.approx(0.175)


def by_fairlearn(y, y_pred, z, weight):
    """The three metrics that fairlearn knows, of 0/1 labels and predictions."""
    asked = {"y_true": y, "y_pred": y_pred, "sensitive_features": z, "sample_weight": weight}
    return {
        "demographic_parity_difference": fairlearn_dp(**asked),
        "equalized_odds_difference": fairlearn_eo(**asked, agg="worst_case"),
        "average_abs_odds_difference": fairlearn_eo(**asked, agg="mean"),
    }


def test_metrics_of_random_tables_equal_fairlearn():
    """60 tables of 2 or 4 groups, half of them weighted by cell: equal to 1e-6 (over 300 tables at most 1e-15 off)."""
    random = np.random.default_rng(0)
    largest = 0.0
    for number in range(60):
        n_groups = random.choice([2, 4])
        counts = random.integers(1, 40, (n_groups, 2, 2))
        weight = random.uniform(0.1, 3, (n_groups, 2)) if number % 2 else np.ones((n_groups, 2))
        y, y_pred, z = rows_of(counts)
        ours = evaluate(counts, weight, Groups.exclusive(*map(str, range(n_groups))))
        theirs = by_fairlearn(y, y_pred, z, weight[z, y])
        largest = max(largest, *(abs(ours[name] - value) for name, value in theirs.items()))
    print(f"largest difference to fairlearn: {largest:.1e}")
    assert largest < 1e-6


def test_metrics_of_random_tables_of_overlapping_groups_equal_fairlearn():
    """fairlearn knows no overlap: every row is given to it once per group that it belongs to, or not at all."""
    random = np.random.default_rng(7)
    patterns = np.array(list(np.ndindex(2, 2, 2)), dtype=bool)  # from no group to all three
    for _ in range(12):
        counts, weight = random.integers(1, 30, (8, 2, 2)), random.uniform(0.1, 3, (8, 2))
        y, y_pred, z = rows_of(counts)
        ours = evaluate(counts, weight, Groups(("a", "b", "c"), patterns))
        row, group = np.nonzero(patterns[z])
        theirs = by_fairlearn(y[row], y_pred[row], group, weight[z, y][row])
        assert {name: ours[name] for name in theirs} == pytest.approx(theirs, abs=1e-9)


def test_metrics_of_several_classes_equal_fairlearn_one_vs_rest():
    """The mean over classes, each against all others; three groups, four classes."""
    random = np.random.default_rng(8)
    for _ in range(6):
        counts, weight = random.integers(1, 30, (3, 4, 4)), random.uniform(0.1, 3, (3, 4))
        y, y_pred, z = rows_of(counts)
        ours = evaluate(counts, weight, Groups.exclusive("a", "b", "c"))
        each = [by_fairlearn(y == k, y_pred == k, z, weight[z, y]) for k in range(4)]
        theirs = {name: np.mean([one[name] for one in each]) for name in each[0]}
        assert {name: ours[name] for name in theirs} == pytest.approx(theirs, abs=1e-9)


@given(tables(8))
def test_eod_lies_between_aaod_and_twice_aaod_for_any_groups(counts):
    """max(a, b) lies between ½(a + b) and a + b, for exclusive groups and for groups that overlap."""
    patterns = np.array(list(np.ndindex(2, 2, 2)), dtype=bool)
    for groups in (Groups.exclusive(*"abcdefgh"), Groups(("a", "b", "c"), patterns)):
        found = evaluate(counts, groups=groups)
        assert found["average_abs_odds_difference"] <= found["equalized_odds_difference"] + 1e-12
        assert found["equalized_odds_difference"] <= 2 * found["average_abs_odds_difference"] + 1e-12


@given(tables(3))
def test_paper_scales_stay_below_the_gap_for_exclusive_groups(counts):
    """The rate of all rows is a mean of the groups' rates, so no group is further from it than the two extremes."""
    found = evaluate(counts, groups=Groups.exclusive("a", "b", "c"))
    assert found["paper_dp"] <= found["demographic_parity_difference"] + 1e-12
    assert found["paper_eo"] <= found["average_abs_odds_difference"] + 1e-12


def test_identity_of_the_paper_scale_does_not_hold_for_groups_that_leave_rows_out():
    """Both groups say 1 in half of their rows, all others never: DPD 0, and yet each is .25 away from p = .25."""
    groups = Groups(("a", "b"), np.array([[0, 0], [1, 0], [0, 1]], dtype=bool))
    counts = np.array([[[20, 0], [20, 0]], [[5, 5], [5, 5]], [[5, 5], [5, 5]]])
    found = evaluate(counts, groups=groups)
    assert found["demographic_parity_difference"] == 0
    assert found["paper_dp"] == pytest.approx(0.25)


@given(tables())
def test_identities_of_two_exclusive_groups_hold(counts):
    """The rate of all rows lies between the two groups' rates, so the distances to it add up to the gap."""
    found = evaluate(counts)
    assert found["paper_dp"] == pytest.approx(found["demographic_parity_difference"] / 2)
    assert found["paper_eo"] == pytest.approx(found["average_abs_odds_difference"] / 2)
    assert found["average_abs_odds_difference"] <= found["equalized_odds_difference"] + 1e-12
    assert found["equalized_odds_difference"] <= 2 * found["average_abs_odds_difference"] + 1e-12


@given(tables(), st.randoms(use_true_random=False))
def test_permuting_rows_changes_nothing(counts, random):
    y, y_pred, z = rows_of(counts)
    order = list(range(len(y)))
    random.shuffle(order)
    assert (count_table(y[order], y_pred[order], z[order], n_patterns=2, n_classes=2) == counts).all()


@given(tables(3), st.permutations([0, 1, 2]))
def test_permuting_groups_changes_no_gap(counts, order):
    groups = Groups.exclusive("a", "b", "c")
    assert evaluate(counts[order], groups=groups) == pytest.approx(evaluate(counts, groups=groups))


@given(tables(3), st.integers(1, 7))
def test_constant_factor_of_weights_changes_nothing(counts, factor):
    groups = Groups.exclusive("a", "b", "c")
    assert evaluate(counts, np.full((3, 2), factor), groups) == pytest.approx(evaluate(counts, groups=groups))


def test_leading_axes_are_read_in_one_call():
    random = np.random.default_rng(1)
    stack = random.integers(1, 30, (5, 3, 2, 2, 2))
    found = fairness.evaluate(stack, ONES, TWO)
    assert found["paper_eo"].shape == (5, 3)
    assert found["paper_eo"][4, 2] == pytest.approx(evaluate(stack[4, 2])["paper_eo"])


@pytest.mark.parametrize(
    ("empty", "lost"),
    [
        ((1, 1), {"equalized_odds_difference", "average_abs_odds_difference", "paper_eo", "worst_group_accuracy"}),
        ((1,), set(fairness.METRICS) - {"accuracy"}),
    ],
)
def test_metric_over_empty_cell_is_nan_never_zero(empty, lost):
    counts = COUNTS.copy()
    counts[empty] = 0
    found = evaluate(counts)
    assert {name for name, value in found.items() if np.isnan(value)} == lost


def test_gap_of_a_single_group_is_nan():
    assert np.isnan(evaluate(COUNTS[:1], groups=Groups.exclusive("all"))["demographic_parity_difference"])


def test_estimable_cell_of_four_rows_takes_the_gaps_that_need_it():
    counts = COUNTS.copy()
    counts[1, 1] = [2, 2]
    known = fairness.estimable(counts, TWO)
    assert not known["average_abs_odds_difference"]
    assert known["demographic_parity_difference"]
    assert fairness.estimable(counts, TWO, min_rows=4)["average_abs_odds_difference"]


THREE = np.array([[[8, 2, 0], [1, 9, 0], [0, 0, 3]], [[6, 4, 0], [3, 7, 0], [1, 0, 9]]])


def test_class_too_rare_in_a_group_is_left_out_of_one_vs_rest():
    """Women of the third class are 3: judged are the first two, ΔTPR .2 and .2 (.8 − .6, .9 − .7).

    FPR of class 0: women 1/13, men 4/20; of class 1: 2/13, 4/20.
    AAOD: mean of ½(.2 + 4/20 − 1/13) and ½(.2 + 4/20 − 2/13).
    """
    judged = fairness.scored_classes(THREE, TWO)
    assert judged.tolist() == [True, True, False]
    assert all(fairness.estimable(THREE, TWO).values())
    found = fairness.evaluate(THREE, np.ones((2, 3)), TWO, judged)
    assert found["average_abs_odds_difference"] == pytest.approx((0.4 - 1 / 13 + 0.4 - 2 / 13) / 4)
    assert found["worst_group_accuracy"] == pytest.approx(0.6)
    assert found["demographic_parity_difference"] == pytest.approx(evaluate(THREE)["demographic_parity_difference"])


def test_metrics_are_not_estimable_where_every_class_is_too_rare_or_one_of_two_is():
    few = THREE // 3
    assert fairness.scored_classes(few, TWO).all()
    assert not fairness.estimable(few, TWO)["average_abs_odds_difference"]
    pair = COUNTS.copy()
    pair[1, 1] = [2, 2]
    assert fairness.scored_classes(pair, TWO).all()


def test_count_table_keeps_leading_axes():
    y, z = np.array([0, 1, 1]), np.array([0, 0, 1])
    counts = count_table(y, np.array([[0, 1, 1], [1, 1, 0]]), z, n_patterns=2, n_classes=2)
    assert counts.tolist() == [[[[1, 0], [0, 1]], [[0, 0], [0, 1]]], [[[0, 1], [0, 1]], [[0, 0], [1, 0]]]]


def test_joint_table_summed_gives_both_tables():
    random = np.random.default_rng(2)
    y, z, first, second = random.integers(0, 2, (4, 200))
    shape = {"n_patterns": 2, "n_classes": 2}
    joint = joint_table(y, first, second, z, **shape)
    assert (joint.sum(axis=-1) == count_table(y, first, z, **shape)).all()
    assert (joint.sum(axis=-2) == count_table(y, second, z, **shape)).all()


def test_count_table_of_unknown_label_says_what_is_allowed():
    with pytest.raises(DataError, match=r"Found the label 2, allowed are 0 … 1"):
        count_table([0, 2], [0, 1], [0, 0], n_patterns=1, n_classes=2)


def test_cell_weight_is_the_weight_of_a_cell_and_zero_without_rows():
    found = cell_weight([0, 0, 1], [0, 0, 1], [0.5, 0.5, 2.0], n_patterns=2, n_classes=2)
    assert found.tolist() == [[0.5, 0], [0, 2.0]]


def test_cell_weight_of_rows_that_differ_is_refused():
    with pytest.raises(DataError, match="different weights"):
        cell_weight([0, 0], [0, 0], [1.0, 2.0], n_patterns=1, n_classes=2)


def test_majority_accuracy_is_that_of_the_most_frequent_label():
    """Label 0 has 300 of 450 rows; if label 1 counts four times, 600 of 900."""
    assert fairness.majority_accuracy(COUNTS) == pytest.approx(300 / 450)
    assert fairness.majority_accuracy(weigh(COUNTS, [[1, 4], [1, 4]])) == pytest.approx(600 / 900)


def test_collapsed_constant_classifier_is_flagged():
    constant = np.array([[[100, 0], [100, 0]], [[200, 0], [50, 0]]])
    assert evaluate(constant)["equalized_odds_difference"] == 0
    assert fairness.collapsed(constant, ONES, TWO)
    assert not fairness.collapsed(COUNTS, ONES, TWO)


def test_collapsed_lost_cell_above_the_majority_line_is_flagged():
    """Men with label 1: 0 of 50 right, while accuracy (90 + 80 + 200)/450 = .82 is above 300/450."""
    lost = np.array([[[90, 10], [20, 80]], [[200, 0], [50, 0]]])
    assert fairness.collapsed(lost, ONES, TWO)


def test_collapsed_cell_of_one_wrong_row_is_not_flagged():
    counts = COUNTS.copy()
    counts[1, 1] = [1, 0]
    assert not fairness.collapsed(counts, ONES, TWO)


def test_cell_that_the_base_never_answered_cannot_be_lost():
    """Women with label 1: 0 of 50 right. With a base of 2 of 50 it was lost before; with 20 of 50 it is a collapse."""
    lost = np.array([[[200, 0], [50, 0]], [[90, 10], [20, 80]]])
    for right, is_collapsed in ((2, False), (20, True)):
        base = np.array([[[200, 0], [50 - right, right]], [[90, 10], [20, 80]]])
        assert bool(fairness.collapsed(lost, ONES, TWO, base=base)) is is_collapsed


@given(tables())
def test_collapsed_of_a_stack_equals_one_by_one(counts):
    stack = np.stack([counts, np.flip(counts, axis=-1)])
    assert fairness.collapsed(stack, ONES, TWO).tolist() == [bool(fairness.collapsed(one, ONES, TWO)) for one in stack]
