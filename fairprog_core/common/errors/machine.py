"""Turns refusals of the machine into sentences: a full disk, a read-only or removed folder, a lack of memory.

The operating system, SQLite, PostgreSQL, Rust and Arrow have an error each for the same refusal; here each has one
sentence.
"""

import errno
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

from fairprog_core.common.errors import ArtifactError, FairprogError, MachineError, shorten
from fairprog_core.common.errors.database_server import server_sentence

_UNCLEAR, _LOCKED, _DAMAGED = -1, -2, -3  # _UNCLEAR: SQLite does not say why it cannot open or write a file
_SOME_BYTES = 1_000_000  # with as much free, a full disk lacks entries for files instead
_GO_ON = "then try again or resume the run: what is finished is kept"
_NO_FILES_LEFT = (
    "The disk that holds {place} has no room for a further file or for one so large, though {left} are free; delete "
    f"some files there, {_GO_ON}."
)
_NO_RIGHT = f"This user may not read or write in {{place}}; change its owner or its permissions, {_GO_ON}."
_NO_MEMORY = (
    "There is not enough memory, or its limit (ulimit -v) is too low; end other programs, raise the limit or choose a "
    f"smaller study, {_GO_ON}."
)
_TOO_MANY_FILES = f"Too many files are open; raise the limit (ulimit -n), {_GO_ON}."
_SENTENCES = {
    errno.ENOSPC: f"The disk that holds {{place}} is full; free some space there, {_GO_ON}.",
    errno.EDQUOT: f"Your quota on the disk that holds {{place}} is used up; delete some files there, {_GO_ON}.",
    errno.EFBIG: f"A file in {{place}} may not grow as large as needed; raise the limit (ulimit -f), {_GO_ON}.",
    errno.EROFS: f"{{place}} is read-only; make it writable or choose another home with --home, {_GO_ON}.",
    errno.EACCES: _NO_RIGHT,
    errno.EPERM: _NO_RIGHT,
    errno.EIO: f"The disk that holds {{place}} does not read or write (an input/output error); repair it, {_GO_ON}.",
    errno.ENOENT: "{place} is gone: it, or its run table, was removed or moved meanwhile; put it back or start anew.",
    errno.ENOMEM: _NO_MEMORY,
    _LOCKED: f"Another program keeps the run table in {{place}} locked; wait until it is done, {_GO_ON}.",
    _DAMAGED: (
        "The run table in {place} is damaged; put back a copy of runs.sqlite, or move it away to begin a new one: the "
        "results stay in the folder runs."
    ),
    errno.EMFILE: _TOO_MANY_FILES,
    errno.ENFILE: _TOO_MANY_FILES,
}
"""Per error number of the operating system, or kind of error of SQLite: the sentence; ``place`` is a folder."""
_SQLITE = {"SQLITE_FULL": errno.ENOSPC, "SQLITE_READONLY": _UNCLEAR, "SQLITE_IOERR": _UNCLEAR,
           "SQLITE_CANTOPEN": _UNCLEAR, "SQLITE_BUSY": _LOCKED, "SQLITE_LOCKED": _LOCKED,
           "SQLITE_CORRUPT": _DAMAGED, "SQLITE_NOTADB": _DAMAGED, "SQLITE_NOMEM": errno.ENOMEM}  # fmt: skip
_SCRATCH = re.compile(r"\..+\.[a-z0-9_]{8}")  # the names that tempfile gives the folders of ``home.replacing``
_RUST_NUMBER = re.compile(r"\(os error (\d+)\)")  # safetensors, tokenizers
_NO_MEMORY_TEXT = re.compile(
    r"can't allocate memory|cannot allocate memory|failed to map segment|out of memory|bad_alloc"
    r"|can't start new thread",
    re.IGNORECASE,
)


def home_is_gone(home: Path) -> MachineError:
    """The error for a home that was removed or moved while a process uses it."""
    return MachineError(_SENTENCES[errno.ENOENT].format(place=f"The home {shorten(home, 100)}"))


def machine_error(error: BaseException, folder: Path | None = None) -> FairprogError | None:
    """The refusal of the machine behind an exception, as a sentence; None: the exception has another cause.

    It is a `MachineError`; for a run table that is locked or damaged, or whose server refuses, an `ArtifactError`.

    Args:
        error: any exception; those that caused it are looked at too.
        folder: where fairprog was writing, if the exception does not name the file.
    """
    for cause in _causes(error):
        if isinstance(cause, MachineError):
            return cause
        if (sentence := server_sentence(cause)) is not None:
            return ArtifactError(sentence)
        code = _error_number(cause)
        file = getattr(cause, "filename", None)
        place = _existing_folder(file or folder)
        if code == _UNCLEAR:
            code = _why_not_writable(folder or place)
        elif code == errno.ENOENT and (folder is None or folder.is_dir()):
            code = None  # a file is missing, not the whole folder
        if code == errno.ENOSPC and place is not None and (left := shutil.disk_usage(place).free) >= _SOME_BYTES:
            return MachineError(_NO_FILES_LEFT.format(place=shorten(place, 100), left=f"{left / 1e6:,.0f} MB"))
        if code in _SENTENCES:
            if code == errno.ENOENT:
                return home_is_gone(folder or Path())
            kind = ArtifactError if code in (_LOCKED, _DAMAGED) else MachineError
            return kind(_SENTENCES[code].format(place=shorten(place or "the output", 100)))
    return None


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """The exception, that of the database driver behind it, and those that caused it."""
    for _ in range(8):
        if error is None:
            return
        yield error
        original = getattr(error, "orig", None)  # of SQLAlchemy
        if isinstance(original, BaseException):
            yield original
        error = error.__cause__


def _error_number(error: BaseException) -> int | None:
    """The operating system's number for an error; None: it comes from elsewhere."""
    if isinstance(error, OSError) and error.errno is not None:
        return error.errno
    if name := getattr(error, "sqlite_errorname", None):
        return _SQLITE.get("_".join(str(name).split("_")[:2]))
    if match := _RUST_NUMBER.search(str(error)):
        return int(match[1])
    return errno.ENOMEM if is_out_of_memory(error) else None


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an exception says that memory is used up, that of a GPU included."""
    is_possible = isinstance(error, RuntimeError | ImportError | OSError)
    return isinstance(error, MemoryError) or (is_possible and _NO_MEMORY_TEXT.search(str(error)) is not None)


def _existing_folder(path: object) -> Path | None:
    """The folder of a path that exists, but none of those in which ``home.replacing`` writes a file at first."""
    if not isinstance(path, str | bytes | os.PathLike):
        return None
    found = Path(os.fsdecode(path)).absolute()
    scratch = next((parent for parent in (found, *found.parents) if _SCRATCH.fullmatch(parent.name)), None)
    found = scratch.parent if scratch else found
    return next((parent for parent in (found, *found.parents) if parent.is_dir()), None)


def _why_not_writable(folder: Path | None) -> int | None:
    """The number of the error that prevents writing in a folder; None: writing is possible."""
    if folder is None:
        return None
    if not folder.is_dir():
        return errno.ENOENT
    if hasattr(os, "statvfs"):  # not on Windows
        state = os.statvfs(folder)
        if state.f_flag & os.ST_RDONLY:
            return errno.EROFS
        if state.f_files and not state.f_favail:
            return errno.ENOSPC
    if shutil.disk_usage(folder).free < _SOME_BYTES:
        return errno.ENOSPC
    return None if os.access(folder, os.W_OK) else errno.EACCES
