"""Intervals: what a resample keeps, how often an interval covers the truth, what noise alone would show."""

import numpy as np
import pytest

from fairprog_core.common.types import Groups
from fairprog_core.metrics.counts import weigh
from fairprog_core.metrics.fairness import evaluate, gaps
from fairprog_core.metrics.intervals import (
    draw_tables,
    estimates,
    noise_gaps,
    paired_estimates,
    paired_interval,
    percentile_interval,
    wilson_interval,
)

TWO = Groups.exclusive("woman", "man")
ONES = np.ones((2, 2))
SHARE = np.array([[0.35, 0.15], [0.45, 0.05]])  # natural mix [group][label]
BEFORE = np.array([[0.10, 0.80], [0.05, 0.50]])  # P(Ŷ=1 | group, label): AAOD ½(.30 + .05) = .175
AFTER = np.array([[0.10, 0.75], [0.07, 0.65]])  # AAOD ½(.10 + .03) = .065
N_TEST_SETS = 500
GAP = "average_abs_odds_difference"
# of 500 intervals 475 should cover; 92-98 % is 460 … 490, ± 3 standard deviations of the binomial


def joint_share():
    """P(ŷ before, ŷ after | group, label): the two agree as often as their rates allow, but for 3 %."""
    both = np.minimum(BEFORE, AFTER) - 0.03
    cells = [[1 - BEFORE - AFTER + both, AFTER - both], [BEFORE - both, both]]
    return np.array(cells).transpose(2, 3, 0, 1)


def draw_test_sets(share, *, is_stratified, random, per_cell=600, n=3_000):
    """Tables (N_TEST_SETS, 2, 2, …) of test sets drawn evenly over the cells or from the natural mix."""
    flat = share.reshape(2, 2, -1)
    size = np.full((N_TEST_SETS, 2, 2), per_cell)
    if not is_stratified:
        size = random.multinomial(n, SHARE.ravel(), size=N_TEST_SETS).reshape(size.shape)
    return random.multinomial(size, flat).reshape(N_TEST_SETS, *share.shape)


def weight_of(is_stratified):
    return SHARE * 4 if is_stratified else ONES


def rates_to_share(rate):
    return np.stack([1 - rate, rate], axis=-1)


@pytest.mark.parametrize("is_stratified", [False, True])
def test_interval_of_gap_three_standard_errors_wide_covers_92_to_98_percent(is_stratified):
    """True AAOD .175; DPD and accuracy follow from the natural mix of the cells."""
    random = np.random.default_rng(11)
    truth = evaluate(weigh(rates_to_share(BEFORE), SHARE), ONES, TWO)
    names = ("accuracy", "demographic_parity_difference", GAP)
    covered = dict.fromkeys(names, 0)
    for seed, counts in enumerate(draw_test_sets(rates_to_share(BEFORE), is_stratified=is_stratified, random=random)):
        found = estimates(counts, weight_of(is_stratified), TWO, is_stratified=is_stratified, draws=500, seed=seed)
        for name in names:
            low, high = found[name].ci
            covered[name] += low <= truth[name] <= high
    assert all(0.92 <= n / N_TEST_SETS <= 0.98 for n in covered.values()), covered


FOUR = Groups.exclusive("a", "b", "c", "d")
OVERLAPPING = Groups(("a", "b"), np.array([[0, 0], [1, 0], [0, 1], [1, 1]], dtype=bool))
# P(Ŷ=1 | pattern, label), and P(Ŷ | group, label); whatever a gap is made of differs by three standard errors or more
RATES_OF_FOUR = np.array([[0.03, 0.46], [0.10, 0.58], [0.19, 0.76], [0.28, 0.90]])
RATES_OF_PATTERNS = np.array([[0.25, 0.75], [0.10, 0.45], [0.30, 0.85], [0.20, 0.65]])
THREE_CLASSES = np.array([
    [[0.80, 0.15, 0.05], [0.10, 0.80, 0.10], [0.05, 0.05, 0.90]],
    [[0.50, 0.40, 0.10], [0.02, 0.68, 0.30], [0.02, 0.26, 0.72]],
])  # fmt: skip


@pytest.mark.parametrize(
    ("groups", "share"),
    [(FOUR, rates_to_share(RATES_OF_FOUR)), (OVERLAPPING, rates_to_share(RATES_OF_PATTERNS)), (TWO, THREE_CLASSES)],
    ids=["four groups", "overlapping groups", "three classes"],
)
def test_interval_of_every_gap_of_three_standard_errors_covers_92_to_98_percent(groups, share):
    """20,000 rows, all cells alike; how wide a gap is follows from its spread over 500 test sets.

    Over 4,000 test sets of four groups the intervals covered 94.3 … 95.2 %.
    """
    random = np.random.default_rng(16)
    n_patterns, n_classes = share.shape[:2]
    weight = np.ones((n_patterns, n_classes))
    truth = evaluate(share, weight, groups)
    flat = (share / share.sum()).ravel()
    covered, values = dict.fromkeys(gaps(), 0), {name: [] for name in gaps()}
    for seed, counts in enumerate(random.multinomial(20_000, flat, size=N_TEST_SETS).reshape(-1, *share.shape)):
        found = estimates(counts, weight, groups, is_stratified=False, draws=500, seed=seed)
        for name in gaps():
            low, high = found[name].ci
            covered[name] += low <= truth[name] <= high
            values[name].append(found[name].value)
    assert all(truth[name] >= 3 * np.std(values[name]) for name in gaps())
    assert all(0.92 <= n / N_TEST_SETS <= 0.98 for n in covered.values()), covered


