"""A table of the user's own as a data set.

Notation: n samples, p patterns of groups, c classes.
"""

import hashlib
from collections.abc import Generator, Iterable, Iterator
from contextlib import closing
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from fairprog_core.common.errors import DataError, shorten
from fairprog_core.common.files.pictures.stamp import MISSING
from fairprog_core.common.home import Home
from fairprog_core.common.options import digest_of
from fairprog_core.common.types import Groups
from fairprog_core.data.base import Dataset, Example, Progress, Split, SplitName, cell_numbers
from fairprog_core.data.cache import Array, CacheEntry, Columns
from fairprog_core.data.options.table import TableOptions
from fairprog_core.data.table.columns import check_columns
from fairprog_core.data.table.listing import ABOUT, LAYOUT, Listing, ListingAbout
from fairprog_core.data.table.pictures import PictureCells, PictureFiles, reader
from fairprog_core.data.table.pixels import DECODING, check_broken, decoded, fill_pixels, tried
from fairprog_core.data.table.source.find import FoundTable, fetch_table, open_table
from fairprog_core.data.table.source.picture_folder import first_folder_with
from fairprog_core.data.table.source.rows import BrokenRow
from fairprog_core.data.table.splits import PARTS, UNUSED, Assignment, assign

READING = 1  # increased whenever the same table is read differently; part of the cache key
_TRIED = 20  # first pictures, by which the folder that holds them is known
_MAPPING = {
    "text", "image", "label", "threshold", "labels", "positive", "group", "groups", "group_names", "group_threshold",
    "split", "weight",
}  # fmt: skip
"""The options that say how a table is read."""


