"""Whether a file is still the one it was: its stamp changes with its content, and is read without reading it."""

import zipfile
from pathlib import Path
from typing import NamedTuple


class FileStamp(NamedTuple):
    """What a file shows from outside; part of cache keys.

    Attributes:
        size: in bytes.
        change: time of its last change in nanoseconds; of a file inside a zip its checksum.
    """

    size: int
    change: int


def file_stamp(file: Path | zipfile.Path) -> FileStamp:
    """The stamp of a file on disk or inside a zip.

    Raises:
        OSError: there is no such file on disk.
    """
    if isinstance(file, Path):
        status = file.stat()
        return FileStamp(status.st_size, status.st_mtime_ns)
    info = file.root.getinfo(file.at)
    return FileStamp(info.file_size, info.CRC)
