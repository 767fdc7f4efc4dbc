"""Which of the pictures that the lists name are there, and where.

The authors' second archive holds the same pictures as PNG: the lists say .jpg, and the same name with .png is taken.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from fairprog_core.common.files.pictures.place import Place
from fairprog_core.common.files.pictures.stamp import picture_stamp
from fairprog_core.common.home import Home

_SUFFIXES = (".jpg", ".jpeg", ".png")


@dataclass(frozen=True)
class CelebAPictures:
    """The pictures in one folder.

    Attributes:
        folder: on disk or in a zip.
        files: by the name in the lists, the name of the file; only of pictures that are there.
    """

    folder: Place
    files: Mapping[str, str]

    @classmethod
    def among(cls, folders: Iterable[Place], listed: Iterable[str]) -> "CelebAPictures | None":
        """The first folder with all pictures that the lists name, else the one with most of them; None: none has any.

        Args:
            folders: that may not exist.
            listed: names of pictures.
        """
        names = list(listed)
        best = None
        for folder in folders:
            found = cls(folder, _files(folder, names))
            if len(found.files) > (len(best.files) if best else 0):
                best = found
            if len(found.files) == len(names):
                break
        return best

    def place(self, name: str) -> Place:
        """The file of a picture that is there."""
        return self.folder / self.files[name]

    def stamp(self, names: Iterable[str], home: Home) -> str:
        """A stamp of these pictures that changes with any of them; part of cache keys."""
        return picture_stamp(self.folder, [self.files.get(name, name) for name in names], home)


def _files(folder: Place, listed: Iterable[str]) -> dict[str, str]:
    there = {name: name for name in _names_in(folder)}
    known = {PurePosixPath(name).stem: name for name in there if PurePosixPath(name).suffix.lower() in _SUFFIXES}
    found = ((name, there.get(name) or known.get(PurePosixPath(name).stem)) for name in listed)
    return {name: file for name, file in found if file}


def _names_in(folder: Place) -> Iterator[str]:
    """The names of the files in a folder; none if there is no such folder."""
    if isinstance(folder, Path):
        try:
            yield from (child.name for child in folder.iterdir())
        except OSError:
            return
    else:
        n = len(folder.at)
        inside = (name[n:] for name in folder.root.namelist() if name.startswith(folder.at))
        yield from (name for name in inside if name and "/" not in name)