@pytest.mark.parametrize("is_stratified", [False, True])
def test_interval_of_paired_difference_covers_92_to_98_percent(is_stratified):
    """True difference .065 − .175 = −.11."""
    random = np.random.default_rng(12)
    covered, width, alone = 0, 0.0, 0.0
    for seed, joint in enumerate(draw_test_sets(joint_share(), is_stratified=is_stratified, random=random)):
        values, deltas = paired_estimates(
            joint, weight_of(is_stratified), TWO, is_stratified=is_stratified, draws=500, seed=seed
        )
        low, high = deltas[GAP].ci
        covered += low <= -0.11 <= high
        width += high - low
        alone += np.subtract(*values[GAP].ci[::-1])
    assert 0.92 <= covered / N_TEST_SETS <= 0.98
    assert width < alone * 2**0.5  # narrower than the difference of two test sets


@pytest.mark.parametrize("is_stratified", [False, True])
@pytest.mark.parametrize("gap", ["demographic_parity_difference", GAP])
def test_noise_gap_is_exceeded_by_one_test_set_in_twenty_if_the_true_gap_is_zero(gap, is_stratified):
    """EO: both groups have TPR .7, FPR .1. DP: both have P(Ŷ=1) = .3·.7 + .7·.1 = .1·.7 + .9·(.21/.9) = .28."""
    random = np.random.default_rng(13)
    rate = np.array([[0.1, 0.7], [0.1, 0.7]]) if gap == GAP else np.array([[0.1, 0.7], [0.21 / 0.9, 0.7]])
    exceeded = 0
    for seed, counts in enumerate(draw_test_sets(rates_to_share(rate), is_stratified=is_stratified, random=random)):
        weight = weight_of(is_stratified)
        found = noise_gaps(counts, weight, TWO, is_stratified=is_stratified, draws=500, seed=seed)[gap]
        exceeded += evaluate(counts, weight, TWO)[gap] > found
    assert 0.03 <= exceeded / N_TEST_SETS <= 0.07


def test_noise_gap_of_all_right_answers_is_not_zero():
    counts = np.array([[[10, 0], [0, 10]]] * 2)
    assert noise_gaps(counts, ONES, TWO, is_stratified=True)[GAP] > 0.02


def test_noise_gap_without_rows_in_a_cell_is_none():
    counts = np.array([[[10, 0], [0, 10]], [[10, 0], [0, 0]]])
    found = noise_gaps(counts, ONES, TWO, is_stratified=True)
    assert found[GAP] is None
    assert found["demographic_parity_difference"] is not None


def test_draw_tables_stratified_keeps_the_rows_of_every_cell():
    counts = np.array([[[5, 3], [0, 0]], [[1, 0], [20, 30]]])
    drawn = draw_tables(counts, is_stratified=True, draws=50)
    assert (drawn.sum(axis=-1) == counts.sum(axis=-1)).all()
    assert (drawn[:, 1, 0] == [1, 0]).all()


def test_draw_tables_natural_keeps_the_number_of_rows_alone():
    counts = np.array([[[5, 3], [0, 0]], [[1, 0], [20, 30]]])
    drawn = draw_tables(counts, is_stratified=False, draws=2_000)
    assert (drawn.sum(axis=(1, 2, 3)) == counts.sum()).all()
    assert drawn.mean(axis=0) == pytest.approx(counts, abs=0.3)
    assert len(np.unique(drawn[:, 1].sum(axis=(1, 2)))) > 1


def test_draw_tables_with_one_seed_gives_the_same_numbers():
    counts = np.array([[[5, 3], [2, 2]]] * 2)
    one, same, other = (draw_tables(counts, is_stratified=False, draws=9, seed=seed) for seed in (1, 1, 2))
    assert (one == same).all()
    assert (one != other).any()


def test_paired_interval_equals_number_by_hand():
    """12 gained, 5 lost of 50: 12.5/52 − 5.5/52 = .1346 ± 1.96·√((18/52 − .1346²)/52) = .1346 ± .1557."""
    assert paired_interval(0.24, 0.10, 50) == pytest.approx((-0.0211, 0.2903), abs=1e-4)
    low, high = paired_interval(0, 0, 50)
    assert low == -high < 0


def test_paired_estimates_of_equal_classifiers_differ_by_exactly_zero():
    joint = np.zeros((2, 2, 2, 2), dtype=int)
    joint[:, :, [0, 1], [0, 1]] = [[[90, 10], [20, 80]], [[190, 10], [40, 20]]]
    _, deltas = paired_estimates(joint, ONES, TWO, is_stratified=False)
    assert all(delta == (0.0, (0.0, 0.0)) for delta in deltas.values())


