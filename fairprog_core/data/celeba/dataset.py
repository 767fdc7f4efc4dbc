"""CelebA: photographs of celebrities with 40 attributes, from the user's files.

Notation: n samples, p groups, c classes, s image side.
"""

import os
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from typing import ClassVar, Literal

import numpy as np

from fairprog_core.common.errors import DataError, shorten
from fairprog_core.common.files.pictures.decode import decode
from fairprog_core.common.files.pictures.stamp import file_content
from fairprog_core.common.home import Home
from fairprog_core.common.options import digest_of
from fairprog_core.common.types import Groups
from fairprog_core.data import CelebAOptions, combinations
from fairprog_core.data.base import Dataset, Progress, Split, SplitName, found_cell_share
from fairprog_core.data.cache import Array, CacheEntry, Columns
from fairprog_core.data.celeba.files import CelebAFiles
from fairprog_core.data.celeba.lists import read_attributes, read_partition
from fairprog_core.data.celeba.pictures import CelebAPictures
from fairprog_core.data.random_streams import stream_key

_DECODING = 1  # increased whenever the same file is decoded differently; part of the pixels' cache key
_CHUNK = 256  # images per report of progress
_PART = {"train": 0, "tune": 0, "val": 1, "test": 2}
_NAMES = {"Male": ("female", "male")}  # used instead of "not <attribute>"


