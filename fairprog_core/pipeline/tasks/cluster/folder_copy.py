"""A run folder that two machines hold."""

from collections.abc import Iterable
from pathlib import Path
from typing import TypeAlias

from fairprog_core.common.errors import ArtifactError, shown
from fairprog_core.common.home import replacing
from fairprog_core.results.run_folder import is_inside

Files: TypeAlias = dict[str, bytes | None]
"""The content of files by their path in the run folder; None: the file was removed."""


class FolderCopy:
    """One side of it: tells which files the other side lacks, and writes those that come from there.

    Args:
        folder: the run folder on this side.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._known: dict[str, tuple[int, int]] = {}  # of the files that both sides have: time and size

    def news(self, parts: Iterable[Path] | None = None) -> Files:
        """The files that were written or removed on this side since the last call.

        Args:
            parts: files and folders of the run folder to look into; None: all of it.
        """
        found: Files = {}
        looked_into = [self.folder] if parts is None else list(parts)
        here = {self._name(file): file for part in looked_into for file in _files(part)}
        for name, file in here.items():
            if self._known.get(name) != (state := _state(file)):
                found[name] = file.read_bytes()
                self._known[name] = state
        for name in [*self._known]:
            file = self.folder / name
            if name not in here and any(file.is_relative_to(part) for part in looked_into):
                found[name] = None
                del self._known[name]
        return found

    def write(self, files: Files) -> None:
        """Write, or remove, what the other side has sent.

        Raises:
            ArtifactError: a path leads out of the run folder.
        """
        for name, content in files.items():
            file = self.folder / name
            if not is_inside(self.folder, file):
                raise ArtifactError(f"A node of the cluster sent the file {shown(name)}, which is outside of the run.")
            if content is None:
                file.unlink(missing_ok=True)
                self._known.pop(name, None)
                continue
            with replacing(file) as part:
                part.write_bytes(content)
            self._known[name] = _state(file)

    def _name(self, file: Path) -> str:
        return file.relative_to(self.folder).as_posix()


def _files(part: Path) -> Iterable[Path]:
    """The whole files in a folder; those in hidden folders are being written."""
    if part.is_file():
        return [part]
    found = (file for file in part.rglob("*") if file.is_file())
    return [file for file in found if not any(name.startswith(".") for name in file.relative_to(part).parts)]


def _state(file: Path) -> tuple[int, int]:
    stat = file.stat()
    return stat.st_mtime_ns, stat.st_size
