"""Random streams by key and row, so that numbers do not depend on the order in which they are drawn."""

import hashlib

import numpy as np
from numpy.typing import NDArray


def stream_key(*parts: object) -> int:
    """The 128-bit key of a random stream, e.g. of (seed, split, "traits")."""
    text = "/".join(str(part) for part in parts)
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:16], "big")


def row_uniforms(key: int, start: int, stop: int, *, per_row: int) -> NDArray[np.float64]:
    """The uniforms of rows start..stop-1 of a stream, (n, per_row) in [0, 1).

    The uniforms of a row do not depend on which other rows are drawn.

    Args:
        key: of the stream.
        start: the first row.
        stop: one past the last row.
        per_row: number of uniforms per row, a multiple of 4, because each step of Philox's counter yields 4.
    """
    generator = np.random.Generator(np.random.Philox(key=key, counter=start * (per_row // 4)))
    return generator.random((stop - start, per_row))