class CelebA(Dataset):
    """CelebFaces Attributes: 202,599 photographs of 10,177 celebrities, aligned, with 40 yes-or-no attributes.

    Input: the photograph's largest centred square, resized with antialiasing, RGB.
    Label: any attribute (blond hair unless set otherwise), or every combination of several.
    Sensitive attribute: any other attribute (Male unless set otherwise), or every combination of several.
    Correlation: as found in the photographs, e.g. blond hair is rarer where Male is set.
    Splits: the official ones; a share of the training images is set aside, at random, for tuning. Every split
        follows the mix that was found.
    Note: the attributes are what annotators read off a photograph. They say nothing certain about the people, about
        their gender least of all.
    Source: Liu, Luo, Wang and Tang, "Deep Learning Face Attributes in the Wild", ICCV 2015;
        https://mmlab.ie.cuhk.edu.hk/projects/CelebA.html. Not shipped with fairprog: read from your own files.
    Licence: non-commercial research only, under the terms on that page.
    """

    modality: ClassVar[Literal["image", "text"]] = "image"

    def __init__(self, options: CelebAOptions, home: Home) -> None:
        super().__init__(options, home)
        self._stamps: dict[SplitName, str] = {}

    @property
    def labels(self) -> tuple[str, ...]:
        return _combinations(self.options.target)

    @property
    def groups(self) -> Groups:
        return Groups.exclusive(*_combinations(self.options.sensitive))

    def check(self, names: Iterable[SplitName]) -> None:
        """Refuse splits whose pictures are not all there, before any is decoded."""
        for name in names:
            images = self._images(name)
            if missing := [image for image in images if image not in self._pictures.files]:
                n, where = len(self._pictures.files), shorten(self._pictures.folder, 70)
                raise DataError(
                    f"{len(missing):,} of {len(images):,} pictures of the {name} split are missing in {where}, e.g. "
                    f"{missing[0]}; unpack them again, or set dataset.missing to leave_out to use the {n:,} that are "
                    "there."
                )

    def notes(self) -> list[str]:
        n_listed, n = (sum(map(len, each.values())) for each in (self._listed, self._parts))
        where = shorten(self._pictures.folder, 100)
        left_out = (
            f"CelebA: {n:,} of the {n_listed:,} pictures that the lists name are in {where}; the others are left out."
        )
        return [left_out] if n < n_listed else []

    def prepare_split(self, name: SplitName) -> Iterator[Progress]:
        self.check([name])
        yield from self._codes(name).prepare()
        yield from self._pixels(name).prepare()

    def split(self, name: SplitName) -> Split:
        """The rows of a split.

        Raises:
            DataError: a list or an image is missing or broken, or the split has no rows.
        """
        self.check([name])
        codes, pixels = self._codes(name).open(), self._pixels(name).open()
        y, z = np.array(codes["y"]), np.array(codes["z"])
        share = found_cell_share(y, z, len(self.groups.patterns), len(self.labels))
        return Split(pixels["x"], y, z, share, is_stratified=False)

    def split_digest(self, name: SplitName) -> str:
        attributes = {"target": self.options.target, "sensitive": self.options.sensitive}
        return digest_of({**attributes, "list": self._list_stamp, "pixels": self._pixel_digest(name)})

    def _codes(self, name: SplitName) -> CacheEntry:
        expected = dict.fromkeys(("y", "z"), Array((None,), np.int64))
        return CacheEntry.of(
            self.home,
            self.split_digest(name),
            expected,
            lambda out: self._fill_codes(name, out),
            sources=[self.options.root],
        )

    def _pixels(self, name: SplitName) -> CacheEntry:
        size = self.options.image_size
        expected = {"x": Array((None, size, size, 3), np.uint8)}
        return CacheEntry.of(
            self.home,
            self._pixel_digest(name),
            expected,
            lambda out: self._fill_pixels(name, out),
            sources=[self.options.root],
        )

    def _pixel_digest(self, name: SplitName) -> str:
        """Content key of a split's pixels; it does not depend on label and sensitive attribute."""
        options, most = self.options, self._most(name)
        key = {"kind": "celeba", "decoding": _DECODING, "split": name, "size": options.image_size, "most": most}
        key |= {"list": self._partition_stamp, "pictures": self._picture_stamps(name)}
        if name in ("train", "tune"):
            key["ratio"] = options.tuning_ratio
        if name in ("train", "tune") or most is not None:
            key["seed"] = options.seed
        return digest_of(key)

    @cached_property
    def _list_stamp(self) -> str:
        return file_content(self._files.attributes, self.home)

    @cached_property
    def _partition_stamp(self) -> str:
        return file_content(self._files.partition, self.home)

    def _picture_stamps(self, name: SplitName) -> str:
        """The stamp of a split's pictures, computed once: it looks at each of them."""
        if name not in self._stamps:
            self._stamps[name] = self._pictures.stamp(self._images(name), self.home)
        return self._stamps[name]

    @cached_property
    def _files(self) -> CelebAFiles:
        return CelebAFiles(self.options.root)

    @cached_property
    def _pictures(self) -> CelebAPictures:
        """The pictures that are there.

        Raises:
            DataError: there are none.
        """
        listed = [image for part in self._listed.values() for image in part]
        found = CelebAPictures.among(self._files.picture_folders(), listed)
        if found is None:
            raise self._files.no_pictures(listed[0] if listed else "000001.jpg")
        return found

    @cached_property
    def _listed(self) -> dict[int, list[str]]:
        return read_partition(self._files.partition)

    @cached_property
    def _parts(self) -> dict[int, list[str]]:
        """The image names of every part: all that are listed, or those that are there."""
        if self.options.missing == "refuse":
            return self._listed
        return {
            part: [image for image in images if image in self._pictures.files] for part, images in self._listed.items()
        }

    def _most(self, name: SplitName) -> int | None:
        most: int | None = getattr(self.options, f"max_{name}")
        return most

    def _images(self, name: SplitName) -> list[str]:
        """The file names of a split's rows, in the list's order."""
        images = self._parts[_PART[name]]
        key = stream_key("celeba", self.options.seed, _PART[name])
        chosen = np.random.Generator(np.random.Philox(key=key)).permutation(len(images))
        n_tune = max(1, round(self.options.tuning_ratio * len(images)))
        chosen = {"train": chosen[n_tune:], "tune": chosen[:n_tune]}.get(name, chosen)[: self._most(name)]
        if len(chosen) == 0:
            raise DataError(f"{self._files.partition}: too few images ({len(images)}) for the split {name!r}.")
        return [images[i] for i in np.sort(chosen)]

    def _fill_codes(self, name: SplitName, out: Columns) -> Iterator[Progress]:
        """Class y and group z (n,): the index of the combination of attributes, see `combinations`."""
        images = self._images(name)
        target, sensitive = self.options.target, self.options.sensitive
        values = read_attributes(self._files.attributes, (*target, *sensitive))
        if missing := next((image for image in images if image not in values), None):
            raise DataError(f"{self._files.attributes} has no line for {missing}, which {self._files.partition} names.")
        bits = np.array([values[image] for image in images], dtype=np.int64)
        for column, part in (("y", bits[:, : len(target)]), ("z", bits[:, len(target) :])):
            out.create(column, (len(images),), np.int64)[:] = combinations.codes(part)
        return iter(())  # too fast to report progress

    def _fill_pixels(self, name: SplitName, out: Columns) -> Iterator[Progress]:
        images, size = self._images(name), self.options.image_size
        place = self._pictures.place
        x = out.create("x", (len(images), size, size, 3), np.uint8)
        with ThreadPoolExecutor(min(8, os.cpu_count() or 1)) as pool:  # PIL releases the GIL while it decodes
            for start in range(0, len(images), _CHUNK):
                chunk = images[start : start + _CHUNK]
                for row, pixels in enumerate(pool.map(lambda image: decode(place(image), size), chunk), start):
                    x[row] = pixels
                yield start + len(chunk), len(images)


def _combinations(attributes: tuple[str, ...]) -> tuple[str, ...]:
    """Names of all combinations of attributes, e.g. "not blond hair, smiling"."""
    words = (name.replace("_", " ").lower() for name in attributes)
    pairs = [_NAMES.get(name, (f"not {word}", word)) for name, word in zip(attributes, words, strict=True)]
    return combinations.names(pairs)