class OwnTable(Dataset):
    """A table of your own: a text or a picture, a label and a group in each row.

    Input: a column of texts, as they were written; or of names of pictures, whose largest centred square is resized
        with antialiasing.
    Label: a column of two or more values, or of scores with a threshold.
    Sensitive attribute: a column that names each row's group, or a column for each group; groups may overlap, and a row
        may be in none.
    Correlation: as found in the table.
    Splits: those of a column, or drawn at random, evenly over label and group. Rows with the same input stay in one
        split.
    Source: your own files.
    Licence: as you say.
    """

    def __init__(self, options: TableOptions, home: Home) -> None:
        super().__init__(options, home)

    @property
    def modality(self) -> Literal["image", "text"]:  # type: ignore[override]
        """PictureFiles where a column of pictures is named, else texts."""
        modality: Literal["image", "text"] = self.options.modality
        return modality

    @property
    def labels(self) -> tuple[str, ...]:
        """The values of the label, or its names.

        Raises:
            DataError: the table is missing or broken.
        """
        return self.about.labels

    @cached_property
    def groups(self) -> Groups:
        """The groups; a pattern for each combination that occurs in the table.

        Raises:
            DataError: the table is missing or broken.
        """
        patterns = np.array(self.about.patterns, dtype=bool).reshape(-1, len(self.about.groups))
        is_marked_in_part = bool(self.options.group) and not patterns[-1].any()
        return Groups(self.about.groups, patterns, len(patterns) - 1 if is_marked_in_part else None)

    @cached_property
    def table(self) -> FoundTable:
        """The table's file, of which only the beginning is read.

        Raises:
            DataError: the file or a column is missing, or the data set was not downloaded yet.
        """
        found = open_table(self.options, self.home)
        check_columns(self.options, found)
        return found

    @cached_property
    def rows(self) -> Columns:
        """All rows that can be used.

        Raises:
            DataError: the table is broken, or has too many broken rows.
        """
        columns = self._listing.open()
        self._check_broken(ListingAbout.model_validate_json(columns.text(ABOUT)))
        return columns

    @cached_property
    def about(self) -> ListingAbout:
        """What is known of the rows as a whole."""
        return ListingAbout.model_validate_json(self.rows.text(ABOUT))

    @cached_property
    def assignment(self) -> Assignment:
        """The split of each row."""
        part = np.array(self.rows["part"])
        part[self.content == MISSING] = UNUSED
        cells = cell_numbers(self.rows["y"], self.rows["z"])
        return assign(part, cells, self.content, sizes=self.options.split_sizes, seed=self.options.seed)

    @cached_property
    def content(self) -> NDArray[np.uint64]:
        """(n,) a number for each row's input, equal for equal inputs; 0 for a picture that is missing.

        Raises:
            DataError: more pictures are missing than allowed.
        """
        if self.modality == "text" or self._holds_pictures:
            return self.rows["same"]
        names = self.names
        found = self.pictures.contents(names)
        missing = np.flatnonzero(found == MISSING)
        if len(missing) > self.options.max_broken * len(names):
            raise DataError(
                f"{len(missing):,} of {len(names):,} pictures are not in {shorten(self.pictures.place, 80)}, more than "
                f"max_broken allows; the first: {shorten(names[missing[0]], 60)} is missing."
            )
        return found

    def undecoded(self, name: SplitName) -> list[BrokenRow]:
        """The rows of a split whose pictures could not be decoded, as far as this was tried."""
        if self.modality == "text" or not self.has_split(name):
            return []
        rows, numbers = self._rows(name), self.rows["number"]
        return [BrokenRow(int(numbers[rows[place]]), reason) for place, reason in tried(self._pixels(name).folder)]

    @property
    def missing_pictures(self) -> list[BrokenRow]:
        """The rows whose picture is missing; none in a table of texts."""
        if self.modality == "text" or self._holds_pictures:
            return []
        rows = np.flatnonzero(self.content == MISSING)
        numbers = self.rows["number"]
        return [BrokenRow(int(numbers[i]), f"{shorten(self.names[i], 60)} is missing") for i in rows]

    @cached_property
    def names(self) -> list[str]:
        """(n,) the inputs as the table has them."""
        names: list[str] = self.rows.table("rows")["x"].to_pylist()
        return names

    @cached_property
    def _holds_pictures(self) -> bool:
        """Whether the pictures' files are cells of the table, as in the data sets of Hugging Face."""
        import pyarrow as pa

        return bool(pa.types.is_large_binary(self.rows.table("rows").schema.field("x").type))

    @property
    def _cells(self) -> PictureCells:
        return PictureCells(self.rows.table("rows")["x"], self.rows["number"])

    @cached_property
    def pictures(self) -> PictureFiles:
        """The pictures that the table names."""
        beside = first_folder_with(self.table.folder, self.names[:_TRIED])
        return PictureFiles(self.options.root, beside, self.home)

    def has_split(self, name: SplitName) -> bool:
        return bool((self.assignment.part == PARTS.index(name)).any())

    def fetch(self) -> Generator[str, None, None]:
        with closing(fetch_table(self.options.path, self.home)) as steps:
            for progress in steps:
                yield progress.label

    def read(self) -> Iterator[Progress]:
        return self._listing.prepare()

    def check(self, names: Iterable[SplitName]) -> None:
        """Read the table, and look whether each of these splits has rows of every label and group.

        Raises:
            DataError: one has not; the table is missing or broken; too many pictures are missing.
        """
        for name in names:
            self._check_cells(name, self._rows(name))

    def prepare_split(self, name: SplitName) -> Iterator[Progress]:
        yield from self._listing.prepare()
        if self.modality == "image":
            yield from self._pixels(name).prepare()

    def split(self, name: SplitName) -> Split:
        """The rows of a split.

        Raises:
            DataError: the table is missing or broken, or the split lacks a label or a group.
        """
        rows = self._rows(name)
        self._check_cells(name, rows)
        y, z, weight = (np.array(self.rows[column][rows]) for column in ("y", "z", "weight"))
        if self.modality == "text":
            is_in = np.zeros(len(self.rows["y"]), dtype=bool)
            is_in[rows] = True
            x = self.rows.table("rows")["x"].filter(is_in).to_numpy()  # several times faster than ``take``
        else:
            columns = self._pixels(name).open()
            kept = np.ones(len(rows), dtype=bool)
            done = decoded(columns)
            kept[[place for place, _ in done.broken]] = False
            check_broken(done, self._most_broken)
            x, y, z, weight = columns["x"], y[kept], z[kept], weight[kept]
        if not weight.sum():
            raise DataError(f"{self.table.name}: every weight of the split {name} is 0; leave weight empty.")
        share = np.zeros((len(self.groups.patterns), len(self.labels)))
        np.add.at(share, (z, y), weight / weight.sum())
        return Split(x, y, z, share, is_stratified=bool(self.options.weight))

    def examples(self, n: int) -> list[Example]:
        """The first n rows, of a table of texts whose columns are named."""
        if self.options.missing_field() is not None:
            return []
        found, patterns = [], self.groups.patterns
        texts = self.rows.table("rows")["x"].slice(0, n).to_pylist()
        for text, y, z in zip(texts, self.rows["y"], self.rows["z"], strict=False):
            groups = tuple(name for name, is_in in zip(self.groups.names, patterns[z], strict=True) if is_in)
            found.append(Example(text, self.labels[y], groups))
        return found

    def split_digest(self, name: SplitName) -> str:
        """Content key of a split: of its inputs, labels and groups, wherever the files lie."""
        rows = self._rows(name)
        digest = hashlib.sha256(np.ascontiguousarray(self.content[rows]).tobytes())
        for column in ("y", "z", "weight"):
            digest.update(np.ascontiguousarray(self.rows[column][rows]).tobytes())
        key = {"kind": "table", "reading": READING, "split": name, "rows": digest.hexdigest()}
        key |= {"labels": self.labels, "groups": self.groups.names, "patterns": self.groups.patterns.tolist()}
        if self.modality == "image":
            key |= {"size": self.options.image_size, "decoding": DECODING}
        return digest_of(key)

    def _rows(self, name: SplitName) -> NDArray[np.int64]:
        """The rows of a split.

        Raises:
            DataError: there are none.
        """
        rows = np.flatnonzero(self.assignment.part == PARTS.index(name))
        if len(rows) == 0:
            raise DataError(
                f"{self.table.name} has no rows of the split {name}; mark some in a column, and name it as split, or "
                "leave split empty to have the splits drawn."
            )
        return rows

    def _check_cells(self, name: SplitName, rows: NDArray[np.int64]) -> None:
        """Refuse a split without a label or a group."""
        y, z = self.rows["y"][rows], self.rows["z"][rows]
        n_of_label = np.bincount(y, minlength=len(self.labels))
        n_of_group = np.bincount(z, minlength=len(self.groups.patterns)) @ self.groups.patterns
        for what, names, counts in (("label", self.labels, n_of_label), ("group", self.groups.names, n_of_group)):
            if (counts == 0).any():
                raise DataError(
                    f"The split {name} ({len(rows):,} rows) has no row with the {what} "
                    f"{shorten(names[int(np.argmin(counts))], 60)}; merge it with another, leave its rows out, or mark "
                    "rows of it in each split."
                )

    @cached_property
    def _listing(self) -> CacheEntry:
        """The named columns of the table."""
        key = self.options.content(include=_MAPPING)
        key |= {"kind": "table", "reading": READING}
        key["table"] = self.table.stamp(self.home)
        return CacheEntry.of(
            self.home, digest_of(key), LAYOUT, Listing(self.options, self.table).fill, sources=self._sources
        )

    def _pixels(self, name: SplitName) -> CacheEntry:
        rows, size = self._rows(name), self.options.image_size
        key = {"kind": "table", "decoding": DECODING, "size": size}
        key["pictures"] = hashlib.sha256(np.ascontiguousarray(self.content[rows]).tobytes()).hexdigest()
        names = [str(i) for i in rows] if self._holds_pictures else [self.names[i] for i in rows]

        def fill(out: Columns) -> Iterator[Progress]:
            read = reader(self._cells if self._holds_pictures else self.pictures, size)
            return fill_pixels(out.folder, names, read, size, most_broken=self._most_broken)

        expected = {"x": Array((None, size, size, 3), np.uint8)}
        return CacheEntry.of(self.home, digest_of(key), expected, fill, goes_on=True, sources=self._sources)

    @property
    def _sources(self) -> tuple[str, ...]:
        return self.options.path, self.options.root, self.options.also

    @property
    def _most_broken(self) -> int:
        return int(self.options.max_broken * self.about.n_rows)

    def _check_broken(self, about: ListingAbout) -> None:
        if about.n_broken > self.options.max_broken * about.n_rows:
            first = about.broken[0]
            raise DataError(
                f"{self.table.name}: {about.n_broken:,} of {about.n_rows:,} rows cannot be used, more than max_broken "
                f"({self.options.max_broken:g}) allows; row {first.row}: {first.reason}."
            )