def test_estimates_of_tiny_cell_are_none_never_zero():
    counts = np.array([[[90, 10], [20, 80]], [[190, 10], [2, 2]]])
    found = estimates(counts, ONES, TWO, is_stratified=False)
    assert found[GAP] == (None, None)
    assert found["accuracy"].value == pytest.approx(362 / 404)


def test_percentile_interval_is_the_central_95_percent():
    assert percentile_interval(np.arange(1001.0)) == pytest.approx((25, 975))


def test_percentile_interval_leaves_out_few_nan_and_gives_up_on_many():
    values = np.arange(100.0)
    values[:4] = np.nan
    assert percentile_interval(values)[0] > 4
    values[:6] = np.nan
    assert percentile_interval(values) is None


def test_wilson_interval_equals_numbers_by_hand():
    """0 of 10: upper z²/(n + z²) = 3.8415/13.8415 = .2775. 5 of 10: ½ ± z/(2√(n + z²)) = .5 ± .2634."""
    assert wilson_interval(0, 10) == pytest.approx((0, 0.2775), abs=1e-4)
    assert wilson_interval(0.5, 10) == pytest.approx((0.2366, 0.7634), abs=1e-4)


def test_interval_of_accuracy_is_that_of_the_percentiles():
    """Accuracy is a plain mean: its slope is the same over any reach."""
    counts = np.array([[[90, 10], [20, 80]], [[190, 10], [40, 120]]])
    found = estimates(counts, ONES, TWO, is_stratified=False, draws=300)["accuracy"]
    drawn = evaluate(draw_tables(counts, is_stratified=False, draws=300), ONES, TWO)["accuracy"]
    assert found.ci == pytest.approx(percentile_interval(drawn), abs=1e-12)


def test_interval_of_a_clear_gap_between_two_groups_is_that_of_the_percentiles():
    """DPD .5, more than `FAR` times its standard error of .03: no difference counts as noise."""
    counts = np.array([[[120, 30], [240, 210]], [[30, 120], [30, 420]]])
    found = estimates(counts, ONES, TWO, is_stratified=False, draws=300)["demographic_parity_difference"]
    drawn = evaluate(draw_tables(counts, is_stratified=False, draws=300), ONES, TWO)
    assert found.value == pytest.approx(0.5)
    assert found.ci == pytest.approx(percentile_interval(drawn["demographic_parity_difference"]), abs=1e-12)


def test_interval_of_a_gap_that_noise_alone_shows_begins_at_zero():
    counts = np.array([[[270, 30], [75, 225]], [[265, 35], [77, 223]]])
    found = estimates(counts, ONES, TWO, is_stratified=True)
    assert all(found[gap].ci[0] == 0 < found[gap].value < found[gap].ci[1] for gap in gaps())


def test_rows_without_an_error_are_no_proof_that_there_is_no_gap():
    """100 rows per cell, all right. Wilson for 100 of 100: 1/(1 + 1.96²/100) = .963; for 400 of 400 .990."""
    table = np.broadcast_to(np.eye(2) * 100, (2, 2, 2))
    found = estimates(table, ONES, TWO, is_stratified=True)
    alone = noise_gaps(table, ONES, TWO, is_stratified=True)
    for gap in ("equalized_odds_difference", GAP, "demographic_parity_difference"):
        assert found[gap].value == 0
        assert found[gap].ci[0] == 0
        assert found[gap].ci[1] >= alone[gap] > 0
    assert found["worst_group_accuracy"].ci == pytest.approx((0.963, 1.0), abs=5e-4)
    assert found["accuracy"].ci == pytest.approx((0.990, 1.0), abs=5e-4)


def test_interval_needs_sixty_rows_in_the_smallest_cell_that_counts():
    """A smallest cell of 59 rows leaves the metrics over cells without ends; the group of 359 keeps its own."""
    cells = np.array([[[270, 30], [75, 225]], [[270, 30], [9, 50]]])
    found = estimates(cells, ONES, TWO, is_stratified=True)
    assert found[GAP].value is not None
    assert found[GAP].ci is found["worst_group_accuracy"].ci is None
    assert found["demographic_parity_difference"].ci is not None
    cells[1, 1, 1] += 1
    assert estimates(cells, ONES, TWO, is_stratified=True)[GAP].ci is not None


def test_paired_interval_needs_sixty_rows_in_the_smallest_cell_that_counts():
    joint = np.zeros((2, 2, 2, 2), dtype=int)
    joint[:, :, [0, 1], [0, 1]] = [[[90, 10], [20, 80]], [[190, 10], [39, 20]]]
    values, deltas = paired_estimates(joint, ONES, TWO, is_stratified=False)
    assert values[GAP].value is not None
    assert values[GAP].ci is None
    assert deltas[GAP] == (0.0, None)
    assert deltas["accuracy"] == (0.0, (0.0, 0.0))
