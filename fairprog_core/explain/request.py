"""What is asked of the process behind `live`.

Notation: s image side, h×w picture.
"""

import hashlib
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Version = tuple[str, int, int]


def version(path: Path) -> Version:
    """Path, time of change and size of a file; zeros where there is none."""
    try:
        stat = path.stat()
    except OSError:
        return str(path), 0, 0
    return str(path), stat.st_mtime_ns, stat.st_size


class Request(NamedTuple):
    """What is to be explained.

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

    def digest(self) -> str:
        """Changes with the content of everything that the answer depends on."""
        digest = hashlib.sha256()
        for path in (self.classifier, self.trigger):
            digest.update(repr(version(path)).encode())
        for value in (self.picture, self.baseline):
            if isinstance(value, np.ndarray):
                digest.update(repr(value.shape).encode())
            digest.update(b"" if value is None else bytes(value))
        digest.update(repr((float(self.lam), self.method, self.target)).encode())
        return digest.hexdigest()
