"""Drawn faces: a data set whose bias is an option, with exact masks and counterfactual pairs.

Notation: n samples, p = 2 groups, a attributes that make the label, c = 2^a classes, s image side.
"""

from collections.abc import Iterator, Sequence
from typing import Any, ClassVar, Literal, cast

import numpy as np
from numpy.typing import NDArray

from fairprog_core.common.home import Home
from fairprog_core.common.options import digest_of
from fairprog_core.common.types import Groups
from fairprog_core.data import FacesOptions, combinations
from fairprog_core.data.base import Dataset, Progress, Split, SplitName, Twins
from fairprog_core.data.cache import Array, CacheEntry, Columns
from fairprog_core.data.faces.on_demand import MOST_BYTES, PicturesOnDemand
from fairprog_core.data.faces.painter import Painted, paint
from fairprog_core.data.faces.traits import P_ATTRIBUTE, Face, attributes, faces, uniforms
from fairprog_core.data.random_streams import stream_key

_LOOK = 3  # increased whenever the same row is drawn differently; part of every cache key
_CHUNK = 64  # faces per report of progress
_STRATIFIED = ("val", "test")
_REGIONS = ("hair", "face")
_BETWEEN = 0.18  # lightness less redness of hair in the middle between blond and not blond
_NAMES = {
    "blond": ("not blond", "blond"),
    "smiling": ("not smiling", "smiling"),
    "glasses": ("no glasses", "glasses"),
    "wavy": ("straight hair", "wavy hair"),
}


