"""Cache of fitted models, for reuse by other studies; the key is a digest of everything that determines the fit."""

import shutil
from pathlib import Path
from typing import Any

from fairprog_core.common.files import model_file
from fairprog_core.common.home import Home, is_whole, making_once, replacing
from fairprog_core.common.options import digest_of

CACHE_VERSION = 4  # raise it when the same options give other numbers: sampling, anchors, losses, solvers, defaults


class FittedCache:
    """One entry: the file or folder that a method wrote.

    Attributes:
        path: the entry's path in the cache.
    """

    def __init__(self, home: Home, **content: Any) -> None:
        """Compute the entry's key.

        Args:
            home: the home that holds the cache.
            content: all JSON values that determine the fit.
        """
        self.path = home.cache / "learned" / digest_of({**content, "recipe": CACHE_VERSION})

    def copy_to(self, target: Path) -> None:
        """Copy the entry to ``target``, if the entry exists and ``target`` does not; a damaged entry is renamed."""
        if not target.exists() and is_whole(self.path, _find_damage):
            _copy(self.path, target)

    def add(self, source: Path) -> None:
        """Create the entry from the file or folder that a method wrote."""
        if not self.path.exists() and _find_damage(source) is None:
            with making_once(self.path) as is_missing:
                if is_missing:
                    _copy(source, self.path)


def _find_damage(path: Path) -> str | None:
    """The damage of an entry's tensors, or None; an empty folder is damaged."""
    files = sorted(path.rglob("*.safetensors")) if path.is_dir() else [path]
    damage = (model_file.find_damage(file) for file in files)
    return next(filter(None, damage), None) if files else "it is empty"


def _copy(source: Path, target: Path) -> None:
    with replacing(target) as part:
        if source.is_dir():
            shutil.copytree(source, part)
        else:
            shutil.copyfile(source, part)
