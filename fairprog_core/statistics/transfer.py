"""How much of a trigger's gain is kept in front of another base, with an interval.

Source: the paper's Figure 5 (triggers tuned on one model, used on another); the share and its interval are ours.

Notation: n rows, c classes, p group patterns, b draws, u different rows of answers.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fairprog_core.batch import Groups, Predictions
from fairprog_core.statistics.counts import Floats, cell_weight
from fairprog_core.statistics.intervals import DRAWS, Estimate, draw_tables, percentile_interval
from fairprog_core.statistics.metrics import estimable, evaluate, judged_classes


class Pair(NamedTuple):
    """A base on n rows, without and with a trigger."""

    base: Predictions
    trigger: Predictions


def share_kept(
    own: Pair, other: Pair, *, groups: Groups, n_classes: int, gap: str, draws: int = DRAWS, seed: int = 0
) -> Estimate:
    """(gap of the other base − its gap with the trigger) / (the same on the base that the trigger was learned on).

    All four are read from the same rows, and from the same resamples of them.

    Args:
        own: the base that the trigger was learned on.
        other: the base that it was not learned on, on the same rows.
        groups: the g groups over the p patterns.
        n_classes: c.
        gap: a metric of ``metrics.GAPS``.
        draws: b.
        seed: of the resamples.

    Returns:
        1: as much is gained as on the own base; 0: nothing; below 0: the gap grew. Nothing where the gap cannot be
        estimated, or where the gain on the own base cannot be told from 0: there is nothing to keep.
    """
    answers = [one.y_pred for pair in (own, other) for one in pair]
    y, z = own.base.y, own.base.z
    kinds, kind = np.unique(np.stack(answers, axis=1), axis=0, return_inverse=True)  # (u, 4), (n,)
    table = np.zeros((len(groups.patterns), n_classes, len(kinds)), dtype=np.int64)
    np.add.at(table, (z, y, kind.ravel()), 1)
    weight = cell_weight(y, z, own.base.weight, n_patterns=len(groups.patterns), n_classes=n_classes)
    said = [np.eye(n_classes, dtype=np.int64)[column] for column in kinds.T]  # 4 × (u, c)
    classes = judged_classes(table @ said[0], groups)
    drawn = draw_tables(table, is_stratified=own.base.is_stratified, draws=draws, seed=seed)

    def gains(tables: NDArray[np.int64]) -> tuple[Floats, Floats]:
        found = [evaluate(tables @ one, weight, groups, classes)[gap] for one in said]
        return found[0] - found[1], found[2] - found[3]

    (own_gain, other_gain), (own_drawn, other_drawn) = gains(table), gains(drawn)
    is_gain = percentile_interval(own_drawn)
    if not estimable(table @ said[0], groups)[gap] or is_gain is None or is_gain[0] <= 0:
        return Estimate(None, None)
    return Estimate(float(other_gain / own_gain), percentile_interval(other_drawn / own_drawn))
