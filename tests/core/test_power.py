"""What a test set could show: by hand, and in a simulation."""

import numpy as np
import pytest

from fairprog_core.common.types import Groups
from fairprog_core.metrics.intervals import paired_estimates, rows_needed, smallest_difference

TWO = Groups.exclusive("woman", "man")
GAP = "average_abs_odds_difference"


def test_smallest_difference_equals_number_by_hand():
    """An interval of ± .098 is a standard error of .05: (1.96 + .8416)·.05 = .1401."""
    assert smallest_difference((0.102, 0.298)) == pytest.approx(0.1401, abs=1e-4)


def test_rows_needed_equals_number_by_hand():
    """Half the difference needs four times the rows; what can be shown just so needs those at hand."""
    smallest = smallest_difference((0.1, 0.2))
    assert rows_needed((0.1, 0.2), 500, smallest) == 500
    assert rows_needed((0.1, 0.2), 500, -smallest / 2) == 2000
    assert rows_needed((0.1, 0.2), 500, 0) is None


def joint_share(before, after):
    """P(ŷ before, ŷ after | group, label), the two as much alike as their rates allow, but for 5 %."""
    both = np.minimum(before, after) - 0.05
    return np.array([[1 - before - after + both, after - both], [before - both, both]]).transpose(2, 3, 0, 1)


def test_difference_of_the_size_named_is_shown_four_times_of_five():
    """The true change of AAOD is exactly what 400 rows per cell could show; 500 test sets, 80 % ± 2·1.8 %.

    Before: TPR .8/.5, FPR .3/.1; after: men's TPR higher by 2 d, so AAOD falls from .25 by d.
    """
    random = np.random.default_rng(3)
    before = np.array([[0.3, 0.8], [0.1, 0.5]])
    ones, n = np.ones((2, 2)), 400

    def interval(gain, seed):
        after = before + np.array([[0, 0], [0, 2 * gain]])
        table = random.multinomial(n, joint_share(before, after).reshape(2, 2, -1)).reshape(2, 2, 2, 2)
        return paired_estimates(table, ones, TWO, is_stratified=True, draws=400, seed=seed)[1][GAP].ci

    d = float(np.mean([smallest_difference(interval(0.035, seed)) for seed in range(20)]))
    assert 0.02 < d < 0.06
    shown = sum(high < 0 for _, high in (interval(d, seed) for seed in range(500)))
    assert 0.76 <= shown / 500 <= 0.84
