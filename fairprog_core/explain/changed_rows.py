"""Choose examples among the rows whose answer a trigger changes, in the true ratio of gained to lost rows.

A *gained* row was answered wrongly without the trigger and is answered rightly with it; a *lost* row the other way
round. Rows whose answer stays the same are no examples of what the trigger does.

Notation: n rows, m examples.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fairprog_core.data.base import cell_numbers

MOST = 20  # examples


class Changed(NamedTuple):
    """Rows whose answer changes.

    Attributes:
        rows: (m,) chosen row indices, in the order in which they are to be shown.
        is_gain: (m,) whether the answer of each became right.
        n_gained: of all n rows.
        n_lost: of all n rows.
    """

    rows: list[int]
    is_gain: list[bool]
    n_gained: int
    n_lost: int


def choose(
    was_right: NDArray[np.bool_],
    is_right: NDArray[np.bool_],
    y: NDArray[np.int64],
    z: NDArray[np.int64],
    *,
    evidence: NDArray[np.float64],
    first: int,
    most: int = MOST,
) -> Changed:
    """Choose examples.

    The number of gained and of lost examples, and in each that of every group and label, follow those of all rows.
    Within a group and label the rows come first whose label and group are plainest to a reader. The losses are spread
    evenly, so that after every number of examples the ratio is about the true one.

    Args:
        was_right: (n,) whether the answer without the trigger is right.
        is_right: (n,) whether it is right with the trigger.
        y: (n,) labels.
        z: (n,) pattern codes.
        evidence: (n,) how plainly a reader sees label and group.
        first: the (z, y) cell, z · c + y, whose gain is shown first where it has one.
        most: the largest m.
    """
    gained, lost = ~was_right & is_right, was_right & ~is_right
    n_gained, n_lost = int(gained.sum()), int(lost.sum())
    m_gained, m_lost = _numbers(n_gained, n_lost, most)
    cells = cell_numbers(y, z)
    gains, losses = (
        _plainest(np.flatnonzero(rows), cells, evidence, m) for rows, m in ((gained, m_gained), (lost, m_lost))
    )
    gains.sort(key=lambda row: cells[row] != first)
    gains[1:] = _mixed(gains[1:])
    order = _spread(gains, _mixed(losses))
    return Changed(order, [bool(gained[row]) for row in order], n_gained, n_lost)


def _numbers(gained: int, lost: int, most: int) -> tuple[int, int]:
    """How many examples of each: at most ``most``, in the ratio that comes nearest to the true one."""
    if gained + lost <= most:
        return gained, lost
    share = gained / (gained + lost)
    totals = range(max(most // 2, 1), most + 1)
    best = min(totals, key=lambda total: (abs(round(share * total) / total - share), -total))
    return round(share * best), best - round(share * best)


def _plainest(rows: NDArray[np.int64], cells: NDArray[np.int64], evidence: NDArray[np.float64], m: int) -> list[int]:
    """m of the rows: of each cell its share, rounded by the largest remainder; the plainest of each cell first."""
    if not m:
        return []
    names, counts = np.unique(cells[rows], return_counts=True)
    exact = counts * (m / len(rows))
    taken = np.floor(exact).astype(int)
    for i in np.argsort(taken - exact, kind="stable")[: m - int(taken.sum())]:
        taken[i] += 1
    found: list[int] = []
    for name, n in zip(names, taken, strict=True):
        own = rows[cells[rows] == name]
        found += own[np.argsort(-evidence[own], kind="stable")][:n].tolist()
    return found


def _mixed(rows: Sequence[int]) -> list[int]:
    """The rows in an order that has nothing to do with their cells, the same every time."""
    return [rows[i] for i in np.random.default_rng(0).permutation(len(rows))]


def _spread(gains: Sequence[int], losses: Sequence[int]) -> list[int]:
    """Gains and losses in one order, the losses evenly between the gains, a gain first."""
    places = [((i + 0.5) / len(gains), 0, row) for i, row in enumerate(gains)]
    places += [((i + 0.5) / len(losses), 1, row) for i, row in enumerate(losses)]
    order = [row for _, _, row in sorted(places)]
    if gains:
        order.remove(gains[0])
        order.insert(0, gains[0])
    return order
