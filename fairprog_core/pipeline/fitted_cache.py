"""What was learned once, for another study that would learn the same: kept by the content of all that decides it."""

import shutil
from pathlib import Path
from typing import Any

from fairprog_core.common.home import Home, replacing
from fairprog_core.common.options import digest_of

CACHE_VERSION = (
    4  # counts up when the same options would learn other numbers: sampling, anchors, losses, solvers, defaults
)


class FittedCache:
    """One entry: the file or folder that a method left.

    Attributes:
        place: where it is kept.
    """

    def __init__(self, home: Home, **content: Any) -> None:
        """Name an entry.

        Args:
            home: whose cache keeps it.
            content: JSON values that decide what is learned, all of them.
        """
        self.path = home.cache / "learned" / digest_of({**content, "recipe": CACHE_VERSION})

    def copy_to(self, target: Path) -> None:
        """Copy the entry to ``target``, if there is one and nothing is there yet."""
        if self.path.exists() and not target.exists():
            _copy(self.path, target)

    def add(self, source: Path) -> None:
        """Make the entry from what a method left."""
        if not self.path.exists():
            _copy(source, self.path)


def _copy(source: Path, target: Path) -> None:
    with replacing(target) as part:
        if source.is_dir():
            shutil.copytree(source, part)
        else:
            shutil.copyfile(source, part)
