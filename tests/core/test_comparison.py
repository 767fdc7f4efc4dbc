"""Methods against each other: tables of draws, matched accuracy and seconds, verdicts; by hand and by simulation."""

import itertools
from functools import partial

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairprog_core.common.types import Groups, Predictions
from fairprog_core.metrics.comparison import (
    ROW_DRAWS,
    Attained,
    Reference,
    ResampledRows,
    compared,
    difference,
    over_seeds,
    verdict,
)
from fairprog_core.metrics.counts import count_table
from fairprog_core.metrics.intervals import Estimate
from fairprog_core.metrics.pareto import hypervolume
from fairprog_core.metrics.report import report

TWO = Groups.exclusive("woman", "man")
ONES = np.ones((2, 2))
GAP = "average_abs_odds_difference"


def rows(n=400, *, is_stratified=True, seed=0):
    """Rows even over (z, y), resampled."""
    z, y = np.arange(n) % 2, np.arange(n) // 2 % 2
    return ResampledRows.drawn(y, z, ONES, TWO, is_stratified=is_stratified, seed=seed)


def answers(found, woman, man):
    """Predictions with these TPR per group and a FPR of .1, wrong rows first."""
    y_pred = found.y.copy()
    for z, rate in ((0, woman), (1, man)):
        of_group = np.flatnonzero((found.z == z) & (found.y == 1))
        y_pred[of_group[: round((1 - rate) * len(of_group))]] = 0
        other = np.flatnonzero((found.z == z) & (found.y == 0))
        y_pred[other[: round(0.1 * len(other))]] = 1
    return y_pred


def once(accuracy, gap, seconds=None):
    """A curve with one draw, the rows themselves."""
    return Attained(np.array([accuracy]), np.array([gap]), np.array(seconds or [0.0] * len(gap)))


BASE = Reference(np.array([0.90]), np.array([0.30]), np.array([0.70]), np.zeros((2, 2, 2), dtype=np.int64))


def test_first_draw_is_the_rows_themselves():
    found = rows()
    y_pred = answers(found, 0.8, 0.4)
    tables = found.tables(y_pred)
    assert tables.shape == (1 + ROW_DRAWS, 2, 2, 2)
    assert (tables[0] == count_table(found.y, y_pred, found.z, n_patterns=2, n_classes=2)).all()


@pytest.mark.parametrize("is_stratified", [False, True])
def test_draws_keep_cells_only_where_their_sizes_are_fixed(is_stratified):
    found = rows(is_stratified=is_stratified)
    sizes = found.tables(found.y).sum(axis=-1)
    assert (sizes.sum(axis=(1, 2)) == 400).all()
    assert bool((sizes == 100).all()) == is_stratified


def test_all_classifiers_are_read_from_the_same_draws():
    """A classifier against itself differs by 0 on every draw."""
    found = rows()
    one, other = (found.attained([answers(found, 0.8, 0.4)], GAP, [1.0]) for _ in range(2))
    assert (one.gap == other.gap).all()
    assert len(np.unique(one.gap[:, 0])) > 50


def test_reference_is_the_base_on_every_draw():
    found = rows()
    base = found.reference(answers(found, 0.8, 0.4), GAP)
    assert base.gap[0] == pytest.approx(0.2)  # ½·(.8 − .4)
    assert base.accuracy[0] == pytest.approx((0.9 + 0.9 + 0.8 + 0.4) / 4)
    assert base.majority[0] == pytest.approx(0.5)


def test_collapsed_and_constant_points_do_not_count():
    found = rows()
    curve = found.attained([np.zeros(400, dtype=int), answers(found, 0.8, 0.6)], GAP, [0, 0])
    assert np.isnan(curve.gap[:, 0]).all()
    assert curve.gap[0, 1] == pytest.approx(0.1)


def test_label_that_is_too_rare_in_a_group_is_left_out_as_in_a_report():
    """Label 2 has no man. Of labels 0 and 1 women are always right, men with label 1 half of the time, else say 0.

    TPR of label 1 1 and ½, FPR of label 0 0 and ½ (men know no other label): AAOD ½·mean(½, ½) = ¼.
    """
    z, y = (np.repeat(codes, 40) for codes in ([0, 0, 0, 1, 1], [0, 1, 2, 0, 1]))
    found = ResampledRows.drawn(y, z, np.ones((2, 3)), TWO, is_stratified=True)
    base, better = y.copy(), y.copy()
    base[160:180], better[160:170] = 0, 0
    reference = found.reference(base, GAP)
    assert reference.gap[0] == pytest.approx(0.25)
    assert found.attained([better], GAP, [1.0], base=reference.counts).gap[0, 0] == pytest.approx(0.125)
    said = [Predictions(None, each, y, z, np.ones(200), np.arange(200), is_stratified=True) for each in (base, better)]
    about = {"groups": TWO, "labels": ("a", "b", "c"), "draws": 20}
    assert report(said[0], method="base", **about).metric(GAP).value == pytest.approx(reference.gap[0])
    levelled = report(said[1], base=said[0], method="leace", **about).levelling[GAP]
    assert levelled["closed"]["value"] == pytest.approx(0.125)
    assert [row["label"] for row in levelled["rates"]] == [0, 1, 0, 1]


