"""The order of saved test rows on a page: changed rows first, in the ratio of all test rows that changed.

Notation: m rows, c classes, k λ-values.
"""

from collections.abc import Sequence
from typing import TypedDict

import numpy as np
from numpy.typing import NDArray

from app.state import artifacts
from app.wording import saliency as words
from app.wording.shared import common
from fairprog_core.metrics.group_tables import ChangeRow
from fairprog_core.results.curve import Curve
from fairprog_core.results.gallery_layout import Gallery
from fairprog_core.results.result import Result


class RowOrder(TypedDict):
    """What the lists of rows take: the rank of every row (m), and the sentence on the order."""

    ranks: list[int]
    ratio: str


def shown(result: Result, curve: Curve, gallery: Gallery) -> RowOrder:
    """The order of a curve's saved rows; their own where no row of the test split changed at the chosen λ."""
    changes = artifacts.changes(result, result.chosen_point(curve))
    gained, lost = totals(changes)
    if not gained + lost:
        return {"ranks": [], "ratio": ""}
    ratio = words.RATIO.format(lam=common.lam(curve.chosen_lam), gained=gained, lost=lost)
    return {"ranks": ranks(gallery, curve.chosen_lam, changes), "ratio": ratio}


def ranks(gallery: Gallery, chosen: float, changes: Sequence[ChangeRow]) -> list[int]:
    """The rank of every row (m): rows that the trigger gained and lost alternate as in the whole test split.

    A gallery holds about as many of both, so in its own order it says that a trigger does as much harm as good. The
    rows that did not change come last.

    Args:
        gallery: m rows.
        chosen: the λ at which changes count.
        changes: of all test rows at this λ; a row in several groups counts once in each.
    """
    gained, lost = changed(gallery, int(np.abs(gallery.arrays["lams"] - chosen).argmin()))
    mixed = alternate(np.flatnonzero(gained).tolist(), np.flatnonzero(lost).tolist(), *totals(changes))
    order = [*mixed, *np.flatnonzero(~gained & ~lost).tolist()]
    return [order.index(i) for i in range(len(gained))]


def changed(gallery: Gallery, index: int) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Which rows (m) became right at the λ with this index, and which became wrong."""
    arrays = gallery.arrays
    before: NDArray[np.bool_] = arrays["logits_without"].argmax(axis=-1) == arrays["y"]
    after: NDArray[np.bool_] = arrays["logits"][:, index].argmax(axis=-1) == arrays["y"]
    return ~before & after, before & ~after


def totals(changes: Sequence[ChangeRow]) -> tuple[int, int]:
    """How many test rows were gained and lost."""
    return sum(row["gained"]["rows"] for row in changes), sum(row["lost"]["rows"] for row in changes)


def alternate(gained: Sequence[int], lost: Sequence[int], n_gained: int, n_lost: int) -> list[int]:
    """Both lists as one, in which each beginning has them in the ratio of ``n_gained`` to ``n_lost`` as far as it goes.

    The first is of the larger number.
    """
    queues, weights, taken = (list(gained), list(lost)), (max(n_gained, 1), max(n_lost, 1)), [0, 0]
    found: list[int] = []
    while queues[0] or queues[1]:
        open_ones = [i for i in (0, 1) if queues[i]]
        i = min(open_ones, key=lambda one: ((taken[one] + 1) / weights[one], one))
        taken[i] += 1
        found.append(queues[i].pop(0))
    return found
