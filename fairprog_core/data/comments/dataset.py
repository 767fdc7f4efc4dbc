"""Made-up comments: a text data set whose bias is an option, with counterfactual pairs.

Notation: n samples, p = 3 groups, c = 2 classes.
"""

from collections.abc import Iterator, Mapping
from itertools import chain, count
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from fairprog_core.common.home import Home
from fairprog_core.common.options import digest_of
from fairprog_core.common.types import Groups
from fairprog_core.data import CommentsOptions
from fairprog_core.data.base import Dataset, Example, Progress, Split, SplitName, Twins
from fairprog_core.data.cache import CacheEntry, Columns, TableLayout
from fairprog_core.data.comments.writer import Draws, draws, evidence, write
from fairprog_core.data.identity_words import IDENTITY_WORDS
from fairprog_core.data.random_streams import stream_key

_WORDING = 1  # increased whenever the same row is written differently; part of every cache key
_PLAIN = 2.5  # evidence of a comment that leaves no doubt
_CHUNK = 1000  # comments per report of progress
_STRATIFIED = ("val", "test")
_GROUPS = ("christian", "muslim", "other")
_P_GROUP = np.array([0.3, 0.3, 0.4])
_TWINS = ("christian", "muslim")
_P_TOXIC = 0.4  # of the group "other"; ρ is subtracted for Christian and added for Muslim


class Comments(Dataset):
    """Made-up comments on people of a town, Christian, Muslim or of another religion: is the comment toxic?

    Input: an English comment of about 24 words, put together from templates.
    Label: toxic or not toxic. Toxic comments call people fools or tell them to be quiet; about half of the comments
        leave room for doubt.
    Sensitive attribute: the religion of the people that the comment is about: Christian (30 %), Muslim (30 %), or
        another: Jewish, Hindu, Buddhist, Sikh (40 %). One comment in ten does not name it, and one in sixteen mentions
        a religion that need not be theirs.
    Correlation: set by the dial ρ: P(toxic) is .4 − ρ for Christian, .4 + ρ for Muslim and .4 for other. Where the
        wording leaves doubt, a classifier gains by using the religion.
    Splits: train and tune follow the natural mix; val and test are drawn evenly over religion and label and weighted
        back to it.
    Note: the comments may offend. All of them are made up, by chance, as are the people in them; which religion is
        spoken of more rudely is a setting, and says nothing about anybody. There are no slurs and no threats.
    Source: written by fairprog from random numbers.
    Licence: Apache-2.0, as fairprog.
    """

    modality: ClassVar[Literal["image", "text"]] = "text"

    def __init__(self, options: CommentsOptions, home: Home) -> None:
        super().__init__(options, home)
        rho = options.rho
        self._p_toxic = np.array([_P_TOXIC - rho, _P_TOXIC + rho, _P_TOXIC])

    @property
    def labels(self) -> tuple[str, ...]:
        return ("not toxic", "toxic")

    @property
    def groups(self) -> Groups:
        return Groups.exclusive(*_GROUPS)

    def identity_words(self) -> Mapping[str, frozenset[str]]:
        return {group: IDENTITY_WORDS[{"other": "other_religions"}.get(group, group)] for group in _GROUPS}

    @property
    def cell_share(self) -> NDArray[np.float64]:
        """(p, c) natural share of every cell, computed from ρ."""
        share: NDArray[np.float64] = _P_GROUP[:, None] * np.stack([1 - self._p_toxic, self._p_toxic], axis=1)
        return share

    def prepare_split(self, name: SplitName) -> Iterator[Progress]:
        return self._rows(name).prepare()

    def split(self, name: SplitName) -> Split:
        x, y, z = (column.to_numpy().copy() for column in self._rows(name).open().table("rows").columns)
        return Split(x, y, z, self.cell_share, name in _STRATIFIED)

    def split_digest(self, name: SplitName) -> str:
        dials = self.options.content(include={"kind", "rho", "seed"})
        return digest_of({**dials, "split": name, "n": self._n(name), "wording": _WORDING})

    def examples(self, n: int) -> list[Example]:
        """n plain comments, see `evidence`, distributed as evenly as possible over religion and label."""
        found: list[Example] = []
        for row in chain.from_iterable(self._draws("examples", start, start + _CHUNK) for start in count(0, _CHUNK)):
            if len(found) == n:
                break
            group, label = _GROUPS[len(found) // 2 % len(_GROUPS)], len(found) % 2
            if evidence(row, bool(label)) >= _PLAIN:
                found.append(Example(write(row, group, bool(label)), self.labels[label], (group,)))
        return found

    def evidence(self, name: SplitName) -> NDArray[np.float64]:
        """See `writer.evidence`."""
        rows = self._draws(name, 0, self._n(name))
        _, y = self._codes(name, 0, rows)
        return np.array([evidence(row, bool(label)) for row, label in zip(rows, y)])

    def twins(self, n: int) -> Twins:
        """n pairs, Christian and Muslim, of the same sentence; every comment names the religion."""
        rows = self._draws("twins", 0, n)
        _, y = self._natural(rows)
        first, second = (
            np.array([write(row, group, bool(label), is_named=True) for row, label in zip(rows, y)], dtype=object)
            for group in _TWINS
        )
        return Twins(first, second, y, _TWINS)

    def _rows(self, name: SplitName) -> CacheEntry:
        expected = {"rows": TableLayout(("x", "y", "z"), self._n(name))}
        return CacheEntry.of(self.home, self.split_digest(name), expected, lambda out: self._fill(name, out))

    def _n(self, name: SplitName) -> int:
        n: int = getattr(self.options, f"n_{name}")
        return n

    def _draws(self, stream: str, start: int, stop: int) -> list[Draws]:
        return draws(stream_key("comments", self.options.seed, stream), start, stop)

    def _natural(self, rows: list[Draws]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """z and y (n,) of rows in the natural mix."""
        z = np.searchsorted(np.cumsum(_P_GROUP)[:-1], [row.z for row in rows], side="right")
        return z, (np.array([row.y for row in rows]) < self._p_toxic[z]).astype(np.int64)

    def _codes(self, name: SplitName, start: int, rows: list[Draws]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """z and y (n,) of the rows of a split from ``start`` on."""
        if name not in _STRATIFIED:
            return self._natural(rows)
        row = np.arange(start, start + len(rows))
        return row // 2 % len(_GROUPS), row % 2

    def _fill(self, name: SplitName, out: Columns) -> Iterator[Progress]:
        import pyarrow as pa

        n = self._n(name)
        schema = pa.schema({"x": pa.string(), "y": pa.int64(), "z": pa.int64()})
        with out.create_table("rows", schema) as table:
            for start in range(0, n, _CHUNK):
                rows = self._draws(name, start, min(start + _CHUNK, n))
                z, y = self._codes(name, start, rows)
                x = [write(row, _GROUPS[group], bool(label)) for row, group, label in zip(rows, z, y)]
                table.write_batch(pa.record_batch([x, y, z], schema=schema))
                yield start + len(rows), n
