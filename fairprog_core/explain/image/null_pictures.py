"""Pictures without content, for the demographic classifiers.

Notation: n rows, s image side.
"""

import numpy as np
from numpy.typing import NDArray

from fairprog_core.data.base import Split

NULLS = ("mean", "black", "grey", "noise")


def null_pictures(split: Split, *, seed: int = 0, rows: int = 1000) -> NDArray[np.uint8]:
    """Pictures (4, s, s, 3) uint8 without content, in the order of `NULLS`.

    The mean is over the first rows of the split, weighted to the natural mix.
    """
    pictures, weight = split.x[:rows], split.weight[:rows]
    mean = np.tensordot((weight / weight.sum()).astype(np.float32), pictures.astype(np.float32), axes=1)
    noise = np.random.default_rng(seed).integers(0, 256, pictures.shape[1:])
    nulls = [np.rint(mean), np.zeros_like(noise), np.full_like(noise, 128), noise]
    return np.stack(nulls).astype(np.uint8)