class Faces(Dataset):
    """Drawn faces in two drawing styles, female-presenting and male-presenting.

    Input: a drawn face, RGB, 64×64 pixels unless set otherwise.
    Label: blond or not blond; or smiling, glasses, wavy hair; or every combination of several of them.
    Sensitive attribute: the drawing style, z = 0 female-presenting, z = 1 male-presenting. It shows in jaw, lips,
        brows, lashes, facial hair, length of hair, jewellery and clothes.
    Correlation: set by dials, P(male-presenting) and P(blond | style). The hair tones of blond and not blond overlap
        under random light, so that a classifier gains by reading the style.
    Splits: train and tune follow the natural mix; val and test are drawn evenly over style and label and weighted
        back to it.
    Note: the faces are drawn; no photograph and no person is behind any of them. Female- and male-presenting name
        drawing styles; nothing is implied about people.
    Source: drawn by fairprog from random numbers.
    Licence: Apache-2.0, as fairprog.
    """

    modality: ClassVar[Literal["image", "text"]] = "image"

    def __init__(self, options: FacesOptions, home: Home) -> None:
        super().__init__(options, home)
        self._on_demand: dict[SplitName, PicturesOnDemand] = {}
        self._probabilities = {"blond": (options.p_blond_female, options.p_blond_male), **P_ATTRIBUTE}

    @property
    def labels(self) -> tuple[str, ...]:
        return combinations.names(_NAMES[name] for name in self.options.target)

    @property
    def groups(self) -> Groups:
        return Groups.exclusive("female", "male")

    @property
    def cell_share(self) -> NDArray[np.float64]:
        """(p, c) natural share of every cell, computed from the options."""
        p_z = np.array([1 - self.options.p_male, self.options.p_male])
        p_y = combinations.shares(np.transpose([self._probabilities[name] for name in self.options.target]))
        return p_z[:, None] * p_y

    def prepare_split(self, name: SplitName) -> Iterator[Progress]:
        entry = self._pictures(name)
        yield from entry.prepare()
        if drawn := self._on_demand.pop(name, None):
            drawn.settle(entry.open()["x"])

    def split(self, name: SplitName) -> Split:
        z, y = self._codes(name, 0, self._n(name))
        return Split(self._pictures(name).open()["x"], y, z, self.cell_share, name in _STRATIFIED)

    def split_on_demand(self, name: SplitName) -> Split | None:
        n, s = self._n(name), self.options.image_size
        if 3 * n * s * s > MOST_BYTES or self._pictures(name).folder.exists():
            return None
        z, y = self._codes(name, 0, n)
        if name not in self._on_demand:
            key, all_faces = stream_key("faces", self.options.seed, name, "noise"), self._faces(name, 0, z, y)

            def draw(rows: NDArray[np.int64]) -> Iterator[NDArray[np.uint8]]:
                for row in rows.tolist():
                    yield paint(all_faces[row], s, np.random.Philox(key=key, counter=row << 64)).picture

            self._on_demand[name] = PicturesOnDemand((n, s, s, 3), draw)
        return Split(cast(Any, self._on_demand[name]), y, z, self.cell_share, name in _STRATIFIED)

    def split_digest(self, name: SplitName) -> str:
        return self._digest(name)

    def _pictures(self, name: SplitName) -> CacheEntry:
        n, s = self._n(name), self.options.image_size
        expected = {"x": Array((n, s, s, 3), np.uint8)}
        return CacheEntry.of(self.home, self._pictures_digest(name), expected, lambda out: self._fill(name, out))

    def _pictures_digest(self, name: SplitName) -> str:
        """Content key of the pictures; in the natural mix they do not depend on the label."""
        return self._digest(name) if name in _STRATIFIED else self._digest(name, "target")

    def _digest(self, name: SplitName, *left_out: str) -> str:
        others = {"n_train", "n_tune", "n_val", "n_test", *left_out}
        dials = self.options.content(exclude=others)
        return digest_of({**dials, "split": name, "n": self._n(name), "look": _LOOK})

    def regions(self, name: SplitName) -> dict[str, NDArray[np.bool_]]:
        """Masks of hair (beard included) and face, drawn on first use."""
        columns = self._masks(name).open()
        return {region: columns[region] for region in _REGIONS}

    def regions_of(self, name: SplitName, rows: NDArray[np.int64]) -> dict[str, NDArray[np.bool_]]:
        """The masks of some rows; those that are not in the cache are drawn, without keeping them."""
        if self._masks(name).folder.exists():
            return super().regions_of(name, rows)
        z, y = self._codes(name, 0, self._n(name))
        drawn = [next(self._paint(name, row, z[row : row + 1], y[row : row + 1], masks=True)) for row in rows.tolist()]
        return {region: np.stack([getattr(painted, region) for painted in drawn]) for region in _REGIONS}

    def _masks(self, name: SplitName) -> CacheEntry:
        key, s = f"{self.split_digest(name)}-regions", self.options.image_size
        expected = dict.fromkeys(_REGIONS, Array((self._n(name), s, s), np.bool_))
        return CacheEntry.of(self.home, key, expected, lambda out: self._fill_regions(name, out))

    def evidence(self, name: SplitName) -> NDArray[np.float64]:
        """By how much the hair looks as its label says, in an even light; less 1 where the style is not plain.

        Blond hair is light and not red. A style is plain where hair is long without a beard, or short with one.
        """
        z, y = self._codes(name, 0, self._n(name))
        drawn = self._faces(name, 0, z, y)
        style = np.array([face.length > 0.5 if face.z == 0 else face.length < 0.5 and face.beard > 0 for face in drawn])
        margin = np.zeros(len(z))
        if "blond" in self.options.target:
            blond = np.array([face.blond for face in drawn])
            look = np.array([sum(face.hair) / 3 - (face.hair[0] - face.hair[1]) for face in drawn])
            light = np.array([abs(face.exposure) / 2 for face in drawn])
            margin = np.where(blond == 1, 1, -1) * (look - _BETWEEN) - light
        found: NDArray[np.float64] = margin - (~style)
        return found

    def drawn_large(self, name: SplitName, rows: Sequence[int], size: int) -> NDArray[np.uint8]:
        """The same faces with more pixels, from the same random numbers; without the noise of the camera."""
        z, y = self._codes(name, 0, self._n(name))
        pictures = np.empty((len(rows), size, size, 3), np.uint8)
        for i, row in enumerate(rows):
            face = self._faces(name, row, z[row : row + 1], y[row : row + 1])[0]
            pictures[i] = paint(face._replace(noise=0.0), size, np.random.Philox(0)).picture
        return pictures

    def twins(self, n: int) -> Twins:
        """n pairs, female- and male-presenting, with the same tone, pose, light, skin, background and label."""
        z, y = self._natural("twins", 0, n)
        pictures = np.empty((2, n, self.options.image_size, self.options.image_size, 3), np.uint8)
        for value in (0, 1):
            for row, painted in enumerate(self._paint("twins", 0, np.full_like(z, value), y)):
                pictures[value, row] = painted.picture
        return Twins(pictures[0], pictures[1], y, ("female", "male"))

    def _n(self, name: SplitName) -> int:
        n: int = getattr(self.options, f"n_{name}")
        return n

    def _natural(self, stream: str, start: int, stop: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """z and y (n,) of rows start..stop-1 in the natural mix."""
        u = self._uniforms(stream, start, stop)
        z = (u["z"] < self.options.p_male).astype(np.int64)
        attribute = attributes(u, self._probabilities, z)
        return z, combinations.codes(np.stack([attribute[name] for name in self.options.target], axis=1))

    def _codes(self, name: SplitName, start: int, stop: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """z and y (n,) of rows start..stop-1 of a split."""
        if name not in _STRATIFIED:
            return self._natural(name, start, stop)
        row, c = np.arange(start, stop), len(self.labels)
        return row // c % 2, row % c

    def _uniforms(self, stream: str, start: int, stop: int) -> dict[str, NDArray[np.float64]]:
        return uniforms(stream_key("faces", self.options.seed, stream, "traits"), start, stop)

    def _faces(self, stream: str, start: int, z: NDArray[np.int64], y: NDArray[np.int64]) -> list[Face]:
        """Traits of the rows from ``start`` on: z and y are given, the rest is drawn conditional on them."""
        u = self._uniforms(stream, start, start + len(z))
        target = self.options.target
        given = dict(zip(target, combinations.attributes(y, len(target)).T, strict=True))
        attribute = attributes(u, self._probabilities, z) | given
        return faces(u, z, attribute, separability=self.options.separability)

    def _paint(
        self, stream: str, start: int, z: NDArray[np.int64], y: NDArray[np.int64], *, masks: bool = False
    ) -> Iterator[Painted]:
        key = stream_key("faces", self.options.seed, stream, "noise")
        for row, face in enumerate(self._faces(stream, start, z, y), start):
            noise = np.random.Philox(key=key, counter=row << 64)
            yield paint(face, self.options.image_size, noise, masks=masks)

    def _fill(self, name: SplitName, out: Columns) -> Iterator[Progress]:
        n, s = self._n(name), self.options.image_size
        x = out.create("x", (n, s, s, 3), np.uint8)
        drawn = self._on_demand.get(name)
        for start, stop in _chunks(n):
            if drawn is not None:
                x[start:stop] = drawn[start:stop]
                yield stop, n
                continue
            z, y = self._codes(name, start, stop)
            for row, painted in enumerate(self._paint(name, start, z, y), start):
                x[row] = painted.picture
            yield stop, n

    def _fill_regions(self, name: SplitName, out: Columns) -> Iterator[Progress]:
        n, s = self._n(name), self.options.image_size
        hair, face = (out.create(region, (n, s, s), np.bool_) for region in _REGIONS)
        for start, stop in _chunks(n):
            z, y = self._codes(name, start, stop)
            for row, painted in enumerate(self._paint(name, start, z, y, masks=True), start):
                hair[row], face[row] = painted.hair, painted.face
            yield stop, n


def _chunks(n: int) -> Iterator[tuple[int, int]]:
    """First row and end of every chunk of n rows."""
    return ((start, min(start + _CHUNK, n)) for start in range(0, n, _CHUNK))
