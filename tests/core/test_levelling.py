"""Who paid for a smaller gap, by hand and as properties."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairprog_core.common.types import Groups
from fairprog_core.metrics.intervals import paired_estimates
from fairprog_core.metrics.levelling import levelling_down

TWO = Groups.exclusive("woman", "man")
ONES = np.ones((2, 2))
EO, DP = "average_abs_odds_difference", "demographic_parity_difference"


def joint(before, after, n=100):
    """[group][label] numbers of n rows that are predicted 1, before and after, changed rows as few as possible."""
    table = np.zeros((len(before), 2, 2, 2), dtype=int)
    for z, y in np.ndindex(len(before), 2):
        both, first, second = min(before[z][y], after[z][y]), before[z][y], after[z][y]
        table[z, y] = [[n - first - second + both, second - both], [first - both, both]]
    return table


def found(before, after, gap=EO, groups=TWO, **more):
    weight = np.ones((len(groups.patterns), 2))
    return levelling_down(joint(before, after), weight, groups, gap=gap, is_stratified=True, draws=400, **more)


def values(figures):
    return [figures[name]["value"] for name in ("closed", "lost", "share")]


def test_gap_that_closes_from_both_sides_equals_numbers_by_hand():
    """TPR .8/.4 → .7/.6: closed .4 − .1 = .3, women lost .1. FPR .1/.2 → .1/.1: closed .1, men gained it all.

    Means over both rates: closed .2, lost .05, share .25.
    """
    figures = found([[10, 80], [20, 40]], [[10, 70], [10, 60]])
    assert values(figures) == pytest.approx([0.2, 0.05, 0.25])
    low, high = figures["share"]["ci"]
    assert 0 <= low < 0.25 < high
    tpr, fpr = figures["rates"]
    assert (tpr["rate"], tpr["better"], tpr["worse"]) == ("true_positive_rate", "woman", "man")
    assert (tpr["better_rate"], tpr["worse_rate"]) == (pytest.approx([0.8, 0.7]), pytest.approx([0.4, 0.6]))
    assert (fpr["better"], fpr["better_rate"], fpr["worse_rate"]) == ("woman", pytest.approx([0.1, 0.1]), [0.2, 0.1])


def test_gap_that_closes_by_loss_alone_is_all_levelling_down():
    """Women .8 → .4, men stay at .4: closed ½·.4, all of it lost."""
    figures = found([[0, 80], [0, 40]], [[0, 40], [0, 40]])
    assert values(figures) == pytest.approx([0.2, 0.2, 1.0])


def test_gap_that_closes_by_gain_alone_is_no_levelling_down():
    figures = found([[0, 80], [0, 40]], [[0, 85], [0, 80]])  # better-off women gain as well
    assert values(figures) == pytest.approx([0.175, 0.0, 0.0])


def test_gap_that_swaps_places_takes_from_both_alike():
    """TPR .8/.4 → .5/.6: |.4| → |−.1| closes .3 of a movement of .3 + .2, so lost .3·.3/.5 = .18; halved with FPR."""
    assert values(found([[0, 80], [0, 40]], [[0, 50], [0, 60]])) == pytest.approx([0.15, 0.09, 0.6])


def test_gap_that_did_not_close_has_no_share():
    figures = found([[0, 80], [0, 40]], [[0, 90], [0, 40]])
    assert values(figures) == [0.0, 0.0, None]
    assert figures["share"]["ci"] is None


def test_selection_rates_are_followed_for_demographic_parity():
    """100 rows of each label. Selected: women (10 + 80)/200 = .45 → .35, men (0 + 30)/200 = .15 → .25.

    Closed .3 − .1 = .2, lost .1.
    """
    figures = found([[10, 80], [0, 30]], [[0, 70], [10, 40]], gap=DP)
    assert values(figures) == pytest.approx([0.2, 0.1, 0.5])
    assert [row["rate"] for row in figures["rates"]] == ["selection_rate"]


def test_pair_furthest_apart_is_followed_among_three_groups():
    """TPR .5/.9/.3 → .5/.6/.3: the pair is b and c, whatever a does; closed ½·.3, all lost by b."""
    groups = Groups.exclusive("a", "b", "c")
    figures = found([[0, 50], [0, 90], [0, 30]], [[0, 50], [0, 60], [0, 30]], groups=groups)
    assert values(figures) == pytest.approx([0.15, 0.15, 1.0])
    assert (figures["rates"][0]["better"], figures["rates"][0]["worse"]) == ("b", "c")


def test_overlapping_groups_are_counted_with_their_shared_rows():
    """Patterns a, b, a and b: TPR a (.9 + .5)/2 = .7, b (.3 + .5)/2 = .4; b alone gains .2, so b becomes .5."""
    groups = Groups(("a", "b"), np.array([[1, 0], [0, 1], [1, 1]], dtype=bool))
    figures = found([[0, 90], [0, 30], [0, 50]], [[0, 90], [0, 50], [0, 50]], groups=groups)
    assert values(figures) == pytest.approx([0.05, 0.0, 0.0])


def test_several_classes_are_averaged_one_vs_rest():
    """Three classes; women are always right, men with label 2 half of the time, then always: nobody lost.

    TPR of class 2 .5 → 1, FPR of class 0 (25 of 200 rows of the others, the wrong ones say 0) .25 → 0.
    Means over three classes: closed ½(.5/3 + .25/3) = .125.
    """
    table = np.zeros((2, 3, 3, 3), dtype=int)
    for z, y in np.ndindex(2, 3):
        table[z, y, y, y] = 100
    table[1, 2, 2, 2], table[1, 2, 0, 2] = 50, 50
    figures = levelling_down(table, np.ones((2, 3)), TWO, gap=EO, is_stratified=True, draws=100)
    assert values(figures) == pytest.approx([0.125, 0.0, 0.0])
    assert len(figures["rates"]) == 6


def test_intervals_cover_93_to_97_percent():
    """500 test sets of 4 × 400 rows. TPR .8/.4 → .7/.6, FPR .05/.2 → .08/.12, a row decides alike before and after.

    Closed ½·((.4 − .1) + (.15 − .04)) = .205; lost ½·(.1 + .03) = .065; share .065/.205.
    """
    before, after = np.array([[0.05, 0.8], [0.2, 0.4]]), np.array([[0.08, 0.7], [0.12, 0.6]])
    both = np.minimum(before, after)
    shares = np.array([[1 - np.maximum(before, after), after - both], [before - both, both]]).transpose(2, 3, 0, 1)
    truth = {"closed": 0.205, "lost": 0.065, "share": 0.065 / 0.205}
    covered = dict.fromkeys(truth, 0)
    random = np.random.default_rng(4)
    for seed in range(500):
        table = random.multinomial(400, shares.reshape(2, 2, 4)).reshape(2, 2, 2, 2)
        figures = levelling_down(table, ONES, TWO, gap=EO, is_stratified=True, draws=500, seed=seed)
        for name, value in truth.items():
            low, high = figures[name]["ci"]
            covered[name] += low <= value <= high
    assert all(0.93 <= n / 500 <= 0.97 for n in covered.values()), covered


def test_tiny_cell_is_not_estimable():
    table = joint([[0, 80], [0, 40]], [[0, 70], [0, 60]])
    table[1, 1] = [[1, 1], [1, 1]]
    assert levelling_down(table, ONES, TWO, gap=EO, is_stratified=True) is None


def test_gap_that_did_not_clearly_get_smaller_has_no_share():
    """TPR 49/60 and 32/60 → 50/60 and 39/60: closed ½·6/60; the interval of the change of the gap ends at −5e-16."""
    table = joint([[0, 49], [0, 32]], [[0, 50], [0, 39]], n=60)
    _, changed = paired_estimates(table, ONES, TWO, is_stratified=True)
    assert changed[EO].ci[1] == pytest.approx(0)
    figures = levelling_down(table, ONES, TWO, gap=EO, is_stratified=True)
    assert values(figures) == pytest.approx([0.05, 0.0, None])
    assert figures["closed"]["ci"] is not None


def test_rows_too_few_for_an_interval_give_values_without_intervals_and_no_share():
    """59 rows of each group and label, one less than an interval needs: TPR 48/59 and 24/59 → 42/59 and 36/59."""
    figures = levelling_down(joint([[0, 48], [0, 24]], [[0, 42], [0, 36]], n=59), ONES, TWO, gap=EO, is_stratified=True)
    assert values(figures) == pytest.approx([9 / 59, 3 / 59, None])
    assert [figures[name]["ci"] for name in ("closed", "lost", "share")] == [None, None, None]


RATES = st.lists(st.integers(0, 100), min_size=4, max_size=4).map(lambda four: [four[:2], four[2:]])


@given(RATES, RATES, st.sampled_from([EO, DP]))
def test_lost_lies_between_nothing_and_what_closed(before, after, gap):
    closed, lost, share = values(levelling_down(joint(before, after), ONES, TWO, gap=gap, is_stratified=True, draws=2))
    assert -1e-12 <= lost <= closed + 1e-12
    assert share is None or (closed > 0 and 0 <= share <= 1)


@given(RATES, RATES)
def test_names_of_the_groups_do_not_matter(before, after):
    one, other = (
        levelling_down(joint(b, a), ONES, TWO, gap=EO, is_stratified=True, draws=2)
        for b, a in ((before, after), (before[::-1], after[::-1]))
    )
    assert values(one)[:2] == pytest.approx(values(other)[:2])
