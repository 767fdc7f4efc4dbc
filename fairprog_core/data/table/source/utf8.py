"""The bytes of a text file as UTF-8 that is always valid: pyarrow stops at what is not."""

import codecs
import io
from typing import IO

WRONG = "\ufdd0"  # instead of bytes that are no text; Unicode sets this code point aside, so that no text holds it
_PART = 1 << 20  # bytes per read

codecs.register_error("fairprog.mark", lambda error: (WRONG, getattr(error, "end", 0)))


class Utf8(io.RawIOBase):
    """A file in some encoding, read as UTF-8."""

    def __init__(self, raw: IO[bytes], encoding: str) -> None:
        self._raw = raw
        self._decoder = codecs.getincrementaldecoder(encoding)(errors="fairprog.mark")
        self._left = b""  # decoded, but not asked for yet

    def readable(self) -> bool:
        return True

    def readinto(self, buffer) -> int:  # type: ignore[no-untyped-def]
        while not self._left:
            part = self._raw.read(_PART)
            self._left = self._decoder.decode(part, final=not part).encode("utf-8", "replace")
            if not part:
                break
        n = min(len(buffer), len(self._left))
        buffer[:n], self._left = self._left[:n], self._left[n:]
        return n
