"""A file or folder of the user's, on disk or in a zip."""

import lzma
import struct
import zipfile
import zlib
from pathlib import Path

from fairprog_core.common.errors import DataError, shorten

Place = Path | zipfile.Path  # both have the same methods

UNREADABLE = (
    OSError, EOFError, ValueError, KeyError, IndexError, RuntimeError, NotImplementedError, OverflowError, MemoryError,
    struct.error, zipfile.BadZipFile, zlib.error, lzma.LZMAError,
)  # fmt: skip
"""What zipfile raises for a zip that is damaged, encrypted, or packed in a way that it does not know."""


def open_zip(file: Place) -> zipfile.Path:
    """The root folder of a zip on disk, or of one inside a zip.

    Raises:
        DataError: it is not a readable zip.
    """
    try:
        return zipfile.Path(zipfile.ZipFile(file if isinstance(file, Path) else file.open("rb")))
    except UNREADABLE as error:
        raise DataError(f"{shorten(file)} is not a readable zip ({shorten(error, 80)}); download it again.") from error
