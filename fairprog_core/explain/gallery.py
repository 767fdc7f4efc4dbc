"""The gallery of one curve: choose its rows, and turn saliency maps into small integers.

Notation: m gallery rows, h×w saliency map.
"""

import numpy as np
from numpy.typing import NDArray

from fairprog_core.data.base import cell_numbers


def to_uint8(maps: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Maps (…, h, w) in 0 … 1 -> 0 … 255."""
    return np.rint(np.clip(maps, 0, 1) * 255).astype(np.uint8)


def to_int8(maps: NDArray[np.float32]) -> NDArray[np.int8]:
    """Signed maps (…, h, w), each scaled so that its largest absolute value is 127; zeros stay zeros."""
    largest = np.abs(maps).max(axis=(-2, -1), keepdims=True)
    return np.rint(maps / np.where(largest > 0, largest, 1) * 127).astype(np.int8)


def pick(y: NDArray[np.int64], z: NDArray[np.int64], is_changed: NDArray[np.bool_], m: int) -> NDArray[np.int64]:
    """Choose m rows, evenly over the (z, y) cells; in each cell up to half are rows whose prediction changed.

    Changes in both directions count, in the order of the rows, so that the choice does not favour the trigger.
    """
    chosen: list[int] = []
    number = cell_numbers(y, z)
    cells, queues = np.unique(number), []
    for cell in cells:
        rows = np.flatnonzero(number == cell)
        changed, same = rows[is_changed[rows]].tolist(), rows[~is_changed[rows]].tolist()
        taken = min(len(changed), max(1, m // len(cells) // 2))
        queues.append(changed[:taken] + same + changed[taken:])
    while len(chosen) < m and any(queues):
        for queue in queues:
            if queue and len(chosen) < m:
                chosen.append(queue.pop(0))
    return np.array(chosen, dtype=np.int64)
