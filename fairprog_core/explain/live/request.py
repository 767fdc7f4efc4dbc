"""Requests to the explain process.

Notation: s image side, h×w picture.
"""

import hashlib
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from fairprog_core.common.errors import DataError
from fairprog_core.common.files.file_stamp import file_stamp
from fairprog_core.common.limits import limits
from fairprog_core.explain import EXPLAINERS

Arrays = dict[str, NDArray[Any]]  # by name
Version = tuple[str, int, int]  # path, time of change (ns), size (bytes)


def version(path: Path) -> Version:
    """Path, time of change and size of a file; zeros where there is no file."""
    try:
        size, change = file_stamp(path)
    except OSError:
        return str(path), 0, 0
    return str(path), change, size


class ExplainRequest(Protocol):
    """What the process needs of every request."""

    @property
    def worker(self) -> str:
        """The function that answers it in the process, as ``"package.module:name"``."""

    @property
    def lighter(self) -> str:
        """A request that takes less time, for an error's sentence."""

    def check(self) -> None:
        """Refuse a request that cannot be answered, before a process starts.

        Raises:
            DataError: a value is not allowed.
        """

    def digest(self) -> str:
        """A digest of everything that the answer depends on."""


class Request(NamedTuple):
    """A picture to explain.

    Attributes:
        picture: the bytes of a PNG, JPEG or WebP file, or (h, w, 3) uint8 pixels.
        classifier: path of the base's weights.
        trigger: path of the trigger.
        lam: λ.
        method: a key of `EXPLAINERS`.
        target: the class to explain; None: the one predicted under each condition.
        baseline: (s, s, 3) uint8 for Integrated Gradients (the mean photo: the gallery's ``nulls[0]``);
            None: black.
    """

    picture: bytes | NDArray[np.uint8]
    classifier: Path
    trigger: Path
    lam: float
    method: str = "grad_cam"
    target: int | None = None
    baseline: NDArray[np.uint8] | None = None

    @property
    def worker(self) -> str:
        return "fairprog_core.explain.live.picture:answer"

    @property
    def lighter(self) -> str:
        return "a smaller picture"

    def check(self) -> None:
        """Refuse a method that does not explain pictures.

        Raises:
            DataError: the method is not known.
        """
        known = [kind for kind, entry in EXPLAINERS.items() if _modality(entry) == "image"]
        if self.method not in known:
            raise DataError(f"Explanation {self.method!r} is not known; choose one of {', '.join(known)}.")

    def digest(self) -> str:
        """A digest of everything that the answer depends on."""
        digest = _of_files(self.classifier, self.trigger)
        for value in (self.picture, self.baseline):
            if isinstance(value, np.ndarray):
                digest.update(repr(value.shape).encode())
            digest.update(b"" if value is None else bytes(value))
        digest.update(repr((float(self.lam), self.method, self.target)).encode())
        return digest.hexdigest()


class TextRequest(NamedTuple):
    """A text to explain.

    Attributes:
        text: any ``str``.
        classifier: path of the base's weights.
        trigger: path of the trigger.
        lams: the λ values to answer for.
    """

    text: str
    classifier: Path
    trigger: Path
    lams: tuple[float, ...]

    @property
    def worker(self) -> str:
        return "fairprog_core.explain.live.text:answer"

    @property
    def lighter(self) -> str:
        return "a shorter text"

    def check(self) -> None:
        """Refuse a request without any λ, or with a text that is too long.

        Raises:
            DataError: there is none, or the text has more letters than allowed.
        """
        now = limits()
        if len(self.text) > now.letters:
            raise DataError(now.refusal("letters", f"The text has {len(self.text):,} letters"))
        if not self.lams:
            raise DataError("No λ is given; give at least one.")

    def digest(self) -> str:
        """A digest of everything that the answer depends on."""
        digest = _of_files(self.classifier, self.trigger)
        digest.update(self.text.encode("utf-8", "surrogatepass"))
        digest.update(repr([float(lam) for lam in self.lams]).encode())
        return digest.hexdigest()


class TextScores(TextRequest):
    """A text to score while it is typed: as a text to explain, but the answer has its logits alone."""

    __slots__ = ()

    @property
    def worker(self) -> str:
        return "fairprog_core.explain.live.scores:answer"

    def digest(self) -> str:
        """A digest of everything that the answer depends on."""
        return f"scores-{super().digest()}"


def _modality(entry: Any) -> str:
    modality: str = entry.options.modality
    return modality


def _of_files(*paths: Path) -> "hashlib._Hash":
    """A digest over the versions of files; more can be added to it."""
    digest = hashlib.sha256()
    for path in paths:
        digest.update(repr(version(path)).encode())
    return digest
