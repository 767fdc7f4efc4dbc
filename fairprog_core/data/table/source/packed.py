"""A file of the user's, plain, gzipped, or in a zip: as a stream of bytes that says how far it is read."""

import gzip
import shutil
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, cast

from fairprog_core.common.errors import DataError, shorten
from fairprog_core.common.files.pictures.place import UNREADABLE, Place

GZIP = b"\x1f\x8b"


class Packed:
    """A file that may be packed."""

    def __init__(self, place: Place) -> None:
        self.place, self.name = place, shorten(place, 120)
        self._raw: IO[bytes] | None = None
        with self._opened() as raw:
            self._is_gzipped = raw.read(2) == GZIP
        self._size = place.stat().st_size if isinstance(place, Path) else place.root.getinfo(place.at).file_size

    @contextmanager
    def open(self) -> Iterator[IO[bytes]]:
        """The unpacked bytes."""
        with self._opened() as raw:
            self._raw = raw
            if self._is_gzipped:
                with gzip.open(raw) as unpacked:
                    yield cast(IO[bytes], unpacked)
            else:
                yield raw

    @contextmanager
    def open_anywhere(self, scratch: Path) -> Iterator[IO[bytes]]:
        """The unpacked bytes, of which any part can be read: a packed file is unpacked into a scratch file at first.

        Args:
            scratch: the folder of the scratch file; made if missing.
        """
        if isinstance(self.place, Path) and not self._is_gzipped:
            with self._opened() as raw:
                yield raw
            return
        scratch.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=scratch) as whole, self.open() as packed:
            shutil.copyfileobj(packed, whole, 1 << 20)
            whole.seek(0)
            yield whole

    def start(self, n: int) -> bytes:
        """The first n unpacked bytes."""
        try:
            with self.open() as file:
                return file.read(n)
        except UNREADABLE as error:
            raise DataError(f"{self.name} cannot be unpacked ({shorten(error, 80)}); pack or copy it again.") from error

    def share(self, done: int | None = None) -> float:
        """How much of the file is read.

        Args:
            done: number of unpacked bytes; None: as far as the stream is, which may be read ahead.
        """
        if done is not None and not self._is_gzipped and self._size:
            return min(1.0, done / self._size)
        try:
            return min(1.0, self._raw.tell() / self._size) if self._raw and self._size else 1.0
        except (OSError, ValueError):
            return 1.0

    @contextmanager
    def _opened(self) -> Iterator[IO[bytes]]:
        try:
            file = self.place.open("rb")
        except (*UNREADABLE, zipfile.BadZipFile) as error:
            raise DataError(f"{self.name} cannot be opened ({shorten(error, 80)}).") from error
        with file:
            yield file
