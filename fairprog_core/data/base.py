"""The interface of a data set: splits, regions, counterfactual pairs, and a card.

Notation: n samples, c classes, p group patterns, h×w image.
"""

from abc import ABC, abstractmethod
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fairprog_core.common.home import Home
from fairprog_core.common.types import Groups

SplitName = Literal["train", "tune", "val", "test"]
Progress = tuple[int, int]  # rows done, total number of rows


@dataclass(frozen=True)
class Split:
    """The rows of one split.

    Attributes:
        x: (n, h, w, 3) uint8 images, memory-mapped; or (n,) object, texts as ``str``.
        y: (n,) int64 labels in 0..c-1.
        z: (n,) int64 pattern codes in 0..p-1.
        cell_share: (p, c) float64, the natural share of every (z, y) cell; sums to one.
        is_stratified: whether the rows were drawn evenly over the (z, y) cells.
    """

    x: NDArray[Any]
    y: NDArray[np.int64]
    z: NDArray[np.int64]
    cell_share: NDArray[np.float64]
    is_stratified: bool

    @property
    def cells(self) -> NDArray[np.int64]:
        """(n,) index of each row's (z, y) cell in the flattened ``cell_share``."""
        return cell_numbers(self.y, self.z, n_classes=self.cell_share.shape[1])

    @property
    def cell_counts(self) -> NDArray[np.int64]:
        """(p, c) number of rows of every (z, y) cell."""
        return cell_counts(self.y, self.z, *self.cell_share.shape)

    @property
    def weight(self) -> NDArray[np.float64]:
        """(n,) weights with mean one that map the rows back to the natural mix."""
        counts = self.cell_counts
        with np.errstate(divide="ignore", invalid="ignore"):
            per_row = np.where(counts > 0, self.cell_share * len(self.y) / counts, 0.0)
        weight: NDArray[np.float64] = per_row[self.z, self.y]
        weight /= weight.mean()
        return weight

    def natural_rows(self, *, at_least: int = 30_000) -> NDArray[np.int64]:
        """(m,) row indices in the natural mix, for methods without weights: a row is repeated by its weight.

        If the rows are in the natural mix already, every row occurs once. Otherwise m is at least ``at_least``, so
        that rounding does not matter, and the rows are sorted by cell.
        """
        n = len(self.y)
        if not self.is_stratified:
            return np.arange(n)
        order = np.lexsort((self.y, self.z))
        end = np.cumsum(self.weight[order])
        m = max(n, at_least)
        rows: NDArray[np.int64] = order[np.searchsorted(end / end[-1], (np.arange(m) + 0.5) / m)]
        return rows

    def evenly(self, n: int, *, seed: int = 0) -> "Split":
        """n of the rows, drawn as evenly over the (z, y) cells as their sizes allow; all if there are at most n."""
        if n >= len(self.y):
            return self
        rows = np.sort(draw_evenly(self.y, self.z, n, seed=seed))
        return Split(self.x[rows], self.y[rows], self.z[rows], self.cell_share, True)


def cell_numbers(y: NDArray[np.int64], z: NDArray[np.int64], *, n_classes: int | None = None) -> NDArray[np.int64]:
    """(n,) index of each row's (z, y) cell, z · c + y.

    Args:
        y: (n,) labels.
        z: (n,) pattern codes.
        n_classes: c; None: the largest label + 1, which changes the indices but not their order.
    """
    cells: NDArray[np.int64] = z * (y.max(initial=0) + 1 if n_classes is None else n_classes) + y
    return cells


def cell_counts(y: NDArray[np.int64], z: NDArray[np.int64], n_patterns: int, n_classes: int) -> NDArray[np.int64]:
    """(p, c) number of rows of every (z, y) cell."""
    cells = cell_numbers(y, z, n_classes=n_classes)
    return np.bincount(cells, minlength=n_patterns * n_classes).reshape(n_patterns, n_classes)


def found_cell_share(
    y: NDArray[np.int64], z: NDArray[np.int64], n_patterns: int, n_classes: int
) -> NDArray[np.float64]:
    """(p, c) share of the rows in every (z, y) cell, for a data set whose mix is not set but measured."""
    share = np.zeros((n_patterns, n_classes))
    np.add.at(share, (z, y), 1 / len(y))  # not counts / n, which differs in the last digit
    return share


def draw_evenly(y: NDArray[np.int64], z: NDArray[np.int64], n: int, *, seed: int) -> NDArray[np.int64]:
    """n row indices, drawn without replacement and as evenly over the (z, y) cells as their sizes allow.

    Cells take turns, so that every prefix of the result is drawn evenly too.
    """
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(y))
    turn = np.empty(len(y), dtype=np.int64)
    cells = cell_numbers(y, z)
    for cell in np.unique(cells):
        rows = order[cells[order] == cell]
        turn[rows] = np.arange(len(rows))
    position = np.empty(len(y), dtype=np.int64)
    position[order] = np.arange(len(y))
    drawn: NDArray[np.int64] = np.lexsort((position, turn))[:n]
    return drawn


