"""Checksums of the files in a folder, kept beside them.

A file is read whole only if its stamp (size, times, inode) is not the one under which it matched its checksum: every
write, copy or rename changes the stamp, and reading a column of 1 GB takes about a second.
"""

import contextlib
import hashlib
import json
from pathlib import Path

from pydantic import Field

from fairprog_core.common.files.json_values import Header, from_json
from fairprog_core.common.home import replacing

NAME = "checksums.json"

Stamp = tuple[int, int, int, int]
_matching: dict[tuple[Path, str], Stamp] = {}  # found by this process, for folders where nothing can be written


class FileChecksum(Header):
    """The checksum of one file.

    Attributes:
        sha256: hexadecimal.
        stamp: of the file when it last matched the checksum.
    """

    sha256: str
    stamp: list[int] = Field(min_length=4, max_length=4)


class FolderChecksums(Header):
    """The content of ``checksums.json``: the checksums by name of the file."""

    files: dict[str, FileChecksum]


def write_checksums(folder: Path) -> None:
    """Write the checksums of all files in a folder."""
    files = sorted(path for path in folder.iterdir() if path.name != NAME)
    _write(folder, {path.name: FileChecksum(sha256=sha256_of(path), stamp=list(_stamp(path))) for path in files})


def find_change(folder: Path) -> str | None:
    """Which file is not as it was when the checksums were written; None: none is, or there are no checksums.

    Raises:
        OSError: a file is missing or not readable.
    """
    if not (folder / NAME).exists():  # written by an earlier version
        return None
    try:
        kept = FolderChecksums.model_validate(from_json((folder / NAME).read_text("utf-8"))).files
    except ValueError:
        return f"{NAME} cannot be read"
    found = dict(kept)
    for name, file in kept.items():
        path = folder / name
        stamp = _stamp(path)
        if stamp in (tuple(file.stamp), _matching.get((path, file.sha256))):
            continue
        if sha256_of(path) != file.sha256:
            return f"{name} does not match its checksum"
        _matching[path, file.sha256] = stamp
        found[name] = FileChecksum(sha256=file.sha256, stamp=list(stamp))
    if found != kept:
        with contextlib.suppress(OSError):  # a read-only home: the next process reads the files again
            _write(folder, found)
    return None


def _write(folder: Path, files: dict[str, FileChecksum]) -> None:
    with replacing(folder / NAME) as part:
        part.write_text(json.dumps(FolderChecksums(files=files).model_dump()), "utf-8")


def _stamp(path: Path) -> Stamp:
    status = path.stat()
    return status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file, hexadecimal; reads it in parts."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
