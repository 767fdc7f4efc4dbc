"""Several yes-or-no attributes as one label or one group: a class for each of their combinations.

The first attribute counts most: the last one varies fastest.

Notation: n rows, a attributes, c = 2^a combinations.
"""

from collections.abc import Iterable
from itertools import product

import numpy as np
from numpy.typing import ArrayLike, NDArray


def names(pairs: Iterable[tuple[str, str]]) -> tuple[str, ...]:
    """Names of the c combinations, e.g. "not blond, smiling", from the names of no and yes of each attribute."""
    return tuple(", ".join(combination) for combination in product(*pairs))


def codes(attributes: ArrayLike) -> NDArray[np.int64]:
    """The combination's number (n,) of attributes (n, a) that are 0 or 1."""
    bits = np.asarray(attributes, dtype=np.int64)
    return bits @ (1 << np.arange(bits.shape[1])[::-1])


def attributes(code: ArrayLike, n_attributes: int) -> NDArray[np.int64]:
    """The attributes (n, a), 0 or 1, of combinations (n,)."""
    return np.asarray(code, dtype=np.int64)[:, None] >> np.arange(n_attributes)[::-1] & 1


def shares(probabilities: ArrayLike) -> NDArray[np.float64]:
    """P(combination) (…, c) of attributes that are independent of each other, from P(attribute) (…, a)."""
    yes = np.asarray(probabilities, dtype=np.float64)
    found = np.ones((*yes.shape[:-1], 1))
    for p in np.moveaxis(yes, -1, 0):
        found = (found[..., None] * np.stack([1 - p, p], axis=-1)[..., None, :]).reshape(*p.shape, -1)
    return found