def test_gap_at_matched_accuracy_is_read_off_the_step_line():
    """At no less than .90 − .02 = .88 the points .89/.20 and .88/.15 count; at .90 none does."""
    curve = once([0.89, 0.88, 0.85], [0.20, 0.15, 0.05])
    assert curve.gap_at(0.02, BASE).tolist() == [0.15]
    assert curve.gap_at(0.10, BASE).tolist() == [0.05]
    assert np.isnan(curve.gap_at(0.0, BASE)).all()


def test_gap_at_matched_accuracy_skips_what_cannot_be_estimated():
    assert once([0.89, 0.89], [np.nan, 0.2]).gap_at(0.02, BASE).tolist() == [0.2]
    assert np.isnan(once([0.89], [np.nan]).gap_at(0.02, BASE)).all()


def test_hypervolume_counts_what_was_there_in_time():
    """Reference (.70, .30): (.85 − .70)·(.30 − .05) = .0375 in 10 s; (.89 − .85)·(.30 − .20) = .004 more in 20."""
    curve = once([0.85, 0.89], [0.05, 0.20], [10.0, 20.0])
    assert curve.hypervolume(BASE).tolist() == pytest.approx([0.0415])
    assert curve.hypervolume(BASE, within=10).tolist() == pytest.approx([0.0375])
    assert curve.hypervolume(BASE, within=5).tolist() == [0.0]


@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1) | st.just(np.nan)), min_size=1, max_size=9))
def test_hypervolume_of_a_draw_equals_that_of_one_front(points):
    accuracy, gap = np.array(points).T
    expected = hypervolume(accuracy, gap, reference=(0.70, 0.30)) if np.isfinite(gap).any() else 0.0
    assert once(accuracy, gap).hypervolume(BASE).tolist() == pytest.approx([expected], abs=1e-12)


@given(
    st.integers(2, 7).flatmap(
        lambda m: st.tuples(st.lists(st.floats(0, 1), min_size=m, max_size=m), st.integers(1, m - 1))
    ),
    st.integers(0, 10**6),
)
def test_nearest_points_have_the_smallest_sum_of_distances_in_order(longer, seed):
    """Against every choice of n of m points; the shorter curve's points are drawn, three draws at once."""
    accuracy, n = longer
    random = np.random.default_rng(seed)
    curves = [random.permutation(accuracy) for _ in range(3)]
    mine = Attained(np.array(curves), random.random((3, len(accuracy))), np.arange(len(accuracy), dtype=float))
    other = Attained(random.random((3, n)), np.zeros((3, n)), np.zeros(n))
    kept = mine.nearest_to(other)
    assert kept.gap.shape == kept.accuracy.shape == (3, n)
    for draw in range(3):
        wanted = np.sort(other.accuracy[draw])
        sums = [np.abs(np.sort(chosen) - wanted).sum() for chosen in itertools.combinations(curves[draw], n)]
        assert np.abs(kept.accuracy[draw] - wanted).sum() == pytest.approx(min(sums))
        found = [np.flatnonzero(mine.gap[draw] == gap).item() for gap in kept.gap[draw]]
        assert len(set(found)) == n
        assert (mine.accuracy[draw, found] == kept.accuracy[draw]).all()
        assert (kept.seconds[draw] == found).all()


def test_nearest_points_by_hand():
    """To .86 and .80 the nearest of .90, .87, .845 and .79 are .87 (.01 away; .845: .015) and .79."""
    longer = once([0.90, 0.87, 0.845, 0.79], [0.3, 0.2, 0.1, 0.05])
    kept = longer.nearest_to(once([0.86, 0.80], [0.2, 0.1]))
    assert (kept.accuracy.tolist(), kept.gap.tolist()) == ([[0.79, 0.87]], [[0.05, 0.2]])
    assert kept.nearest_to(longer) is kept


def draws(values):
    """A curve of one point per seed and 201 draws, whose accuracy and gap vary a little."""
    noise = np.random.default_rng(0).normal(size=(201, len(values))) * 1e-3
    noise[0] = 0
    accuracy, gap = np.array(values).T
    return Attained(accuracy + noise, gap + noise, np.zeros(len(values)))


