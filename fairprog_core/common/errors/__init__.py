"""The errors that a user can cause or run into; the message of each is one sentence that says what to do."""

import re
import reprlib

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


class UnknownRunError(RunError):
    """No run has the number, id or name."""


class MachineError(FairprogError):
    """The machine refuses what fairprog needs: the disk is full, a folder is read-only or gone, memory is used up."""


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
