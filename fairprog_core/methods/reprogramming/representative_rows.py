"""A small sample that represents many rows: within every cell, evenly spaced by the classifier's margin.

On ten random rows per cell a gap is mostly noise. The rows of a cell are therefore sorted by their margin without a
trigger and chosen at even distances. Measured for 112 word sequences on the comments: the gap on ten such rows per
cell correlates at .98 with the gap on 200 rows per cell; on ten random rows at .49, on fifty random rows at .95.

Notation: n rows, c classes.
"""

import dataclasses

import numpy as np
from numpy.typing import NDArray

from fairprog_core.classifiers.base import Classifier
from fairprog_core.classifiers.predict import margin, predict
from fairprog_core.data.base import Split, draw_evenly


def margins(classifier: Classifier, split: Split) -> NDArray[np.float64]:
    """Margins (n,): the logit of a row's label minus the largest other logit."""
    return margin(np.asarray(predict(classifier, split).logits), split.y)


def representative_rows(split: Split, label_margins: NDArray[np.float64], n: int) -> Split:
    """Take n rows, as evenly over the (z, y) cells as their sizes allow, and within a cell evenly over the margins.

    Args:
        split: rows to take from; all are taken if there are no more than n.
        label_margins: (n,) of every row, see `margins`.
        n: number of rows to take.
    """
    cells = split.cells
    names, counts = np.unique(cells[draw_evenly(split.y, split.z, n, seed=0)], return_counts=True)
    chosen = []
    for cell, count in zip(names, counts):
        rows = np.flatnonzero(cells == cell)
        middles = (np.arange(count) + 0.5) / count * len(rows)
        chosen.append(rows[np.argsort(label_margins[rows], kind="stable")][middles.astype(np.int64)])
    rows = np.sort(np.concatenate(chosen))
    return dataclasses.replace(split, x=split.x[rows], y=split.y[rows], z=split.z[rows], is_stratified=True)
