"""Notices that a file was removed or moved while a process goes on that needs it."""

import os
from pathlib import Path


class Presence:
    """A file or folder that exists now; it is gone once its path is free or leads to another one."""

    def __init__(self, path: Path) -> None:
        self._path, self._found = path, path.stat()

    def is_gone(self) -> bool:
        """Whether it was removed or moved."""
        try:
            return not os.path.samestat(self._path.stat(), self._found)
        except FileNotFoundError:
            return True
        except OSError:  # a network folder that does not answer for a moment
            return False
