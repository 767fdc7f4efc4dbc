"""The pixels of a split's pictures in the cache; decoding that was interrupted goes on where it was.

Notation: n pictures, m of them readable, s image side.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ValidationError

from fairprog_core.common.errors import DataError, FairprogError
from fairprog_core.common.home import replacing
from fairprog_core.data.base import Progress
from fairprog_core.data.cache.entry import Columns, unfinished

CHUNK = 256  # pictures per report of progress, and between two notes of what is done
DECODING = 1  # increased whenever the same file is decoded differently; part of every cache key
_NOTE = "decoded.json"


class Decoded(BaseModel):
    """What is done.

    Attributes:
        n: number of pictures that were tried, the first of the list.
        broken: place in the list, and reason, of each that cannot be read.
    """

    n: int = 0
    broken: list[tuple[int, str]] = []


def fill_pixels(
    folder: Path, names: Sequence[str], read: Callable[[str], NDArray[np.uint8]], size: int, *, most_broken: int
) -> Iterator[Progress]:
    """Decode pictures into the column x of a folder, (m, s, s, 3) uint8; those that are there already stay.

    Args:
        folder: exists; what an interrupted call left in it is completed.
        names: of the n pictures.
        read: decodes one.
        size: s.
        most_broken: number of pictures that may be unreadable.

    Raises:
        DataError: more pictures are unreadable; what is decoded stays.
    """
    row = size * size * 3
    done = _note(folder)
    columns = Columns(folder, home=folder.parent)
    columns.check_space((len(names) - done.n) * row)
    with (folder / "x.npy").open("r+b" if done.n else "w+b") as file, ThreadPoolExecutor(_n_threads()) as pool:
        start = _write_header(file, len(names), size)
        file.truncate(start + (done.n - len(done.broken)) * row)
        file.seek(0, os.SEEK_END)
        for first in range(done.n, len(names), CHUNK):
            part = names[first : first + CHUNK]
            for place, pixels in enumerate(pool.map(lambda name: _try(read, name), part), first):
                if isinstance(pixels, str):
                    done.broken.append((place, pixels))
                else:
                    file.write(pixels.data)
            file.flush()
            done.n = first + len(part)
            with replacing(folder / _NOTE) as noted:
                noted.write_text(done.model_dump_json(), "utf-8")
            yield done.n, len(names)
            check_broken(done, most_broken)
        file.seek(0)
        if _write_header(file, len(names) - len(done.broken), size) != start:
            raise RuntimeError("numpy wrote a header of another length")


def decoded(columns: Columns) -> Decoded:
    """What a finished folder says of its pictures."""
    return Decoded.model_validate_json(columns.text(_NOTE.removesuffix(".json")))


def tried(folder: Path) -> list[tuple[int, str]]:
    """The pictures that could not be decoded, of a finished folder or of one that was interrupted."""
    found = (_note(place) for place in (folder, unfinished(folder)) if place.exists())
    return next((each.broken for each in found), [])


def check_broken(done: Decoded, most: int) -> None:
    """Refuse too many pictures that cannot be read.

    Raises:
        DataError: there are more than allowed.
    """
    if len(done.broken) > most:
        raise DataError(
            f"{len(done.broken):,} of {done.n:,} pictures cannot be read, and max_broken allows {most:,}; the first: "
            f"{done.broken[0][1]}"
        )


def _note(folder: Path) -> Decoded:
    try:
        found = Decoded.model_validate_json((folder / _NOTE).read_text("utf-8"))
        return found if (folder / "x.npy").exists() else Decoded()
    except (OSError, ValidationError):
        return Decoded()


def _write_header(file: IO[bytes], n: int, size: int) -> int:
    """Write numpy's header for n pictures; its length, which does not depend on n."""
    about = {"descr": "|u1", "fortran_order": False, "shape": (n, size, size, 3)}
    np.lib.format.write_array_header_1_0(file, about)
    return file.tell()


def _try(read: Callable[[str], NDArray[np.uint8]], name: str) -> NDArray[np.uint8] | str:
    try:
        return np.ascontiguousarray(read(name))
    except FairprogError as error:
        return str(error)


def _n_threads() -> int:
    return min(8, os.cpu_count() or 1)  # PIL releases the GIL while it decodes
