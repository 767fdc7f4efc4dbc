"""Front, hypervolume, the λ to quote, and quantiles of Student's t, by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import t as student

from fairprog_core.common.errors import ConfigError
from fairprog_core.metrics.pareto import (
    choose_lam,
    hypervolume,
    pareto_front,
    t_quantile,
)

ACCURACY, GAP = [0.85, 0.90, 0.80, 0.84], [0.05, 0.10, 0.02, 0.20]  # the last is beaten by the first
CURVES = st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=1, max_size=12)


def test_pareto_front_keeps_what_nothing_beats_from_low_to_high_accuracy():
    assert pareto_front(ACCURACY, GAP).tolist() == [2, 0, 1]


def test_pareto_front_leaves_out_what_is_not_estimable():
    assert pareto_front([0.9, 0.95, 0.8], [0.1, np.nan, 0.05]).tolist() == [2, 0]
    assert pareto_front([], []).tolist() == []


def test_pareto_front_of_equal_points_keeps_the_first():
    assert pareto_front([0.9, 0.9], [0.1, 0.1]).tolist() == [0]


def test_hypervolume_of_three_points_equals_number_by_hand():
    """Reference (.7, .35), slices of accuracy: (.80 − .70)·(.35 − .02) = .033, (.85 − .80)·(.35 − .05) = .015,

    (.90 − .85)·(.35 − .10) = .0125; together .0605.
    """
    assert hypervolume(ACCURACY, GAP, reference=(0.7, 0.35)) == pytest.approx(0.0605)


def test_hypervolume_of_points_not_better_in_both_is_zero():
    assert hypervolume([0.69, 0.9, 0.7], [0.1, 0.35, 0.1], reference=(0.7, 0.35)) == 0


def test_hypervolume_without_numbers_is_none():
    assert hypervolume([0.9], [np.nan], reference=(0.7, 0.35)) is None
    assert hypervolume([0.9], [0.1], reference=(0.7, np.nan)) is None


@given(CURVES)
def test_hypervolume_equals_the_sum_of_its_slices(points):
    """Between the front's accuracies: Σ Δaccuracy · (reference gap − gap of the front)."""
    accuracy, gap = np.array(points).T
    better = (accuracy > 0.3) & (gap < 0.7)
    front = pareto_front(accuracy[better], gap[better])
    widths = np.diff([0.3, *accuracy[better][front]])
    area = float((widths * (0.7 - gap[better][front])).sum())
    assert hypervolume(accuracy, gap, reference=(0.3, 0.7)) == pytest.approx(area, abs=1e-12)


@given(CURVES, st.tuples(st.floats(0, 1), st.floats(0, 1)))
def test_hypervolume_never_shrinks_with_another_point(points, another):
    accuracy, gap = np.array([*points, another]).T
    before = hypervolume(accuracy[:-1], gap[:-1], reference=(0.3, 0.7))
    assert hypervolume(accuracy, gap, reference=(0.3, 0.7)) >= before - 1e-12


LAMS = [0.0, 1.0, 4.0, 15.0]
FIGURES = {"accuracy": [0.90, 0.89, 0.87, 0.80], "gap": [0.30, 0.20, 0.10, 0.01]}


def test_choose_lam_takes_the_smallest_gap_within_the_loss():
    assert choose_lam(LAMS, **FIGURES, base_accuracy=0.90, max_loss=0.03) == 4.0


def test_choose_lam_of_equal_gaps_takes_the_smaller():
    assert choose_lam([4.0, 1.0], [0.9, 0.9], [0.1, 0.1], base_accuracy=0.9, max_loss=0.03) == 1.0


def test_choose_lam_takes_the_smallest_loss_if_none_qualifies():
    assert choose_lam(LAMS, **FIGURES, base_accuracy=0.99, max_loss=0.03) == 0.0


def test_choose_lam_leaves_out_what_is_not_estimable_or_collapsed():
    gap = [0.30, 0.20, np.nan, 0.01]
    assert choose_lam(LAMS, FIGURES["accuracy"], gap, base_accuracy=0.9, max_loss=0.03) == 1.0
    lost = [False, False, True, False]
    assert choose_lam(LAMS, **FIGURES, base_accuracy=0.9, max_loss=0.03, is_collapsed=lost) == 1.0


def test_choose_lam_from_nothing_is_refused():
    with pytest.raises(ConfigError, match=r"lam\.grid"):
        choose_lam([], [], [], base_accuracy=0.9, max_loss=0.03)


def test_t_quantile_equals_scipy():
    assert max(abs(t_quantile(df) - student.ppf(0.975, df)) for df in range(1, 300)) < 2e-4


def test_choose_lam_leaves_one_standard_error_of_room() -> None:
    """Losses .02 and .028 of at most .03; with an error of .005 each the second is beyond the bound."""
    figures = {"base_accuracy": 0.9, "max_loss": 0.03}
    lams, accuracy, gap = [1.0, 2.0], [0.88, 0.872], [0.1, 0.05]
    assert choose_lam(lams, accuracy, gap, **figures) == 2.0
    assert choose_lam(lams, accuracy, gap, loss_error=[0.005, 0.005], **figures) == 1.0
