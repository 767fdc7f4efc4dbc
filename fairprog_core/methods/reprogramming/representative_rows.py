"""Few rows that stand for many: within every cell spread over how well the classifier does on them.

With ten rows of a cell drawn at random a gap is mostly the luck of the draw. The rows of a cell are therefore
ordered by what the classifier, without a trigger, thinks of their label, and taken at even distances. Measured for
112 sequences of words on the comments: ten rows per cell taken so tell the gap on 200 per cell with a correlation of
.98, ten drawn at random with .49, fifty with .95.

Notation: n rows, c classes.
"""

import dataclasses

import numpy as np
from numpy.typing import NDArray

from fairprog_core.classifiers.base import Classifier
from fairprog_core.classifiers.predict import margin, predict
from fairprog_core.data.base import Split, draw_evenly


def margins(classifier: Classifier, split: Split) -> NDArray[np.float64]:
    """How far the logit of a row's label is above the largest other one: (n,)."""
    return margin(np.asarray(predict(classifier, split).logits), split.y)


def representative_rows(split: Split, label_margins: NDArray[np.float64], n: int) -> Split:
    """n rows, as evenly over the (z, y) cells as their sizes allow, and within a cell evenly over its margins.

    Args:
        split: the rows to take from; all are taken if there are no more than n.
        label_margins: (n,) of every row, see `margins`.
        n: how many to take.
    """
    cells = split.cells
    names, counts = np.unique(cells[draw_evenly(split.y, split.z, n, seed=0)], return_counts=True)
    taken = []
    for cell, count in zip(names, counts):
        rows = np.flatnonzero(cells == cell)
        middles = (np.arange(count) + 0.5) / count * len(rows)
        taken.append(rows[np.argsort(label_margins[rows], kind="stable")][middles.astype(np.int64)])
    rows = np.sort(np.concatenate(taken))
    return dataclasses.replace(split, x=split.x[rows], y=split.y[rows], z=split.z[rows], is_stratified=True)
