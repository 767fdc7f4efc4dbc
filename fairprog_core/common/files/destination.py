"""Files and folders that a user names to be written: checked before any work, written beside the place and renamed.

Nothing of the user's is lost: what exists is replaced only if it is what fairprog writes there, and unchanged
where that can be told. A link is refused. To follow it would write somewhere that was not named; to replace it would
leave the file that it stands for behind with its old content.
"""

import os
import re
import stat
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from fairprog_core.common.errors import ArtifactError, ConfigError, shorten
from fairprog_core.common.files.json_values import from_json
from fairprog_core.common.home import HOME_FILES, Home, is_file, is_folder, replacing

_SCHEMA = re.compile(rb'\s*\{\s*"schema"\s*:\s*"([a-z.]+)/\d+"')  # fairprog writes this key first
_SHOWN = 120  # characters of a path in an error
_WRONG = {False: "a folder; give the name of a file", True: "a file, a device or a pipe; give the name of a folder"}
_MOST_HEADER = 100_000_000  # bytes; safetensors refuses larger ones


@dataclass(frozen=True)
class Product:
    """A kind of file, or of folder, that fairprog writes where the user says.

    Attributes:
        noun: what an existing one is called in errors, with its article.
        is_own: whether an existing file, or folder with content, is one that fairprog wrote.
        is_folder: whether it is a folder; its parents are made.
        may_be_in_home: whether a path among fairprog's own runs, caches and models is allowed.
    """

    noun: str
    is_own: Callable[[Path], bool]
    is_folder: bool = False
    may_be_in_home: bool = False


def check_destination(path: Path, product: Product) -> Path:
    """Check that a file or folder may be written, before its content is computed.

    Raises:
        ConfigError: the path holds something that fairprog did not write, is a link or no regular file, lies among
            fairprog's own files, or its folder does not exist or is not writable.
    """
    folder = path.absolute().parent
    if product.is_folder:
        folder = next(each for each in (folder, *folder.parents) if is_folder(each))
    elif not is_folder(folder):
        raise ConfigError(f"The folder {shorten(folder, _SHOWN)} does not exist; make it first.")
    _check_existing(path, product)
    try:
        tempfile.TemporaryDirectory(prefix=".fairprog.", dir=folder).cleanup()  # as ``replacing`` makes one
    except OSError as error:
        raise _unwritable(path, error) from error
    return path


@contextmanager
def writing(path: Path, product: Product) -> Iterator[Path]:
    """Yield a temporary path; when the block succeeds, it takes the place of ``path``.

    Raises:
        ConfigError: as `check_destination`, which is done again: work may have taken hours.
        ArtifactError: it cannot be written.
    """
    is_full = _check_existing(path, product)
    try:
        with replacing(path.absolute(), may_be_full=is_full) as part:
            yield part
            _flush(part)
    except OSError as error:
        raise ArtifactError(f"{shorten(path, _SHOWN)} cannot be written ({shorten(error, 120)}).") from error


def has_schema(*names: str) -> Callable[[Path], bool]:
    """Recognises JSON files that begin with one of these schemas; any version."""

    def is_own(path: Path) -> bool:
        found = _SCHEMA.match(_start(path, 200))
        return found is not None and found[1].decode() in names

    return is_own


def has_header(start: str) -> Callable[[Path], bool]:
    """Recognises tables that begin with these columns."""
    return lambda path: _start(path, len(start)) == start.encode()


def has_format(name: str) -> Callable[[Path], bool]:
    """Recognises ``.safetensors`` files of this format; any version."""

    def is_own(path: Path) -> bool:
        size = int.from_bytes(_start(path, 8), "little")
        if size > min(path.stat().st_size, _MOST_HEADER):
            return False
        try:
            header = from_json(_start(path, 8 + size)[8:])
            about = from_json(header["__metadata__"]["fairprog"])  # type: ignore[index,call-overload,arg-type]
            return str(about["format"]).split("/")[0] == name  # type: ignore[index,call-overload]
        except (ValueError, LookupError, TypeError):
            return False

    return is_own


def _check_existing(path: Path, product: Product) -> bool:
    """Whether something is there that may be replaced.

    Raises:
        ConfigError: it may not.
    """
    where = shorten(path, _SHOWN)
    try:
        found = _status(path)
        if not product.may_be_in_home and (home := _home_around(path)) is not None:
            raise ConfigError(
                f"{where} lies among the files that fairprog keeps in {shorten(home)}; give another place."
            )
        if found is None:
            return False
        if stat.S_ISLNK(found.st_mode):
            raise ConfigError(f"{where} is a link, which fairprog neither follows nor replaces; give another name.")
        if stat.S_ISDIR(found.st_mode) != product.is_folder:
            raise ConfigError(f"{where} is {_WRONG[product.is_folder]}.")
        if not product.is_folder and not stat.S_ISREG(found.st_mode):
            raise ConfigError(f"{where} is a device or a pipe; give the name of a file.")
        is_full = any(path.iterdir()) if product.is_folder else found.st_size > 0
        if is_full and not product.is_own(path):
            raise ConfigError(
                f"{where} exists and is not {product.noun}; fairprog replaces nothing else: give another name, or "
                "remove it first."
            )
    except (OSError, ValueError) as error:
        raise _unwritable(path, error) from error
    if not found.st_mode & 0o222:
        raise ConfigError(f"{where} is read-only; give another name, or remove it first.")
    return is_full


def _status(path: Path) -> os.stat_result | None:
    """The status of what is at a path, without following a link; None: nothing is."""
    try:
        return path.lstat()
    except FileNotFoundError:
        return None


def _home_around(path: Path) -> Path | None:
    """The home among whose runs, caches, models or uploads a path lies, after links to folders are resolved."""
    place = Path(os.path.realpath(path.absolute().parent)) / path.name
    for folder in place.parents:
        if not any(is_file(folder / name) for name in HOME_FILES):
            continue
        home = Home(folder)
        if any(place.is_relative_to(own) for own in (home.runs, home.cache, home.models, home.uploads)):
            return folder
    return None


def _unwritable(path: Path, error: OSError | ValueError) -> ConfigError:
    reason = error.strerror if isinstance(error, OSError) else error
    return ConfigError(f"{shorten(path, _SHOWN)} cannot be written: {reason}; choose another place.")


def _start(path: Path, n: int) -> bytes:
    """The first n bytes of a file."""
    with path.open("rb") as file:
        return file.read(n)


def _flush(part: Path) -> None:
    """Bring the content to the disk before the name: a power cut leaves the old file or the new one."""
    for file in part.iterdir() if part.is_dir() else (part,):
        with file.open("rb+") as content:
            os.fsync(content.fileno())
