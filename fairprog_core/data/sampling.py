"""Batches drawn evenly over the (z, y) cells, with weights that map them back to the natural mix.

A natural batch of 64 has fewer than two rows of a rare cell, and the fairness signal is mostly
noise. Each λ goes through a cell's rows in shuffled passes: with replacement, the hundred rows of a
rare cell would be drawn so unevenly that a gap appears where there is none. Every draw is a function
of (seed, step), so a resumed training needs no saved state of the sampler.

Notation: k rows, p group patterns, c classes, m cells that hold rows.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from fairprog_core.common.types import Batch
from fairprog_core.data.base import Split

MOST_CELLS = 16  # per copy; overlapping groups can make hundreds of cells, of which each step then draws a subset
ToInput = Callable[..., Any]  # (rows of a prepared split, rng=generator) -> the classifier's input


class EvenSampler:
    """Draws the same number of rows from every (z, y) cell, in shuffled passes over the cell.

    Attributes:
        cells: row indices of each of the m cells that have rows.
        row_weight: (n,) weights of the split's rows in a batch.
    """

    def __init__(
        self, split: Split, to_input: ToInput, *, per_cell: int, copies: int, seed: int, device: torch.device
    ) -> None:
        """Prepare to draw.

        Args:
            split: the rows to draw from, prepared for the classifier.
            to_input: turns rows into the classifier's input, e.g. with half of the photos flipped.
            per_cell: rows per cell and copy.
            copies: the batch is a concatenation of this many even batches, one per λ.
            seed: of all draws.
            device: of the batches.
        """
        present, cell_of_row = np.unique(split.cells, return_inverse=True)
        self.cells = [np.flatnonzero(cell_of_row == cell) for cell in range(len(present))]
        share = split.cell_share.ravel()[present]
        # an even batch holds 1/m of every cell: weight = natural share / (1/m)
        self.row_weight: NDArray[np.float64] = (share / share.sum() * len(present))[cell_of_row]
        self.to_input = to_input
        self.split, self.per_cell, self.copies, self.seed, self.device = split, per_cell, copies, seed, device
        self._latest: dict[tuple[int, int], tuple[int, NDArray[np.int64]]] = {}  # (copy, cell) -> (pass, its order)

    def __call__(self, step: int) -> Batch:
        """The batch of a step, with the rows that `draw` gives."""
        rows, rng = self.draw(step)
        x = self.to_input(self.split.x[rows], rng=rng)
        y, z, weight = (value.to(self.device) for value in self.about(rows))
        return Batch(x, y, z, weight)

    def draw(self, step: int) -> tuple[NDArray[np.int64], np.random.Generator]:
        """The rows of a step, and the generator for all else that is drawn for them.

        Returns:
            (copies · min(m, `MOST_CELLS`) · per_cell,) row numbers, copy after copy; the generator.
        """
        rng = np.random.default_rng((self.seed, step))
        turn = [self._turn(rng) for _ in range(self.copies)]
        rows = [self._rows(copy, cell, step) for copy, cells in enumerate(turn) for cell in cells]
        return np.concatenate(rows), rng

    def about(self, rows: Any) -> tuple[Tensor, Tensor, Tensor]:
        """Labels, pattern codes and weights (float32) of rows, numbers or a slice, on the host."""
        y, z, weight = (torch.from_numpy(value[rows]) for value in (self.split.y, self.split.z, self.row_weight))
        return y, z, weight.float()

    def _rows(self, copy: int, cell: int, step: int) -> NDArray[np.int64]:
        """The rows of a cell that a copy gets in a step: the next ones of its shuffled pass, then of the next pass."""
        first, n = step * self.per_cell, len(self.cells[cell])
        if (begin := first % n) + self.per_cell <= n:  # all from one pass
            return self._pass(copy, cell, first // n)[begin : begin + self.per_cell]
        number, place = np.divmod(first + np.arange(self.per_cell), n)
        return np.concatenate([self._pass(copy, cell, int(i))[place[number == i]] for i in np.unique(number)])

    def _pass(self, copy: int, cell: int, number: int) -> NDArray[np.int64]:
        """The rows of a cell in the order of a copy's pass; the latest pass is cached."""
        latest = self._latest.get((copy, cell))
        if latest is None or latest[0] != number:
            order = np.random.default_rng((self.seed, copy, cell, number)).permutation(self.cells[cell])
            latest = self._latest[copy, cell] = number, order
        return latest[1]

    def _turn(self, rng: np.random.Generator) -> NDArray[np.int64]:
        """The cells of one copy: all, or `MOST_CELLS` random ones if there are more."""
        n = len(self.cells)
        return np.arange(n) if n <= MOST_CELLS else rng.permutation(n)[:MOST_CELLS]
