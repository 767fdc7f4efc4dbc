"""The home, the folder of runs, caches and models; and how files are written there."""

import glob
import logging
import os
import re
import shutil
import tempfile
import zipfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import wraps
from itertools import count
from pathlib import Path
from typing import ParamSpec, TypeVar, cast

import platformdirs
from filelock import FileLock

from fairprog_core.common.errors import ConfigError, shorten, shown
from fairprog_core.common.errors.machine import home_is_gone, machine_error
from fairprog_core.common.process.version import PACKAGE

log = logging.getLogger(__name__)

FindDamage = Callable[[Path], str | None]  # returns what is wrong with an existing cache entry; None: nothing
MOST_BYTES_OF_A_NAME, MOST_BYTES_OF_A_PATH = 255, 4095  # what the file systems of Linux, macOS and Windows allow

P = ParamSpec("P")
T = TypeVar("T")

DATABASE = "runs.sqlite"
DATABASE_NOTE = "database.json"  # which database of its own the home uses instead, see `runs.table.belonging`
HOME_FILES = (DATABASE, DATABASE_NOTE)  # by one of these files a folder is known as a home
UPLOAD_ID = re.compile(r"[0-9a-f]{32}")  # the name of an upload's folder
ABOUT_UPLOAD = "upload.json"  # in that folder, beside the uploaded file
UNPACKED = "model.unpacked"  # in that folder: what was unpacked of an uploaded model
_SEEN: set[Path] = set()  # the homes that this process has found


@dataclass(frozen=True)
class Home:
    """The folder that holds everything: ``runs.sqlite``, ``runs/``, ``cache/``, ``models/``, ``uploads/``."""

    path: Path

    def __post_init__(self) -> None:
        if is_folder(self.path):
            _SEEN.add(self.path)

    @classmethod
    def find(cls, path: str | Path | None = None) -> "Home":
        """The home at ``path``, else ``FAIRPROG_HOME``, else the platform's data folder; made if missing.

        Raises:
            ConfigError: the path is not valid, or the folder cannot be made.
        """
        chosen = path or os.environ.get("FAIRPROG_HOME") or platformdirs.user_data_path("fairprog")
        expanded = user_path(chosen, what="The home")
        try:
            folder = expanded.resolve()
            folder.mkdir(parents=True, exist_ok=True)
        except (OSError, RuntimeError) as error:  # RuntimeError: a loop of links
            reason = error.strerror if isinstance(error, OSError) else shorten(error)
            raise ConfigError(
                f"The home {shorten(chosen)} cannot be made: {reason}; choose another with --home."
            ) from error
        return cls(folder)

    @property
    def database(self) -> Path:
        return self.path / DATABASE

    @property
    def database_note(self) -> Path:
        return self.path / DATABASE_NOTE

    @property
    def runs(self) -> Path:
        return self.path / "runs"

    @property
    def cache(self) -> Path:
        return self.path / "cache"

    @property
    def models(self) -> Path:
        return self.path / "models"

    @property
    def uploads(self) -> Path:
        return self.path / "uploads"

    def is_upload(self, path: str | Path) -> bool:
        """Whether this is the path of an uploaded file or unpacked model, ``uploads/<id>/<name>``, without detours."""
        place = Path(path)
        upload_id = place.parent.name
        return (
            UPLOAD_ID.fullmatch(upload_id) is not None
            and place == self.uploads / upload_id / place.name
            and place.name not in ("..", ABOUT_UPLOAD)
            and (is_file(place) or (place.name == UNPACKED and is_folder(place)))
        )

    def run(self, run_id: str) -> Path:
        """The artifact folder of one run."""
        return self.runs / run_id


def assets() -> Path:
    """The folder of shipped assets: ``FAIRPROG_ASSETS``, else that of the wheel or of the repository.

    Raises:
        ConfigError: ``FAIRPROG_ASSETS`` is not a valid path.
    """
    if override := os.environ.get("FAIRPROG_ASSETS"):
        return user_path(override, what="FAIRPROG_ASSETS")
    inside = PACKAGE / "assets"  # where the wheel carries it
    return inside if inside.is_dir() else PACKAGE.parent / "assets"


def user_path(text: str | os.PathLike[str], *, what: str = "The path") -> Path:
    """A path as a user writes it, with ``~`` expanded. Does not look whether it exists.

    Args:
        text: the path.
        what: what it is the path of, for the error.

    Raises:
        ConfigError: no file can have this path.
    """
    if (problem := path_problem(text)) is not None:
        raise ConfigError(f"{what} {shown(os.fspath(text), 100)} cannot be used: {problem}.")
    return Path(text).expanduser()


def path_problem(text: str | os.PathLike[str]) -> str | None:
    """Why no file can have this path, in a few words; None if one can."""
    path = Path(text)
    try:
        sizes = [len(os.fsencode(part)) for part in path.parts]
    except UnicodeEncodeError:
        return "it holds half a character, which no name of a file can"
    if "\0" in str(path):
        return "it holds a null character, which no name of a file can"
    if max(sizes, default=0) > MOST_BYTES_OF_A_NAME:
        return f"a name in it has {max(sizes)} bytes, allowed are {MOST_BYTES_OF_A_NAME}"
    if sum(sizes) + len(sizes) > MOST_BYTES_OF_A_PATH:
        return f"it has more than {MOST_BYTES_OF_A_PATH} bytes"
    try:
        path.expanduser()
    except RuntimeError:
        return f"this machine has no user {shown(path.parts[0].removeprefix('~'), 40)}; write ./~ for a name with a ~"
    return None


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
        for home in tuple(_SEEN):  # another thread may find a home meanwhile
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
def replacing(path: Path, *, may_be_full: bool = False) -> Iterator[Path]:
    """Yield a temporary path in a hidden folder next to ``path``; rename it when the block succeeds.

    A reader sees the old content or the new one, never a part. Works for files and folders. For a path that a user
    named, use `common.files.destination.writing`.

    Args:
        path: where it will be.
        may_be_full: whether a folder takes the place of one with content; else that is an OSError.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix=f".{path.name[:40]}.", dir=path.parent))
    part, old = scratch / path.name, scratch / f"{path.name[:40]}.old"
    try:
        yield part
        if part.is_dir() and path.is_dir():
            if may_be_full:
                path.replace(old)
            else:
                path.rmdir()
        try:
            part.replace(path)
        except OSError:
            if old.exists():
                old.replace(path)
            raise
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


@_with_refusals
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
            set_aside(path, damage)
        yield not path.exists()


def is_whole(path: Path, find_damage: FindDamage) -> bool:
    """Whether a cache entry exists and is not damaged; a damaged one is renamed."""
    if path.exists() and find_damage(path) is not None:
        with making_once(path, find_damage):  # unless another process has made it again meanwhile
            pass
    return path.exists()


def set_aside(path: Path, damage: str, then: str = "made again") -> None:
    """Rename a damaged file or cache entry, so that nothing is lost, and log a warning.

    Args:
        path: what is damaged.
        damage: what is wrong with it.
        then: what happens next, for the warning.
    """
    names = (f"{path.name}.damaged{f'-{number}' if number > 1 else ''}" for number in count(1))
    aside = next(place for place in map(path.with_name, names) if not place.exists())
    path.rename(aside)
    log.warning("%s is damaged (%s); it is kept as %s and %s.", path, damage, aside.name, then)
