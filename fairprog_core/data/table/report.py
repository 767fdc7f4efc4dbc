"""What is known of a table before anything is trained: its columns, its rows by group and label, and advice.

The page Data and ``fairprog data check`` show it. Torch-free; nothing here reads a file.
"""

from dataclasses import dataclass, field
from typing import Literal

from fairprog_core.data.base import SplitName

FEW = 30  # with fewer rows of a group and label, a rate is too uncertain

ColumnType = Literal["text", "category", "truth", "number", "picture", "empty"]


@dataclass(frozen=True)
class ColumnReport:
    """A column, judged by the first rows of the table.

    Attributes:
        name: of the column.
        type: of its values: long texts, few different ones, yes and no, numbers, file names of pictures, or none.
        values: a few of them, the most frequent first.
        n_values: how many different ones the first rows have.
        share_missing: share of the first rows without a value.
    """

    name: str
    type: ColumnType
    values: tuple[str, ...]
    n_values: int
    share_missing: float


@dataclass(frozen=True)
class CellReport:
    """The rows of one split, group and label.

    Attributes:
        split: of the rows.
        group: name of the group; empty: the rows that are in none.
        label: name of the label.
        n: number of rows.
        n_group: number of rows of the split and group with any label.
        share: P(label, group) in the split, by the weights of the rows.
    """

    split: SplitName
    group: str
    label: str
    n: int
    n_group: int
    share: float

    @property
    def is_small(self) -> bool:
        """Whether a rate over these rows is too uncertain."""
        return self.n < FEW


@dataclass(frozen=True)
class BrokenReport:
    """A row that is left out.

    Attributes:
        row: its number in the file, the header being row 1; 0: unknown.
        reason: what is wrong with it.
    """

    row: int
    reason: str


@dataclass(frozen=True)
class Guess:
    """Which columns are probably what, and names for codes; what is not guessed is empty.

    The names are those of the options, so that ``TableOptions.parse(guess.values())`` takes them.
    """

    text: str = ""
    image: str = ""
    label: str = ""
    threshold: float | None = None
    group: str = ""
    groups: tuple[str, ...] = ()
    split: str = ""
    weight: str = ""
    labels: tuple[str, ...] = ()
    group_names: tuple[str, ...] = ()

    def values(self) -> dict[str, object]:
        """The options that are guessed, without those that are not."""
        return {name: value for name, value in vars(self).items() if value or value == 0}


@dataclass(frozen=True)
class TableReport:
    """What is known of a table. Without a complete choice of columns only the first part is there.

    Attributes:
        name: of the file.
        columns: all columns of the table, at most `MOST_COLUMNS`.
        n_columns: number of all columns.
        preview: the first rows, a cell for each of ``columns``.
        guess: which columns are probably what.
        known: a sentence about the known data set or layout that this is; empty: it is none.
        problem: why the table cannot be used as the options say; empty: it can.
        n_rows: number of rows, broken ones too; 0 where they were not counted.
        labels: names of the labels, in order.
        groups: names of the groups.
        sizes: number of rows by split.
        cells: rows by split, group and label; a row in two groups is counted in both.
        n_repeated: number of rows whose input another row has too.
        n_broken: number of rows that are left out because they cannot be used.
        broken: the first of them.
        notes: sentences about what was done, e.g. splits that were made.
        advice: sentences about what these data make impossible or uncertain, and what helps.
    """

    name: str
    columns: tuple[ColumnReport, ...]
    n_columns: int
    preview: tuple[tuple[str, ...], ...]
    guess: Guess
    known: str = ""
    problem: str = ""
    n_rows: int = 0
    labels: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    sizes: dict[SplitName, int] = field(default_factory=dict)
    cells: tuple[CellReport, ...] = ()
    n_repeated: int = 0
    n_broken: int = 0
    broken: tuple[BrokenReport, ...] = ()
    notes: tuple[str, ...] = ()
    advice: tuple[str, ...] = ()


MOST_COLUMNS = 200  # that are judged