def test_one_point_is_not_better_than_a_curve_because_the_worst_of_its_points_is_near():
    """Of (.90, .30) and (.88, .10) the first is nearest to (.895, .25): alone it is worse, both together are better."""
    curve, point = draws([(0.90, 0.30), (0.88, 0.10)]), draws([(0.895, 0.25)])
    base = Reference(np.full(201, 0.90), np.full(201, 0.30), np.full(201, 0.70), BASE.counts)
    found = compared({0: point}, {0: curve}, partial(Attained.hypervolume, reference=base))
    assert found.value == pytest.approx(0.195 * 0.05)  # against the nearest point, whose area is 0
    assert found.ci[0] < -0.02  # against both: .195·.05 − .18·.20
    assert verdict(found, more_is_better=True) == "cannot tell"
    dominating = draws([(0.91, 0.05)])
    best = compared({0: dominating}, {0: curve}, partial(Attained.hypervolume, reference=base))
    assert verdict(best, more_is_better=True) == "better"


def test_over_seeds_is_wider_than_the_rows_alone():
    """Two seeds .1 apart, rows ± .02: by the house's rule √((12.706·.0707/√2)² + .02²) ≈ .6356."""
    draws = np.concatenate([[0.0], np.linspace(-0.0210526, 0.0210526, 1001)])  # central 95 %: ± .02
    found = over_seeds({0: 0.5 + draws, 1: 0.6 + draws})
    assert found.value == pytest.approx(0.55)
    assert found.ci[1] - 0.55 == pytest.approx(0.6356, abs=1e-3)


def test_difference_is_paired_by_seed_and_draw():
    """Seeds .2 apart, one method .01 above the other on every draw of each: exactly .01."""
    noise = np.random.default_rng(0).normal(size=101) / 10
    first = {0: 0.5 + noise, 1: 0.7 + noise, 2: 0.1 + noise}
    second = {seed: values - 0.01 for seed, values in first.items() if seed < 2}
    found = difference(first, second)
    assert (found.value, *found.ci) == pytest.approx((0.01, 0.01, 0.01))
    assert difference(first, {}) == (None, None)


@pytest.mark.parametrize(
    ("ci", "more", "less"),
    [
        ((0.01, 0.02), "better", "worse"),
        ((-0.02, -0.01), "worse", "better"),
        ((-0.01, 0.02), "cannot tell", "cannot tell"),
        ((0.0, 0.0), "cannot tell", "cannot tell"),
        (None, "not estimable", "not estimable"),
    ],
)
def test_verdict_is_said_from_the_interval_alone(ci, more, less):
    found = Estimate(0.005, ci)
    assert verdict(found, more_is_better=True) == more
    assert verdict(found, more_is_better=False) == less


@pytest.mark.parametrize("ci", [(0.01, 0.02), (-0.02, -0.01), (-0.01, 0.02)])
def test_one_seed_gives_no_verdict(ci):
    assert verdict(Estimate(0.005, ci), more_is_better=True, is_one_seed=True) == "one seed: cannot say"


def test_interval_of_a_difference_of_hypervolumes_covers_93_to_97_percent():
    """300 test sets of 4 × 300 rows; both methods have one point, the truth follows from their rates.

    FPR .05/.20 for all; TPR: base .8/.4, first .8/.65, second .8/.55: AAOD .275, .15, .2. Majority .5.
    Areas (.8 − .5)·(.275 − .15) = .0375 and (.775 − .5)·(.275 − .2) = .020625: a difference of .016875.
    """
    z, y = np.arange(1200) % 2, np.arange(1200) // 2 % 2
    luck = np.random.default_rng(5).random((300, 1200))  # one number per row decides all: they agree as far as they can
    share = {m: np.where(y == 1, np.where(z == 1, m, 0.8), np.where(z == 1, 0.2, 0.05)) for m in (0.4, 0.55, 0.65)}
    covered = 0
    for seed in range(300):
        drawn = ResampledRows.drawn(y, z, ONES, TWO, is_stratified=True, seed=seed)
        second, first = (drawn.attained([luck[seed] < share[m]], GAP, [0.0]) for m in (0.55, 0.65))
        base = drawn.reference(luck[seed] < share[0.4], GAP)
        low, high = difference({0: first.hypervolume(base)}, {0: second.hypervolume(base)}).ci
        covered += low <= 0.016875 <= high
    assert 0.93 <= covered / 300 <= 0.97


def test_cell_that_the_base_had_lost_is_not_held_against_a_curve() -> None:
    """Nobody ever says 1 of group 0: with the base's counts that is no collapse, without them it is."""
    found = rows()
    predicted = np.where(found.z == 0, 0, found.y)
    counts = found.reference(predicted, GAP).counts
    alone, beside = (found.attained([predicted], GAP, [0.0], base=base) for base in (None, counts))
    assert np.isnan(alone.gap).all()
    assert np.isfinite(beside.gap).all()
    assert over_seeds({0: np.array([0.1, -0.1, -0.1, 0.2])}).ci[0] == 0
