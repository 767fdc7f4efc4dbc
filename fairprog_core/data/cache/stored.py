"""What lies in the cache of data sets, what it was made from, and how it is removed. Torch-free."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock

from fairprog_core.common.files.json_values import from_json
from fairprog_core.common.home import Home
from fairprog_core.data.cache.entry import SOURCES, folder_of_entries


@dataclass(frozen=True)
class CachedRows:
    """One entry of the cache.

    Attributes:
        folder: of its files.
        sources: paths of the user's files that it was copied from; empty of generated data, and of entries that an
            earlier version wrote.
        n_bytes: its size.
        used: when it was last read or written, in seconds since 1970.
    """

    folder: Path
    sources: tuple[str, ...]
    n_bytes: int
    used: float

    @property
    def is_stale(self) -> bool:
        """Whether it is of no use any more: set aside as damaged, or all that it was made from is gone."""
        is_gone = bool(self.sources) and not any(Path(source).exists() for source in self.sources)
        return is_gone or ".damaged" in self.folder.name

    def is_from(self, place: Path) -> bool:
        """Whether it was made from a file, or from files in a folder."""
        return any(lies_in(source, place) for source in self.sources)


def lies_in(path: str, place: Path) -> bool:
    """Whether a path, as it is written, is that of a file or folder, or of something inside it."""
    return Path(path) == place or place in Path(path).parents


def cached_rows(home: Home) -> list[CachedRows]:
    """All entries of the cache, the largest first; unfinished ones too."""
    return sorted(_entries(folder_of_entries(home)), key=lambda entry: -entry.n_bytes)


def remove_cached(entry: CachedRows) -> None:
    """Remove an entry; runs that need it make it again. Waits for a process that is making it."""
    name = entry.folder.name.removesuffix(".part")
    with FileLock(entry.folder.with_name(f"{name}.lock")):
        shutil.rmtree(entry.folder, ignore_errors=True)


def _entries(folder: Path) -> Iterator[CachedRows]:
    try:
        folders = [path for path in folder.iterdir() if path.is_dir() and not path.name.startswith(".")]
    except OSError:
        return
    for path in folders:
        try:
            status = [file.stat() for file in path.iterdir() if file.is_file()]
        except OSError:  # another process removes it
            continue
        used = max((max(each.st_atime, each.st_mtime) for each in status), default=0.0)
        yield CachedRows(path, _sources(path), sum(each.st_size for each in status), used)


def _sources(folder: Path) -> tuple[str, ...]:
    try:
        values = from_json((folder / f"{SOURCES}.json").read_text("utf-8"))
    except (OSError, ValueError):
        return ()
    return tuple(value for value in values if isinstance(value, str)) if isinstance(values, list) else ()
