"""A stamp that changes with the content of a file and is computed without reading it."""

import zipfile
from pathlib import Path
from typing import NamedTuple


class FileStamp(NamedTuple):
    """Size and last change of a file; part of cache keys.

    Attributes:
        size: in bytes.
        change: time of the last change in nanoseconds; for a file inside a zip its CRC-32.
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
