"""The errors that a user can cause or run into; the message of each is one sentence that says what to do."""

import errno
import os
import re
import reprlib
import shutil
from collections.abc import Iterator
from pathlib import Path

_CONTROL_CHARACTERS = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
LONGEST = 300  # characters of an error's sentence
_LONGEST_WORDS = (120, 80, 50)  # characters that a path or a value in a sentence that is too long may keep


class FairprogError(Exception):
    """Base of every error that fairprog raises on purpose.

    The message is one sentence for the person at the screen: what was found, where,
    what is allowed, what to do. It is one line of at most `LONGEST` characters that cannot steer a terminal,
    whatever it quotes.
    """

    def __init__(self, sentence: object = "") -> None:
        super().__init__(_fitted(str(sentence)))


class ConfigError(FairprogError):
    """A study, an option or a command-line value is not allowed."""


class DataError(FairprogError):
    """A data set is missing or broken, or lacks something that the study needs."""


class ModelError(FairprogError):
    """A classifier cannot be built, loaded or used with this data set."""


class ArtifactError(FairprogError):
    """A file written by fairprog is missing, damaged or of another version."""


class RunError(FairprogError):
    """A run does not exist, or its state does not allow the requested action."""


class MachineError(FairprogError):
    """The machine refuses what fairprog needs: the disk is full, a folder is read-only or gone, memory is used up."""


def home_is_gone(home: Path) -> MachineError:
    """The error for a home that was removed or moved while a process uses it."""
    return MachineError(_SENTENCES[errno.ENOENT].format(place=f"The home {shorten(home, 100)}"))


def machine_error(error: BaseException, folder: Path | None = None) -> FairprogError | None:
    """The refusal of the machine behind an exception, as a sentence; None: the exception has another cause.

    It is a `MachineError`; for a run table that is locked or damaged, an `ArtifactError`.

    Args:
        error: any exception; those that caused it are looked at too.
        folder: where fairprog was writing, if the exception does not name the file.
    """
    for cause in _causes(error):
        if isinstance(cause, MachineError):
            return cause
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


def shown(value: object, most: int = 80) -> str:
    """A value for an error message: its ``repr`` in one line, shortened to ``most`` characters."""
    return shorten(_SHORT.repr(value), most)


def shorten(text: object, most: int = 160) -> str:
    """A text in one line; an ellipsis replaces the middle of a long one, so that a path keeps its file name."""
    line = escaped(" ".join(str(text).split()))
    return line if len(line) <= most else f"{line[: most - most // 2 - 1]}…{line[-(most // 2) :]}"


def escaped(text: str) -> str:
    """A text with control characters, and those that change the writing direction, replaced by escape sequences."""
    return _CONTROL_CHARACTERS.sub(lambda match: match[0].encode("unicode_escape").decode(), text)


def size(n_bytes: float) -> str:
    """A number of bytes in the unit that fits, with three digits: 512 bytes, 1.26 kB, 12.6 MB, 126 GB."""
    for unit in ("bytes", "kB", "MB", "GB"):
        if n_bytes < 999.5:
            return f"{n_bytes:.3g} {unit}"
        n_bytes /= 1000
    return f"{n_bytes:,.3g} TB" if n_bytes < 999.5 else f"{n_bytes:,.0f} TB"


def _fitted(sentence: str) -> str:
    """A sentence in one line of at most `LONGEST` characters: paths and values give way first, then the middle."""
    line = escaped(" ".join(map(str.strip, sentence.split("\n"))))
    for most in _LONGEST_WORDS:
        if len(line) <= LONGEST:
            return line
        line = " ".join(word if len(word) <= most else shorten(word, most) for word in line.split(" "))
    return shorten(line, LONGEST)


class _Short(reprlib.Repr):
    """``reprlib``, which here also accepts integers that Python refuses to convert to text."""

    def __init__(self) -> None:
        super().__init__()
        self.maxstring = self.maxother = self.maxlong = 200
        self.maxlist = self.maxtuple = self.maxdict = 20

    def repr_int(self, x: int, level: int) -> str:
        return f"an integer of {x.bit_length()} bits" if x.bit_length() > 256 else super().repr_int(x, level)


_SHORT = _Short()


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
    text = str(error)
    if match := _RUST_NUMBER.search(text):
        return int(match[1])
    is_memory = isinstance(error, RuntimeError | ImportError | OSError) and _NO_MEMORY_TEXT.search(text)
    return errno.ENOMEM if is_memory or isinstance(error, MemoryError) else None


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
