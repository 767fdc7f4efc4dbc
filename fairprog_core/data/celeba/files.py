"""The files of CelebA: the official layout and Kaggle's, in folders or zips.

Official: ``list_attr_celeba.txt``, ``list_eval_partition.txt`` and ``img_align_celeba/``, ``img_align_celeba_png/`` or
``img_align_celeba.zip``, in one folder or in ``Anno/``, ``Eval/`` and ``Img/``.
Kaggle: the same two lists as ``.csv``, and ``img_align_celeba/img_align_celeba/``.
Either may be inside one zip, and in a subfolder of any name.
"""

import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from fairprog_core.common.errors import DataError, shorten
from fairprog_core.common.files.pictures.place import Place, open_zip
from fairprog_core.common.home import is_file, is_folder, user_path

_HOW = (
    "Give as root a folder with img_align_celeba.zip, list_attr_celeba.txt and list_eval_partition.txt of"
    " https://mmlab.ie.cuhk.edu.hk/projects/CelebA.html, or Kaggle's celeba-dataset."
)
_MOST = 80  # characters of a path in an error
_IMAGES = "img_align_celeba"


class CelebAFiles:
    """The lists and the images below a root.

    Attributes:
        attributes: the list of attributes.
        partition: the list that assigns every image to training, validation or test.

    Raises:
        DataError: the root or one of the lists is missing.
    """

    def __init__(self, root: str) -> None:
        self._root = _open(root)
        self._places = list(_places(self._root))
        self.attributes = self._list("list_attr_celeba")
        self.partition = self._list("list_eval_partition")

    def no_pictures(self, example: str) -> DataError:
        """The error that none of the pictures is there, such as ``example``."""
        return DataError(
            f"{shorten(self._root, _MOST)}: the image {example} is neither in {_IMAGES}/ nor in {_IMAGES}.zip. {_HOW}"
        )

    def picture_folders(self) -> Iterator[Place]:
        """The folders that may hold the pictures; not all exist."""
        for place in self._places:
            for name in (_IMAGES, f"{_IMAGES}_png"):
                yield place / name / name
                yield place / name
        for place in self._places:
            if is_file(archive := place / f"{_IMAGES}.zip"):
                inside = open_zip(archive)
                yield inside / _IMAGES
                yield inside

    def _list(self, stem: str) -> Place:
        for place in self._places:
            for suffix in (".txt", ".csv"):
                if is_file(found := place / f"{stem}{suffix}"):
                    return found
        raise DataError(f"{shorten(self._root, _MOST)}: neither {stem}.txt nor {stem}.csv is there. {_HOW}")


def _open(root: str) -> Place:
    if not root.strip():
        raise DataError(f"CelebA: no folder is given. {_HOW}")
    path = user_path(root)
    if is_folder(path):
        return path
    if is_file(path):
        return open_zip(path)
    raise DataError(f"CelebA: {shorten(path, _MOST)} does not exist. {_HOW}")


def _places(root: Place) -> Iterator[Place]:
    """The root and its subfolders that may contain lists or images; image folders are not searched."""
    yield root
    if isinstance(root, zipfile.Path):
        parents = {name.rpartition("/")[0] for name in root.root.namelist()}
        folders = {
            str(folder) for parent in parents for folder in (PurePosixPath(parent), *PurePosixPath(parent).parents)
        }
        yield from (root / folder for folder in sorted(folders) if _IMAGES not in folder and folder != ".")
        return
    for folder in _subfolders(root):
        yield folder
        yield from _subfolders(folder)


def _subfolders(folder: Path) -> list[Path]:
    try:
        return sorted(child for child in folder.iterdir() if _IMAGES not in child.name and child.is_dir())
    except OSError:  # no permission to read it
        return []
