"""Random streams that belong to what they draw, not to the order in which it is drawn."""

import hashlib

import numpy as np
from numpy.typing import NDArray


def stream_key(*parts: object) -> int:
    """The 128-bit key of a random stream, e.g. of (seed, split, "traits")."""
    text = "/".join(str(part) for part in parts)
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:16], "big")


def row_uniforms(key: int, start: int, stop: int, *, per_row: int) -> NDArray[np.float64]:
    """The uniforms of rows start..stop-1 of a stream, (n, per_row) in [0, 1).

    A row's uniforms do not depend on which other rows are asked for.

    Args:
        key: the stream.
        start: the first row.
        stop: one past the last row.
        per_row: uniforms that every row owns, a multiple of 4: the words of one step of Philox's counter.
    """
    generator = np.random.Generator(np.random.Philox(key=key, counter=start * (per_row // 4)))
    return generator.random((stop - start, per_row))
