"""A number for a text, equal for equal texts."""

import hashlib


def text_hash(text: str) -> int:
    """64 bits; two of ten million texts share one by chance about once in 400,000 tables."""
    return int.from_bytes(hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "big")
