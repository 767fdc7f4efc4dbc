"""Civil Comments: comments under news articles, rated for toxicity, from the user's file.

Notation: n samples, g identities, p patterns of identities.
"""

from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from fairprog_core.common.errors import DataError
from fairprog_core.common.files.pictures.stamp import file_content
from fairprog_core.common.home import Home
from fairprog_core.common.options import digest_of
from fairprog_core.common.types import Groups
from fairprog_core.data import CivilCommentsOptions
from fairprog_core.data.base import Dataset, Example, Progress, Split, SplitName, found_cell_share
from fairprog_core.data.cache import CacheEntry, Columns, TableLayout
from fairprog_core.data.civil_comments.file import PARTS, SCORES, find, head, read
from fairprog_core.data.identity_words import IDENTITY_WORDS
from fairprog_core.data.random_streams import stream_key

if TYPE_CHECKING:
    import pyarrow as pa

_READING = 1  # increased whenever the same file is parsed differently; part of every cache key


class CivilComments(Dataset):
    """Civil Comments as WILDS prepares them: 448,000 comments under news articles, rated by annotators.

    Input: a comment of up to 1,000 characters, as it was written.
    Label: toxic where at least half of its annotators found it rude enough to make people leave a discussion.
    Sensitive attribute: the identities that at least half of its annotators saw mentioned; three religions unless set
        otherwise, or any of male, female, LGBTQ, Christian, Muslim, other religions, Black, White. A comment can
        mention several of them, and most mention none.
    Correlation: as found, e.g. comments that mention Black people or Muslims are rated toxic more often.
    Splits: the official ones; a tuning set as large as the validation set is taken off the training set, at random.
        Every split follows the mix that was found.
    Note: the comments were written by people, and many of them offend. Identities are what annotators read in a
        comment; they say nothing about who wrote it.
    Source: Borkan, Dixon, Sorensen, Thain and Vasserman, "Nuanced Metrics for Measuring Unintended Bias with Real Data
        for Text Classification", WWW 2019; splits of Koh, Sagawa et al., "WILDS", ICML 2021;
        https://wilds.stanford.edu/datasets/#civilcomments. Not shipped with fairprog: read from your own file.
    Licence: CC0.
    """

    modality: ClassVar[Literal["image", "text"]] = "text"

    def __init__(self, options: CivilCommentsOptions, home: Home) -> None:
        super().__init__(options, home)

    @property
    def labels(self) -> tuple[str, ...]:
        return ("not toxic", "toxic")

    @cached_property
    def groups(self) -> Groups:
        """The chosen identities; a pattern for each combination that occurs in the file, in any split.

        Raises:
            DataError: the file is missing or broken.
        """
        bits = np.arange(len(self.options.identities))
        return Groups(self.options.identities, (self._combinations[:, None] >> bits & 1).astype(bool))

    def identity_words(self) -> Mapping[str, frozenset[str]]:
        return {name: IDENTITY_WORDS[name] for name in self.options.identities}

    def prepare_split(self, name: SplitName) -> Iterator[Progress]:
        return self._tables.prepare()

    def split(self, name: SplitName) -> Split:
        """The rows of a split.

        Raises:
            DataError: the file is missing or broken, or the split has no rows.
        """
        tables = self._tables.open()
        part, rows = self._rows(name, tables)
        table = tables.table(part).take(rows)
        y = (table["toxicity"].to_numpy() >= self.options.threshold).astype(np.int64)
        z = np.searchsorted(self._combinations, self._codes(table))
        share = found_cell_share(y, z, len(self._combinations), len(self.labels))
        return Split(table["text"].to_numpy(), y, z, share, is_stratified=False)

    def examples(self, n: int) -> list[Example]:
        """The first n comments of the file."""
        if not self.options.root.strip():
            return []
        threshold = self.options.threshold
        return [
            Example(
                row.text,
                self.labels[row.scores["toxicity"] >= threshold],
                tuple(name for name in self.options.identities if row.scores[name] >= threshold),
            )
            for row in head(self._file, n)
        ]

    def split_digest(self, name: SplitName) -> str:
        options, most = self.options, self._most(name)
        key = options.content(include={"kind", "identities", "threshold"})
        key |= {"split": name, "file": self._file_key, "most": most}
        if name in ("train", "tune") or most is not None:
            key["seed"] = options.seed
        return digest_of(key)

    @cached_property
    def _file_key(self) -> str:
        return digest_of({"kind": "civil_comments", "reading": _READING, "file": file_content(self._file, self.home)})

    @cached_property
    def _file(self) -> Path:
        return find(self.options.root)

    @property
    def _tables(self) -> CacheEntry:
        """One table for each official split; it does not depend on options other than the file."""
        expected = dict.fromkeys(PARTS, TableLayout(("text", *SCORES)))
        return CacheEntry.of(
            self.home, self._file_key, expected, lambda out: read(self._file, out), sources=[self.options.root]
        )

    def _codes(self, table: "pa.Table") -> NDArray[np.int64]:
        """The combination of identities (n,) as a binary number; the first identity is the lowest bit."""
        is_in = [table[name].to_numpy() >= self.options.threshold for name in self.options.identities]
        codes: NDArray[np.int64] = np.stack(is_in, axis=1) @ (1 << np.arange(len(is_in)))
        return codes

    @cached_property
    def _combinations(self) -> NDArray[np.int64]:
        """The codes (p,) that occur in the file, in ascending order."""
        tables = self._tables.open()
        return np.unique(np.concatenate([self._codes(tables.table(part)) for part in PARTS]))

    def _most(self, name: SplitName) -> int | None:
        most: int | None = getattr(self.options, f"max_{name}")
        return most

    def _rows(self, name: SplitName, tables: Columns) -> tuple[str, NDArray[np.int64]]:
        """The official split that a split is taken from, and its row indices there, in ascending order."""
        part = {"tune": "train"}.get(name, name)
        n = len(tables.table(part))
        key = stream_key("civil_comments", self.options.seed, part)
        chosen = np.random.Generator(np.random.Philox(key=key)).permutation(n)
        n_tune = len(tables.table("val"))
        chosen = {"train": chosen[n_tune:], "tune": chosen[:n_tune]}.get(name, chosen)[: self._most(name)]
        if len(chosen) == 0:
            raise DataError(f"{self._file}: too few rows for the split {name!r} ({n} rows are marked {part}).")
        return part, np.sort(chosen)
