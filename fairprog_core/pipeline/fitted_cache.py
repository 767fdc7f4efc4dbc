"""What was learned once, for another study that would learn the same: kept by the content of all that decides it."""

import shutil
from pathlib import Path
from typing import Any

from fairprog_core.common.files import model_file
from fairprog_core.common.home import Home, is_whole, replacing
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
        """Copy the entry to ``target``, if there is one and nothing is there yet; a damaged one is set aside."""
        if not target.exists() and is_whole(self.path, _find_damage):
            _copy(self.path, target)

    def add(self, source: Path) -> None:
        """Make the entry from what a method left."""
        if not self.path.exists() and _find_damage(source) is None:
            _copy(source, self.path)


def _find_damage(path: Path) -> str | None:
    """What is wrong with the tensors of an entry; a folder that is empty is no entry either."""
    files = sorted(path.rglob("*.safetensors")) if path.is_dir() else [path]
    damage = (model_file.find_damage(file) for file in files)
    return next(filter(None, damage), None) if files else "it is empty"


def _copy(source: Path, target: Path) -> None:
    with replacing(target) as part:
        if source.is_dir():
            shutil.copytree(source, part)
        else:
            shutil.copyfile(source, part)
