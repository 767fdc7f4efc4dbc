"""Area under the ROC curve from weighted ranks, for one sample of rows or for thousands of resamples.

This is the only metric that needs the scores of the rows and not only their table of counts.

Notation: n samples, c classes, b bootstrap draws.
"""

from collections.abc import Iterator
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from fairprog_core.common.types import Floats, Predictions
from fairprog_core.data.base import cell_numbers

TITLE = "Area under the ROC curve"  # on the screen
_BLOCK = 8_000_000  # resampled rows in memory at a time: 8 MB
_MOST = 50_000_000  # resampled rows in all: with more than 25,000 rows there are fewer than 2,000 draws …
_FEWEST = 200  # … but at least this many


def auc(predictions: Predictions) -> float:
    """P(a row of the class has a higher score than another row); ties count half.

    For two classes the area for class 1; for more the one-vs-rest mean. NaN without logits or if a class has no rows.
    """
    once = np.ones((len(predictions.y), 1), dtype=np.uint8)
    return float(_areas(predictions, once)[0])


def auc_draws(predictions: Predictions, *, draws: int = 2_000, seed: int = 0) -> Floats:
    """The AUC of the rows, then of bootstrap resamples, drawn within the (z, y) cells if the split is stratified.

    The same rows with the same seed give the same resamples, so the difference of two calls is paired. Many rows are
    drawn less often, because every resample sums all of them.

    Returns:
        (1 + b,); the first is `auc` itself. NaN without logits or if a class has no rows.
    """
    n = len(predictions.y)
    draws = min(draws, max(_FEWEST, _MOST // max(n, 1)))
    cell = np.zeros(n, dtype=np.int64)
    if predictions.is_stratified:
        cell = cell_numbers(predictions.y, predictions.z)
    position = np.empty(n, dtype=np.int64)
    position[np.argsort(cell, kind="stable")] = np.arange(n)  # a row's index after sorting by cell
    sizes = tuple(int(size) for size in np.unique(cell, return_counts=True)[1])
    return np.concatenate([_areas(predictions, block, position) for block in _blocks(sizes, 1 + draws, seed)])


def _areas(predictions: Predictions, repeats: NDArray[np.uint8], position: NDArray[np.int64] | None = None) -> Floats:
    """Mean one-vs-rest area (b,) of samples in which the row at ``position`` occurs ``repeats`` (n, b) times."""
    if predictions.logits is None:
        return np.full(repeats.shape[1], np.nan)
    place = np.arange(len(predictions.y)) if position is None else position
    areas = [
        _area(score, predictions.y == positive, predictions.weight, repeats, place)
        for positive, score in _scores(predictions.logits)
    ]
    return np.asarray(np.mean(areas, axis=0))


def _scores(logits: NDArray[np.float32]) -> Iterator[tuple[int, Floats]]:
    """(class, score (n,)) for every class that counts as positive in turn."""
    exact = logits.astype(np.float64)
    if exact.shape[1] == 2:
        yield 1, exact[:, 1] - exact[:, 0]
        return
    for positive in range(exact.shape[1]):
        rest = np.delete(exact, positive, axis=1)
        yield positive, exact[:, positive] - np.logaddexp.reduce(rest, axis=1)  # log odds: the order of softmax


def _area(
    score: Floats,
    is_positive: NDArray[np.bool_],
    weight: Floats,
    repeats: NDArray[np.uint8],
    position: NDArray[np.int64],
) -> Floats:
    """One class's area (b,); tied pairs count half: the mean over the order that wins them and the one that loses."""
    orders = [np.lexsort((is_positive, score))]
    if len(np.unique(score)) < len(score):
        orders.append(np.lexsort((~is_positive, score)))
    return np.asarray(np.mean([_ordered_area(is_positive[o], weight[o], repeats, position[o]) for o in orders], axis=0))


def _ordered_area(
    is_positive: NDArray[np.bool_], weight: Floats, repeats: NDArray[np.uint8], position: NDArray[np.int64]
) -> Floats:
    """The area (b,) of ranked rows, summed over runs of equal labels; a positive beats all negatives below it."""
    pairs, below, above = (np.zeros(repeats.shape[1]) for _ in range(3))
    ends = [*(np.flatnonzero(np.diff(is_positive)) + 1).tolist(), len(is_positive)]
    start = 0
    for end in ends:
        mass = weight[start:end] @ repeats[position[start:end]]  # (b,)
        if start < end and is_positive[start]:
            pairs += mass * below
            above += mass
        else:
            below += mass
        start = end
    with np.errstate(invalid="ignore"):
        return np.where(above * below > 0, pairs / (above * below), np.nan)


def _blocks(sizes: tuple[int, ...], draws: int, seed: int) -> Iterator[NDArray[np.uint8]]:
    """Blocks (n, b) with the number of times that each row is drawn, rows sorted by cell."""
    step = max(1, _BLOCK // max(1, sum(sizes)))
    for number, first in enumerate(range(0, draws, step)):
        yield _repeats(sizes, min(step, draws - first), (seed, number))


@lru_cache(maxsize=4)
def _repeats(sizes: tuple[int, ...], draws: int, seed: tuple[int, int]) -> NDArray[np.uint8]:
    """One block; cached, because every point of a curve is resampled with the same draws."""
    random = np.random.default_rng(seed)
    starts = np.cumsum((0, *sizes[:-1]))
    rows = np.concatenate(
        [
            start + random.integers(0, size, (draws, size), dtype=np.int32)
            for start, size in zip(starts, sizes, strict=True)
        ],
        axis=1,
    )
    repeats = np.empty((draws, sum(sizes)), dtype=np.uint8)
    for draw, drawn in enumerate(rows):
        repeats[draw] = np.bincount(drawn, minlength=sum(sizes))
    if seed[1] == 0:
        repeats[0] = 1  # the rows themselves
    return np.ascontiguousarray(repeats.T)