class Twins(NamedTuple):
    """Counterfactual pairs: the same picture or sentence with two values of the sensitive attribute.

    ``first`` and ``second`` are (n, h, w, 3) uint8 images, or (n,) object arrays of ``str``; row i of
    one differs from row i of the other only in what Z causes. ``y`` is the label (n,) of both.
    ``names`` are the groups of first and second.
    """

    first: NDArray[Any]
    second: NDArray[Any]
    y: NDArray[np.int64]
    names: tuple[str, str]


class Example(NamedTuple):
    """An example row for display: the input, the name of its label, the names of its groups."""

    x: Any
    label: str
    groups: tuple[str, ...]


class Dataset(ABC):
    """A data set; its class docstring is its card (see ``data.card``).

    Input, label, sensitive attribute, how the correlation arises, source, licence.
    """

    modality: ClassVar[Literal["image", "text"]]

    def __init__(self, options: Any, home: Home) -> None:
        self.options = options
        self.home = home

    @property
    @abstractmethod
    def labels(self) -> tuple[str, ...]:
        """The c class names, e.g. ("not blond", "blond")."""

    @property
    @abstractmethod
    def groups(self) -> Groups:
        """The groups of the sensitive attribute."""

    def fetch(self) -> Generator[str, None, None]:
        """Download what is read, if it lies elsewhere and was not downloaded yet; yields what it does, for the screen.

        Closing the generator ends the download.

        Raises:
            DataError: it cannot be had.
        """
        yield from ()

    def read(self) -> Iterator[Progress]:
        """Read what keys, labels and groups are computed from, if that takes long and was not done yet."""
        return iter(())

    def check(self, names: Iterable[SplitName]) -> None:  # noqa: B027  # most data sets lack nothing
        """Look whether the rows of these splits can be prepared, before any is.

        Raises:
            DataError: something that they need is missing.
        """

    def notes(self) -> list[str]:
        """Sentences about rows that are left out although a user may expect them; empty for most data sets."""
        return []

    @abstractmethod
    def prepare_split(self, name: SplitName) -> Iterator[Progress]:
        """Write the rows of a split to the cache if they are not there yet.

        Yields:
            Progress: the rows done and the total number of rows. Closing the generator cancels.
        """

    @abstractmethod
    def split(self, name: SplitName) -> Split:
        """The rows of a split, from the cache if they are there, else prepared now."""

    def split_on_demand(self, name: SplitName) -> Split | None:
        """The rows of a split, each made when it is first used; None: `prepare_split` makes them all, here or before.

        `prepare_split` makes the rest, and keeps them.
        """
        return None

    @abstractmethod
    def split_digest(self, name: SplitName) -> str:
        """Content key of a split: changes with exactly those options that change its rows."""

    def has_split(self, name: SplitName) -> bool:
        """Whether the data set has rows of a split; all are there in most data sets."""
        return True

    def regions(self, name: SplitName) -> dict[str, NDArray[np.bool_]]:
        """Exact masks by name ("hair", "face"), each (n, h, w) bool; empty if the data set has none."""
        return {}

    def regions_of(self, name: SplitName, rows: NDArray[np.int64]) -> dict[str, NDArray[np.bool_]]:
        """The `regions` of some rows (k,), each (k, h, w) bool."""
        return {region: np.array(masks[rows]) for region, masks in self.regions(name).items()}

    def identity_words(self) -> Mapping[str, frozenset[str]]:
        """By group name, the single lower-case words that name it in a text; empty for images."""
        return {}

    def examples(self, n: int) -> list[Example]:
        """At most n example rows, available without the cache; empty for most data sets.

        Raises:
            DataError: the data are missing or broken.
        """
        return []

    def evidence(self, name: SplitName) -> NDArray[np.float64]:
        """(n,) how plainly a reader sees label and group of every row of a split; equal where the data set cannot say.

        For choosing rows to show, never for training or for a figure.
        """
        return np.zeros(len(self.split(name).y))

    def drawn_large(self, name: SplitName, rows: Sequence[int], size: int) -> NDArray[np.uint8] | None:
        """The pictures of some rows drawn anew with ``size`` pixels, (n, size, size, 3); None if they cannot be."""
        return None

    def twins(self, n: int) -> Twins | None:
        """n counterfactual pairs from rows that are in no split, or None if the data set has none."""
        return None
