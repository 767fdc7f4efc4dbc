"""Which split a row is in: as the table says, and drawn where it does not.

Notation: n rows, u units: the rows with the same input, which stay together.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fairprog_core.data.base import SplitName
from fairprog_core.data.options.table import SplitSizes
from fairprog_core.data.random_streams import stream_key

PARTS: tuple[SplitName, ...] = ("train", "tune", "val", "test")
UNUSED, DRAWN = -1, -2  # instead of an index of `PARTS`: left out; to be drawn
_GOLDEN = (5**0.5 - 1) / 2  # its multiples are spread evenly over 0 … 1, however many there are


@dataclass(frozen=True)
class Assignment:
    """The splits of all rows.

    Attributes:
        part: (n,) index in `PARTS`, or `UNUSED`.
        n_repeated: number of rows whose input another row has too.
        n_moved: number of rows that are left out because a later split has the same input.
        is_drawn: whether any row was drawn.
        notes: sentences about what was made.
    """

    part: NDArray[np.int8]
    n_repeated: int
    n_moved: int
    is_drawn: bool
    notes: tuple[str, ...]


def assign(
    part: NDArray[np.int8], cells: NDArray[np.int64], same: NDArray[np.uint64], *, sizes: SplitSizes, seed: int
) -> Assignment:
    """Complete the splits.

    Args:
        part: (n,) index in `PARTS`, `UNUSED` or `DRAWN`.
        cells: (n,) number of each row's cell of label and groups, over which rows are drawn evenly.
        same: (n,) equal for equal inputs.
        sizes: of splits that are drawn.
        seed: of the draw.
    """
    part = part.copy()
    used = np.flatnonzero(part != UNUSED)
    unit, n_of_unit = _units(same[used])
    n_repeated = int(n_of_unit[n_of_unit > 1].sum())
    wanted: dict[SplitName, float] = {name: getattr(sizes, name) for name in PARTS}
    if (part[used] == DRAWN).any():
        chosen = {name: size for name, size in wanted.items() if size > 0}
        _draw(part, used, cells, unit, sizes=chosen, are_shares=sizes.are_shares, seed=seed)
        return Assignment(part, n_repeated, 0, True, ())
    last = np.full(len(n_of_unit), -1, np.int64)
    np.maximum.at(last, unit, part[used])
    moved = used[part[used] < last[unit]]
    part[moved] = UNUSED
    notes = [_moved(len(moved))] if len(moved) else []
    found = [name for i, name in enumerate(PARTS) if (part == i).any()]
    missing = [name for name in PARTS[1:] if name not in found]
    if missing and found:
        source = found[0]
        rows = np.flatnonzero(part == PARTS.index(source))
        scale = sum(wanted[name] for name in (source, *missing)) if sizes.are_shares else 1
        chosen = {name: wanted[name] / (scale or 1) for name in missing}
        own = _units(same[rows])[0]
        _draw(part, rows, cells, own, sizes=chosen, are_shares=sizes.are_shares, seed=seed, rest=source)
        notes += [
            f"The table has no {name} split: {(part == PARTS.index(name)).sum():,} rows are taken off {source}."
            for name in missing
        ]
    return Assignment(part, n_repeated, len(moved), bool(missing), tuple(notes))


def _moved(n: int) -> str:
    rows = "1 row is" if n == 1 else f"{n:,} rows are"
    return f"{rows} left out, because a later split (train, tune, val, test) has the same input."


def _draw(
    part: NDArray[np.int8],
    rows: NDArray[np.int64],
    cells: NDArray[np.int64],
    unit: NDArray[np.int64],
    *,
    sizes: Mapping[SplitName, float],
    are_shares: bool,
    seed: int,
    rest: SplitName | None = None,
) -> None:
    """Give rows to splits, evenly over the cells; those beyond the sizes go to ``rest``, or are left out."""
    n_of_unit = np.bincount(unit)
    cell_of_unit = np.empty(len(n_of_unit), np.int64)
    cell_of_unit[unit[::-1]] = cells[rows[::-1]]  # of its first row
    place = _places(cell_of_unit, seed)
    order = np.argsort(place, kind="stable")
    end = np.cumsum(n_of_unit[order])  # rows in the units so far
    middle = end - n_of_unit[order] / 2
    bounds = np.cumsum([size * len(rows) if are_shares else size for size in sizes.values()])
    if are_shares and rest is None and abs(sum(sizes.values()) - 1) < 1e-9:
        bounds[-1] = len(rows)
    which = np.searchsorted(np.round(bounds), middle, side="right")
    codes: Sequence[int] = [*(PARTS.index(name) for name in sizes), UNUSED if rest is None else PARTS.index(rest)]
    of_unit = np.empty(len(order), np.int8)
    of_unit[order] = np.array(codes, np.int8)[which]
    part[rows] = of_unit[unit]


def _units(same: NDArray[np.uint64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """(n,) the unit of each row, numbered in any order, and (u,) their numbers of rows."""
    order = np.argsort(same)
    is_new = np.ones(len(same), dtype=bool)
    is_new[1:] = np.diff(same[order]) != 0
    unit = np.empty(len(same), np.int64)
    unit[order] = np.cumsum(is_new) - 1
    return unit, np.bincount(unit)


def _places(cells: NDArray[np.int64], seed: int) -> NDArray[np.float64]:
    """(u,) numbers in 0 … 1, in each cell spread evenly and in random order."""
    random = np.random.Generator(np.random.Philox(key=stream_key("table", seed)))
    order = random.permutation(len(cells))
    order = order[np.argsort(cells[order], kind="stable")]
    present, start, n = np.unique(cells[order], return_index=True, return_counts=True)
    begin = random.random(len(present))
    turn = np.arange(len(cells)) - np.repeat(start, n)
    places = np.empty(len(cells))
    places[order] = (np.repeat(begin, n) + turn * _GOLDEN) % 1
    return places
