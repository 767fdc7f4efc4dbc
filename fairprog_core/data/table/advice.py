"""What a table makes impossible or uncertain, in sentences, before anything is trained."""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from fairprog_core.data.table.dataset import OwnTable
from fairprog_core.data.table.report import FEW, CellReport
from fairprog_core.data.table.splits import PARTS, Assignment

_JUDGED = ("val", "test")  # splits over which rates are estimated
_MOST = 8  # sentences about cells; the chart shows all


def advise(cells: Sequence[CellReport], assignment: Assignment, dataset: OwnTable) -> Iterator[str]:
    """The sentences, the gravest first."""
    small = [cell for cell in cells if cell.group and (cell.is_small if cell.split in _JUDGED else cell.n == 0)]
    graves = [_about(cell) for cell in sorted(small, key=lambda cell: (cell.n, cell.n_group))]
    yield from graves[:_MOST]
    if len(graves) > _MOST:
        yield f"{len(graves) - _MOST} more pairs of group and label have fewer than {FEW} rows in a split."
    if small:
        yield "What helps: more rows, a group that is merged with another one, another label, or demographic parity."
    if assignment.n_repeated:
        n = f"{assignment.n_repeated:,} rows have an input that another row has too"
        yield f"{n}; they stay in one split, so that no classifier is tested on what it was trained on."
    yield from _about_marks(assignment, dataset)
    if not dataset.has_split("train"):
        yield "There is no train split; choose a classifier that is trained already."


def _about_marks(assignment: Assignment, dataset: OwnTable) -> Iterator[str]:
    """How many rows of each split are in a group, where not all are."""
    is_in: NDArray[np.bool_] = np.asarray(dataset.groups.patterns.any(axis=1))[np.asarray(dataset.rows["z"])]
    if is_in.all():
        return
    parts = [(name, is_in[assignment.part == i]) for i, name in enumerate(PARTS)]
    marked = ", ".join(f"{name} {marks.sum():,} of {len(marks):,}" for name, marks in parts if len(marks))
    if dataset.groups.unknown is None:
        n = f"{(~is_in).sum():,} rows are in no group"
        yield f"{n}; they count for accuracy, and for no group's rate. Rows in a group: {marked}."
    else:
        yield (
            f"Groups are known for a part of the rows only ({marked}): these are used for fairness, the others only "
            "for accuracy. Where the groups were guessed by a proxy, the gaps are gaps between guesses."
        )


def _about(cell: CellReport) -> str:
    where = f"{cell.group or 'no group'}, {cell.label}: {cell.n} of {cell.n_group:,} rows in {cell.split}"
    if cell.n_group == 0:
        return f"{where}: this group can be judged by no criterion."
    if cell.n == 0:
        return f"{where}: equalized odds cannot be estimated; demographic parity can."
    if cell.n_group < FEW:
        return f"{where}: rates of this group are too uncertain for any criterion."
    return f"{where}: equalized odds is too uncertain; demographic parity is not."
