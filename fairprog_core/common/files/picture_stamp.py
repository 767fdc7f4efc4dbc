"""Stamps that know the content: two folders that differ in their pictures alone have different stamps.

Size and time of change do not suffice where a copy keeps the times (``cp -p``, ``rsync -a``, ``unzip``), so the content
enters as well, as far as it is read in a moment: later starts compute the stamp again.
"""

import contextlib
import hashlib
import os
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from fairprog_core.common.files.checksums import sha256_of
from fairprog_core.common.files.file_stamp import file_stamp

_MOST_BYTES = 64 << 20  # of a file that is read whole, in about a tenth of a second; larger ones hardly agree in size
_MOST_READ = 1024  # pictures whose content is read, evenly spread over all; few pictures are all read
_MOST_OF_A_PICTURE = 1 << 20  # bytes


def content_stamp(file: Path | zipfile.Path) -> list[int | str]:
    """Size, time of change and content of a file; part of cache keys.

    Of a file inside a zip, of one of more than 64 MiB and of one that may not be read, it equals `file_stamp`.

    Raises:
        OSError: there is no such file on disk.
    """
    stamp: list[int | str] = [*file_stamp(file)]
    if isinstance(file, Path) and file.stat().st_size <= _MOST_BYTES:
        with contextlib.suppress(OSError):  # whoever reads the file says why
            stamp.append(sha256_of(file))
    return stamp


def picture_stamp(folder: Path | zipfile.Path, names: Iterable[str]) -> str:
    """Names, sizes, times and content of pictures, as 16 hexadecimal digits; part of cache keys.

    It does not depend on where the folder lies, nor on the order of the names. All of a zip is known by checksums.

    Args:
        folder: a folder, a zip, or a folder in a zip.
        names: of the pictures, relative to the folder; one that is not there counts as missing.
    """
    ordered = sorted(set(names))
    if isinstance(folder, Path) and folder.is_file():
        folder = zipfile.Path(zipfile.ZipFile(folder))
    lines = _in_folder(folder, ordered) if isinstance(folder, Path) else _in_zip(folder, ordered)
    digest = hashlib.sha256("\0".join(lines).encode(errors="surrogateescape"))
    if isinstance(folder, Path):
        for name in ordered[:: -(-len(ordered) // _MOST_READ) or 1]:
            digest.update(_start(folder / name))
    return digest.hexdigest()[:16]


def _in_folder(folder: Path, names: Iterable[str]) -> Iterator[str]:
    start = os.path.join(folder, "")  # noqa: PTH118  # strings, because this is done 200,000 times
    for name in names:
        try:
            status = os.stat(start + name)  # noqa: PTH116
        except (OSError, ValueError):
            yield f"{name}\0missing"
        else:
            yield f"{name}\0{status.st_size} {status.st_mtime_ns}"


def _in_zip(folder: zipfile.Path, names: Iterable[str]) -> Iterator[str]:
    for name in names:
        try:
            info = folder.root.getinfo(folder.at + name)
        except KeyError:
            yield f"{name}\0missing"
        else:
            yield f"{name}\0{info.file_size} {info.CRC}"


def _start(file: Path) -> bytes:
    """The digest of the first bytes of a file; empty where it cannot be read."""
    try:
        with file.open("rb") as content:
            return hashlib.sha256(content.read(_MOST_OF_A_PICTURE)).digest()
    except (OSError, ValueError):
        return b""
