"""Means over rows with 95 % intervals.

Rows are drawn evenly over the (z, y) cells, as far as the sizes of the cells allow, and every mean is
weighted back to the natural mix. Intervals: percentiles of a row bootstrap within the cells (the drawing
fixed their sizes), 2,000 draws, the same draws for every condition. Rows that are the only one of their cell
(overlapping groups make many such cells) are resampled together: a cell of one row would seem not to vary.

Notation: n rows, r bootstrap draws, p group patterns, c classes.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fairprog_core.common.records import Mean
from fairprog_core.data.base import Dataset, Split, cell_counts, draw_evenly

DRAWS = 2000


class RowValues(NamedTuple):
    """What a figure is made of under one condition: the ratio of the means of two (n,) arrays."""

    above: NDArray[np.float64]
    below: NDArray[np.float64]

    @classmethod
    def of(cls, values: NDArray[np.floating] | NDArray[np.bool_]) -> "RowValues":
        """A plain mean."""
        return cls(np.asarray(values, np.float64), np.ones(len(values)))


class WeightedRows:
    """The rows of a mean, and their bootstrap.

    Attributes:
        weight: (n,) non-negative; rows of weight 0 do not count.
        cells: (n,) int, not negative; rows are resampled within a cell, the only rows of their cells together.
    """

    def __init__(self, weight: NDArray[np.float64], cells: NDArray[np.int64], *, seed: int = 0) -> None:
        self.weight, self.cells = weight, cells
        rng = np.random.default_rng(seed)
        counts = np.zeros((DRAWS, len(weight)), dtype=np.float32)
        names, sizes = np.unique(cells, return_counts=True)
        strata = np.where(np.isin(cells, names[sizes == 1]), -1, cells)
        for stratum in np.unique(strata):
            rows = np.flatnonzero(strata == stratum)
            counts[:, rows] = rng.multinomial(len(rows), np.full(len(rows), 1 / len(rows)), size=DRAWS)
        self._drawn = counts * weight.astype(np.float32)  # (r, n)

    def mean(self, values: NDArray[np.floating] | NDArray[np.bool_]) -> Mean | None:
        """Weighted mean of values (n,); rows with NaN are left out. None without any row."""
        return self.ratio(values, np.ones(len(self.weight)))

    def ratio(self, above: NDArray[np.floating] | NDArray[np.bool_], below: NDArray[np.floating]) -> Mean | None:
        """Ratio of the weighted means of two (n,) arrays over the rows where both are finite."""
        above, below = np.asarray(above, np.float64), np.asarray(below, np.float64)
        counted = np.isfinite(above) & np.isfinite(below) & (self.weight > 0)
        pair = np.where(counted[:, None], np.stack([above, below], 1), 0.0)  # (n, 2)
        total = self.weight @ pair
        if not counted.any() or total[1] == 0:
            return None
        drawn = self._drawn @ pair.astype(np.float32)  # (r, 2)
        drawn = drawn[drawn[:, 1] != 0]
        low, high = np.percentile(drawn[:, 0] / drawn[:, 1], [2.5, 97.5])
        ci = [float(low), float(high)] if counted.sum() > 1 else None
        return {"value": float(total[0] / total[1]), "ci": ci, "n": int(counted.sum())}

    def difference(self, now: RowValues, before: RowValues) -> Mean | None:
        """Figure of ``now`` minus that of ``before``, in pairs: over the rows that are finite in both."""
        found = self._figures(now, before)
        return found and self._mean(found[0][0] - found[0][1], found[1][0] - found[1][1], found[2])

    def share(self, without: RowValues, control: RowValues, trigger: RowValues) -> Mean | None:
        """Part of the shift from ``without`` to ``trigger`` that ``control`` makes alone, over rows finite in all.

        None where the interval of the shift includes 0: a part of nothing is not a number.
        """
        found = self._figures(without, control, trigger)
        if found is None:
            return None
        (start, alone, end), (starts, alones, ends), n = found
        shift = self._mean(end - start, ends - starts, n)
        if shift["ci"] is None or shift["ci"][0] <= 0 <= shift["ci"][1]:
            return None
        with np.errstate(invalid="ignore", divide="ignore"):  # draws without a shift are left out
            return self._mean((alone - start) / (end - start), (alones - starts) / (ends - starts), n)

    def _figures(self, *every: RowValues) -> tuple[NDArray[np.float64], NDArray[np.float64], int] | None:
        """Figures (k,) of k conditions over the rows that all of them have, their draws (k, r), and these rows' number.

        None without such a row.
        """
        counted = (self.weight > 0) & np.all([np.isfinite(part) for each in every for part in each], axis=0)
        columns = np.where(counted, np.array([part for each in every for part in each]), 0.0).T  # (n, 2k)
        total, drawn = self.weight @ columns, (self._drawn @ columns.astype(np.float32)).astype(np.float64)
        if not counted.any() or not total[1::2].all():
            return None
        with np.errstate(invalid="ignore", divide="ignore"):
            return total[::2] / total[1::2], (drawn[:, ::2] / drawn[:, 1::2]).T, int(counted.sum())

    @staticmethod
    def _mean(value: np.float64, drawn: NDArray[np.float64], n: int) -> Mean:
        drawn = drawn[np.isfinite(drawn)]
        ci = [float(end) for end in np.percentile(drawn, [2.5, 97.5])] if n > 1 and len(drawn) else None
        return {"value": float(value), "ci": ci, "n": n}


def natural_weight(y: NDArray[np.int64], z: NDArray[np.int64], cell_share: NDArray[np.float64]) -> NDArray[np.float64]:
    """Weights (n,) with mean one that bring rows back to the natural shares (p, c) of the (z, y) cells."""
    counts = cell_counts(y, z, *cell_share.shape)
    share = cell_share[z, y] / counts[z, y]
    weight: NDArray[np.float64] = share / share.mean() if len(share) else share
    return weight


@dataclass(frozen=True)
class Pool:
    """Rows of the test split; the first rows, however many, are drawn evenly over the cells.

    Attributes:
        row: (n,) their numbers in the split.
        split: these rows alone, n of them.
    """

    row: NDArray[np.int64]
    split: Split

    def __len__(self) -> int:
        return len(self.row)

    @property
    def cells(self) -> NDArray[np.int64]:
        """(n,) number of each row's (z, y) cell."""
        return self.split.cells

    def rows(self, n: int | None = None) -> WeightedRows:
        """The first n rows (None: all), weighted to the natural mix."""
        split = self.split
        return WeightedRows(natural_weight(split.y[:n], split.z[:n], split.cell_share), self.cells[:n])


def draw_pool(dataset: Dataset, n: int, *, seed: int) -> Pool:
    """n rows of the test split."""
    split = dataset.split("test")
    row = draw_evenly(split.y, split.z, n, seed=seed)
    return Pool(row, Split(np.array(split.x[row]), split.y[row], split.z[row], split.cell_share, is_stratified=True))
