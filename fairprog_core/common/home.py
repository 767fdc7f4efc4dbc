"""The home, the folder of runs, caches and models; and how files are written there."""

import logging
import os
import shutil
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import wraps
from itertools import count
from pathlib import Path
from typing import ParamSpec, TypeVar, cast

import platformdirs
from filelock import FileLock

from fairprog_core.common.errors import home_is_gone, machine_error
from fairprog_core.common.version import PACKAGE

log = logging.getLogger(__name__)

FindDamage = Callable[[Path], str | None]  # returns what is wrong with an existing cache entry; None: nothing

P = ParamSpec("P")
T = TypeVar("T")

_SEEN: set[Path] = set()  # the homes that this process has found


@dataclass(frozen=True)
class Home:
    """The folder that holds everything: ``runs.sqlite``, ``runs/``, ``cache/``, ``models/``."""

    path: Path

    def __post_init__(self) -> None:
        if is_folder(self.path):
            _SEEN.add(self.path)

    @classmethod
    def find(cls, path: str | Path | None = None) -> "Home":
        """The home at ``path``, else ``FAIRPROG_HOME``, else the platform's data folder; made if missing."""
        chosen = path or os.environ.get("FAIRPROG_HOME") or platformdirs.user_data_path("fairprog")
        folder = Path(chosen).expanduser().resolve()
        folder.mkdir(parents=True, exist_ok=True)
        return cls(folder)

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


def _with_refusals(make: Callable[P, AbstractContextManager[T]]) -> Callable[P, AbstractContextManager[T]]:
    """Let a context manager that writes at a path raise `MachineError` where the machine refuses.

    The operating system, SQLite, Rust and Arrow have an error each for a full disk. And a home that was removed while
    this process used it is not made again.
    """

    @wraps(make)
    @contextmanager
    def inner(*args: P.args, **named: P.kwargs) -> Iterator[T]:
        path = cast(Path, args[0])
        for home in _SEEN:
            if home in path.parents and not home.is_dir():
                raise home_is_gone(home)
        try:
            with make(*args, **named) as value:
                yield value
        except Exception as error:
            problem = machine_error(error, path.parent)
            if problem is None or problem is error:
                raise
            raise problem from error

    return inner


@_with_refusals
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


def _find_nothing(path: Path) -> str | None:
    return None


@_with_refusals
@contextmanager
def making_once(path: Path, find_damage: FindDamage = _find_nothing) -> Iterator[bool]:
    """Hold the lock of a cache entry; yield whether it still has to be made.

    If two processes need the same entry, the first makes it, and the second waits and finds it. A damaged entry is
    renamed and has to be made again.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{path}.lock"):
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
