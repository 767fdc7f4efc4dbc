"""Rows as people keep them, (x, y, z), checked and turned into a `Split` with its groups.

Notation: n rows, c classes, g groups, p group patterns.
"""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fairprog_core.api.codes import check_same_length, check_same_order, group_codes, label_codes
from fairprog_core.common.errors import DataError, shown
from fairprog_core.common.types import Groups
from fairprog_core.data.base import Split, cell_counts, found_cell_share


@dataclass(frozen=True)
class LabelOrder:
    """The labels in the order of the model's logits.

    Attributes:
        values: the c labels as they occur in y.
        names: as text.
    """

    values: tuple[Hashable, ...]
    names: tuple[str, ...]


class GivenRows(NamedTuple):
    """Rows before they are coded.

    Attributes:
        x: ``Split.x``.
        y: labels as the user has them.
        z: the sensitive attribute as the user has it.
        what: how errors name them: "tune", "validation".
    """

    x: NDArray[Any]
    y: Any
    z: Any
    what: str


def unpacked(rows: Any, what: str) -> tuple[Any, Any, Any]:
    """The three parts of (x, y, z).

    Raises:
        DataError: it is something else.
    """
    if not isinstance(rows, tuple | list) or len(rows) != 3:
        found = f"{len(rows)} values" if isinstance(rows, tuple | list) else type(rows).__name__
        raise DataError(f"{what} is {found}; give three: {what}=(x, y, z), inputs, labels and groups of the same rows.")
    return rows[0], rows[1], rows[2]


def check_same_size(first: GivenRows, *others: GivenRows) -> None:
    """Refuse inputs of another size than those of the first rows.

    Raises:
        DataError: they differ in more than their number.
    """
    for other in others:
        if other.x.shape[1:] != first.x.shape[1:]:
            raise DataError(
                f"x of {other.what} has the size {_size(other)}, x of {first.what} {_size(first)}; scale them alike."
            )


def uncoded(x: NDArray[Any]) -> Split:
    """Rows of which only the inputs are known, to be predicted."""
    nothing = np.zeros(len(x), dtype=np.int64)
    return Split(x, nothing, nothing, np.ones((1, 1)), False)


def order_labels(y: Any, *, n_classes: int, labels: Sequence[Hashable] | None, config: Any) -> LabelOrder:
    """The labels in the order of the model's logits.

    Integers and booleans number the logits. Words are in the order of ``labels``, else of the ``id2label`` of the
    model's configuration, else sorted; the categories of pandas are in their own order.

    Args:
        y: labels of the tuning rows as the user has them.
        n_classes: c.
        labels: the order, if the user gives it.
        config: of the model, e.g. of Hugging Face; None without one.

    Raises:
        DataError: the labels do not fit the model's logits.
    """
    named = getattr(config, "id2label", None)
    known = tuple(named[i] for i in sorted(named)) if isinstance(named, dict) else ()
    if labels is not None:
        if len(labels) != n_classes:
            raise DataError(f"labels has {len(labels)} values, the model {n_classes} logits; give one label per logit.")
        return LabelOrder(tuple(labels), tuple(map(str, labels)))
    found = label_codes(y, what="y of tune").values
    if all(isinstance(value, bool | int) for value in found):
        if unknown := [value for value in found if not 0 <= int(value) < n_classes]:  # type: ignore[call-overload]
            raise DataError(
                f"y of tune holds {shown(unknown[-1])}, allowed are 0 … {n_classes - 1} for the model's {n_classes} "
                "logits; number the labels by the logits, or give labels= in their order."
            )
        is_named = len(known) == n_classes and not all(name.startswith("LABEL_") for name in known)
        return LabelOrder(tuple(range(n_classes)), known if is_named else tuple(map(str, range(n_classes))))
    if len(known) == n_classes and set(found) <= set(known):
        return LabelOrder(known, known)
    if len(found) != n_classes:
        raise DataError(
            f"y of tune holds {len(found)} different labels, the model has {n_classes} logits; give labels= with one "
            "label per logit, in their order."
        )
    return LabelOrder(found, tuple(map(str, found)))


def coded(rows: GivenRows, labels: LabelOrder, groups: Groups | None) -> tuple[Split, Groups]:
    """Rows as a split in their own mix, and the groups; patterns that are new follow those of ``groups``.

    Args:
        rows: of one split.
        labels: in the order of the logits.
        groups: those of earlier rows; None: there are none.

    Raises:
        DataError: lengths differ, values are missing or unknown, or there is a single label or group.
    """
    check_same_order(**{f"y of {rows.what}": rows.y, f"z of {rows.what}": rows.z})
    y = label_codes(rows.y, values=labels.values, what=f"y of {rows.what}").codes
    z, found = group_codes(rows.z, groups=groups, what=f"z of {rows.what}")
    occurs = found.patterns[z].any(axis=0)
    if occurs.sum() < 2:
        raise DataError(
            f"z of {rows.what} holds a single group, {shown(found.names[int(occurs.argmax())])}; give rows of at least "
            "two groups."
        )
    check_same_length(**{f"x of {rows.what}": rows.x, f"y of {rows.what}": y, f"z of {rows.what}": z})
    return Split(rows.x, y, z, found_cell_share(y, z, len(found.patterns), len(labels.values)), False), found


def fitted_to(split: Split, groups: Groups) -> Split:
    """A split whose groups have got more patterns since it was coded."""
    share = found_cell_share(split.y, split.z, len(groups.patterns), split.cell_share.shape[1])
    return Split(split.x, split.y, split.z, share, split.is_stratified)


def check_cells(split: Split, groups: Groups, labels: LabelOrder, *, what: str) -> None:
    """Refuse rows with an empty (group, label) cell: no gap of equalized odds can be measured without it.

    Of more than two labels one that is rare may be missing in a group, as long as one is in all of them.

    Raises:
        DataError: such a cell has no rows.
    """
    n_of_pattern = cell_counts(split.y, split.z, *split.cell_share.shape)  # (p, c)
    is_empty = np.einsum("pc,pg->gc", n_of_pattern, groups.patterns.astype(np.int64)) == 0
    if is_empty.any() and (len(labels.names) == 2 or is_empty.any(axis=0).all()):
        group, label = np.argwhere(is_empty)[0]
        raise DataError(
            f"{what} has no row of the group {shown(groups.names[group])} with the label {shown(labels.names[label])}; "
            "give rows of every group and label, or leave this group out."
        )


def _size(rows: GivenRows) -> str:
    """The size of one input: "32 × 32 × 3"."""
    return " × ".join(map(str, rows.x.shape[1:]))
