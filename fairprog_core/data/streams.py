"""Random streams that belong to what they draw, not to the order in which it is drawn."""

import hashlib


def stream_key(*parts: object) -> int:
    """The 128-bit key of a random stream, e.g. of (seed, split, "traits")."""
    text = "/".join(str(part) for part in parts)
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:16], "big")
