"""Several binary attributes as one label or one group: a class for each of their combinations.

The first attribute is the most significant bit, so the last one varies fastest.

Notation: n rows, a attributes, c = 2^a combinations.
"""

from collections.abc import Iterable
from itertools import product

import numpy as np
from numpy.typing import ArrayLike, NDArray


def names(pairs: Iterable[tuple[str, str]]) -> tuple[str, ...]:
    """Names of the c combinations, e.g. "not blond, smiling", from each attribute's names of 0 and of 1."""
    return tuple(", ".join(combination) for combination in product(*pairs))


def codes(attributes: ArrayLike) -> NDArray[np.int64]:
    """Binary attributes (n, a) -> index (n,) of their combination."""
    bits = np.asarray(attributes, dtype=np.int64)
    return bits @ (1 << np.arange(bits.shape[1])[::-1])


def attributes(code: ArrayLike, n_attributes: int) -> NDArray[np.int64]:
    """Index of a combination (n,) -> its binary attributes (n, a)."""
    return np.asarray(code, dtype=np.int64)[:, None] >> np.arange(n_attributes)[::-1] & 1


def shares(probabilities: ArrayLike) -> NDArray[np.float64]:
    """P(combination) (…, c) of independent attributes, from P(attribute) (…, a)."""
    p_attribute = np.asarray(probabilities, dtype=np.float64)
    joint = np.ones((*p_attribute.shape[:-1], 1))
    for p in np.moveaxis(p_attribute, -1, 0):
        joint = (joint[..., None] * np.stack([1 - p, p], axis=-1)[..., None, :]).reshape(*p.shape, -1)
    return joint
