"""The home, the folder of runs, caches and models; and how files are written there."""

import glob
import logging
import os
import shutil
import tempfile
import zipfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import platformdirs
from filelock import FileLock

from fairprog_core.common.version import PACKAGE

log = logging.getLogger(__name__)

FindDamage = Callable[[Path], str | None]  # returns what is wrong with an existing cache entry; None: nothing


@dataclass(frozen=True)
class Home:
    """The folder that holds everything: ``runs.sqlite``, ``runs/``, ``cache/``, ``models/``."""

    path: Path

    @classmethod
    def find(cls, path: str | Path | None = None) -> "Home":
        """The home at ``path``, else ``FAIRPROG_HOME``, else the platform's data folder; made if missing."""
        chosen = path or os.environ.get("FAIRPROG_HOME") or platformdirs.user_data_path("fairprog")
        home = cls(Path(chosen).expanduser().resolve())
        home.path.mkdir(parents=True, exist_ok=True)
        return home

    @property
    def database(self) -> Path:
        return self.path / "runs.sqlite"

    @property
    def runs(self) -> Path:
        return self.path / "runs"

    @property
    def cache(self) -> Path:
        return self.path / "cache"

    @property
    def models(self) -> Path:
        return self.path / "models"

    def run(self, run_id: str) -> Path:
        """The artifact folder of one run."""
        return self.runs / run_id


def assets() -> Path:
    """The folder of shipped assets: ``FAIRPROG_ASSETS``, else that of the wheel or of the repository."""
    if override := os.environ.get("FAIRPROG_ASSETS"):
        return Path(override)
    inside = PACKAGE / "assets"  # where the wheel carries it
    return inside if inside.is_dir() else PACKAGE.parent / "assets"


def user_path(text: str) -> Path:
    """A path as a user writes it, with ``~`` expanded; unchanged if it names an unknown user."""
    try:
        return Path(text).expanduser()
    except RuntimeError:
        return Path(text)


def is_file(path: Path | zipfile.Path) -> bool:
    """Whether the path is a file; False if the name is not valid or the folder is not readable."""
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def is_folder(path: Path) -> bool:
    """Whether the path is a folder; False if the name is not valid or the parent is not readable."""
    try:
        return path.is_dir()
    except (OSError, ValueError):
        return False


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a temporary path in a hidden folder next to ``path``; rename it when the block succeeds.

    A reader sees the old content or the new one, never a part. Works for files and folders.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix=f".{path.name}.", dir=path.parent))
    part = scratch / path.name
    try:
        yield part
        if part.is_dir() and path.is_dir():
            shutil.rmtree(path)
        part.replace(path)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def remove_scratch(path: Path) -> None:
    """Remove what killed processes left of `replacing` next to ``path``; the caller is the only one that writes it."""
    _remove_scratch(path.parent.glob(f".{glob.escape(path.name[:40])}.????????"))


def remove_scratch_inside(folder: Path) -> None:
    """Remove what killed processes left of `replacing` in a folder; the caller is the only one that writes there."""
    _remove_scratch(list(folder.rglob(".*.????????")))


def _remove_scratch(folders: Iterable[Path]) -> None:
    for folder in folders:
        if folder.is_dir() and not folder.is_symlink():
            shutil.rmtree(folder, ignore_errors=True)


def _find_nothing(path: Path) -> str | None:
    return None


@contextmanager
def making_once(path: Path, find_damage: FindDamage = _find_nothing) -> Iterator[bool]:
    """Hold the lock of a cache entry; yield whether it still has to be made.

    If two processes need the same entry, the first makes it, and the second waits and finds it. A damaged entry is
    renamed and has to be made again.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{path}.lock"):
        remove_scratch(path)
        if path.exists() and (damage := find_damage(path)) is not None:
            _set_aside(path, damage)
        yield not path.exists()


def is_whole(path: Path, find_damage: FindDamage) -> bool:
    """Whether a cache entry exists and is not damaged; a damaged one is renamed."""
    if path.exists() and find_damage(path) is not None:
        with making_once(path, find_damage):  # unless another process has made it again meanwhile
            pass
    return path.exists()


def _set_aside(path: Path, damage: str) -> None:
    """Rename a damaged cache entry, so that nothing is lost, and log a warning."""
    names = (f"{path.name}.damaged{f'-{number}' if number > 1 else ''}" for number in count(1))
    aside = next(place for place in map(path.with_name, names) if not place.exists())
    path.rename(aside)
    log.warning("%s is damaged (%s); it is kept as %s and made again.", path, damage, aside.name)
