"""The content of files, for cache keys: read once, then known by names, sizes, times and inodes.

Two folders may hold files of equal names, sizes and times (``cp -p``, ``rsync -a``, ``unzip``) and different content:
only the content tells them apart. Reading 200,000 pictures takes seconds, looking at their status less than one. What
was read is therefore kept in the home, under the status of the files. Where their status changes, fairprog reads again,
and the key stays the same if the content did.
"""

import contextlib
import hashlib
import os
import zipfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from io import BufferedReader
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fairprog_core.common.files.pictures.place import UNREADABLE, Place
from fairprog_core.common.home import Home, replacing

MISSING = 0  # the content of a file that is missing or cannot be read


def picture_stamp(place: Place, names: Sequence[str], home: Home) -> str:
    """A digest of the names and the content of files; see the module.

    Args:
        place: the folder, on disk or in a zip, that the names begin in.
        names: of the files, relative to the folder. One that is missing is part of the digest as such.
        home: that remembers what was read.
    """
    return stamp_of(names, contents(place, names, home))


def file_content(file: Place, home: Home) -> str:
    """A digest of the name and the content of one file, on disk or in a zip; see the module."""
    folder: Place = file.parent  # type: ignore[assignment]  # typeshed: of a path in a zip, any path
    return picture_stamp(folder, [file.name], home)


def stamp_of(names: Sequence[str], content: NDArray[np.uint64]) -> str:
    """The stamp of files whose content is known."""
    digest = hashlib.sha256("\0".join(names).encode("utf-8", "surrogateescape"))
    digest.update(content.tobytes())
    return digest.hexdigest()[:16]


def contents(place: Place, names: Sequence[str], home: Home) -> NDArray[np.uint64]:
    """(n,) a number for the content of each file, equal for equal content; `MISSING` where there is no such file."""
    if (status := status_of(place, names)) is None:
        return _read(place, names)
    kept = home.cache / "stamps" / f"{status}.npy"
    with contextlib.suppress(OSError, ValueError, EOFError):
        found: NDArray[np.uint64] = np.load(kept, allow_pickle=False)
        if found.shape == (len(names),) and found.dtype == np.uint64:
            return found
    content = _read(place, names)
    with contextlib.suppress(OSError), replacing(kept) as part:  # a read-only home: the next process reads again
        np.save(part, content)
    return content


def status_of(place: Place, names: Sequence[str]) -> str | None:
    """A digest of names, sizes, times and inodes, or of the zip's own; None for a zip in a zip. Nothing is read."""
    digest = hashlib.sha256("\0".join(names).encode("utf-8", "surrogateescape"))
    if isinstance(place, zipfile.Path):
        file = Path(place.root.filename or "")
        if not isinstance(place.root.fp, BufferedReader):
            return None
        digest.update(f"{file.absolute()}\0{place.at}\0".encode("utf-8", "surrogateescape"))
        digest.update(np.array(_numbers(str(file)), np.int64).tobytes())
        return digest.hexdigest()
    folder = str(place.absolute())
    digest.update(folder.encode("utf-8", "surrogateescape"))
    rows = np.empty((len(names), 4), np.int64)
    for row, name in enumerate(names):
        rows[row] = _numbers(f"{folder}/{name}")
    digest.update(rows.tobytes())
    return digest.hexdigest()


def _numbers(file: str) -> tuple[int, int, int, int]:
    try:
        status = os.stat(file)  # noqa: PTH116 (a Path for each of 200,000 files takes three times as long)
    except (OSError, ValueError):
        return -1, -1, -1, -1
    return status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino % 2**63


def _read(place: Place, names: Sequence[str]) -> NDArray[np.uint64]:
    if isinstance(place, zipfile.Path):  # the zip lists the checksum and the size of each file
        listed = {info.filename: info for info in place.root.infolist()}
        infos = [listed.get(f"{place.at}{name}") for name in names]
        return np.array([MISSING if each is None else each.file_size << 32 | each.CRC for each in infos], np.uint64)
    with ThreadPoolExecutor(min(8, os.cpu_count() or 1)) as pool:  # hashlib releases the GIL
        return np.fromiter(pool.map(lambda name: _content(place / name), names, chunksize=64), np.uint64, len(names))


def _content(file: Path) -> int:
    try:
        with file.open("rb") as raw:
            return int.from_bytes(hashlib.file_digest(raw, "sha256").digest()[:8], "big") or 1
    except UNREADABLE:
        return MISSING
