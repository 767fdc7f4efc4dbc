"""Labels and groups as people keep them (numbers, words, booleans, pandas), turned into codes.

Notation: n rows, c classes, g groups, p group patterns.
"""

from collections.abc import Hashable, Mapping, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fairprog_core.api.columns import Column, is_frame, read_column
from fairprog_core.common.errors import DataError, shorten, shown
from fairprog_core.common.types import Groups

MOST_LABELS = 200
MOST_GROUPS = 200
_AND = ", "  # separates the parts of a combination's name
_A_FEW = 5  # values that an error lists


class LabelCodes(NamedTuple):
    """Labels as codes.

    Attributes:
        codes: (n,) int64 in 0..c-1.
        values: the c labels as they were given, in the order of the codes.
    """

    codes: NDArray[np.int64]
    values: tuple[Hashable, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The c labels as text."""
        return tuple(str(value) for value in self.values)


class GroupCodes(NamedTuple):
    """Groups as codes.

    Attributes:
        codes: (n,) int64 pattern codes in 0..p-1.
        groups: the g groups over the p patterns.
    """

    codes: NDArray[np.int64]
    groups: Groups


def label_codes(
    y: Any, *, values: Sequence[Hashable] | None = None, what: str = "y", is_prediction: bool = False
) -> LabelCodes:
    """Labels as codes.

    Without ``values`` the classes are those that occur: numbers and words in ascending order, False before True, the
    categories of pandas in their own order.

    Args:
        y: (n,) integers, words or booleans: a list, an array, a tensor or a pandas Series.
        values: the c labels that are allowed, in the order of the codes; not all have to occur.
        what: how errors name ``y``.
        is_prediction: whether a single class is allowed, as a classifier may predict only one.

    Raises:
        DataError: there are no rows, missing values, a single class, too many, or one that is not in ``values``.
    """
    column = as_column(y, what)
    if values is None:
        codes, found = _factorized(column, what)
        if len(found) > MOST_LABELS:
            raise DataError(
                f"{what} holds {len(found)} different values, allowed are {MOST_LABELS}; give labels (classes), not "
                "scores."
            )
    else:
        codes, found = _coded(column, tuple(values), what), tuple(values)
    if not is_prediction and len(occurring := np.unique(codes)) < 2:
        raise DataError(f"{what} holds a single label, {shown(found[occurring[0]])}; give rows of at least two labels.")
    return LabelCodes(codes, found)


def group_codes(z: Any, *, groups: Groups | None = None, what: str = "z") -> GroupCodes:
    """Groups as codes.

    One column of integers, words or booleans: its values are the groups, in the order of `label_codes`. Several
    columns of 0 and 1 (a DataFrame, a mapping of columns, an array (n, g)): every column is a group, which may overlap
    others and leave rows out. Several other columns (a DataFrame, a mapping): the groups are the combinations of their
    values that occur, as "female, young".

    Args:
        z: the sensitive attribute of n rows.
        groups: those of earlier rows, with which these must agree; patterns that are new follow theirs, so that codes
            of the earlier rows are valid for the returned groups as well.
        what: how errors name ``z``.

    Raises:
        DataError: there are no rows, missing values, a single group, too many, or one that is not in ``groups``.
    """
    columns = _columns(z, what)
    if len(columns) == 1:
        (column,) = columns.values()
        codes, values = _factorized(column, what)
        return _of_one_column(codes, _distinct_names(values, what), groups, what)
    if all(_is_binary(column) for column in columns.values()):
        member = np.stack([column.to_numpy(dtype=np.float64) > 0 for column in columns.values()], axis=1)  # (n, g)
        return _of_patterns(member, tuple(columns), groups, what)
    return _of_combinations(columns, groups, what)


def as_column(values: Any, what: str) -> Column:
    """One column of n values without missing ones; whole floats are integers.

    Raises:
        DataError: it has no rows, another shape, missing values, or values that are no labels.
    """
    values = to_numpy(values)
    if not hasattr(values, "__len__") or isinstance(values, str | bytes | Mapping):
        raise DataError(f"{what} is {shown(values)}; give a list, an array or a pandas Series with one value per row.")
    if isinstance(values, np.ndarray) and values.ndim == 2 and values.shape[1] == 1:
        values = values[:, 0]
    if getattr(values, "ndim", 1) != 1:
        raise DataError(f"{what} has the shape {tuple(values.shape)}; give one value per row.")
    try:
        column = read_column(values)
    except (TypeError, ValueError, NotImplementedError) as error:
        raise DataError(f"{what} is no column of values ({shorten(error)}); give one value per row.") from error
    if not len(column):
        raise DataError(f"{what} is empty; give at least one row of every label and group.")
    if (is_missing := column.is_missing()).any():
        n_missing, first = int(is_missing.sum()), int(is_missing.argmax())
        raise DataError(f"{what} has {n_missing} missing values (the first in row {first}); leave these rows out.")
    return _as_integers(column, what) if column.values.dtype.kind == "f" else column


def check_same_length(**columns: Any) -> None:
    """Refuse columns of different lengths.

    Raises:
        DataError: two of them, named by their keywords, differ.
    """
    lengths = {name: len(column) for name, column in columns.items()}
    if len(set(lengths.values())) > 1:
        found = ", ".join(f"{name} has {n}" for name, n in lengths.items())
        raise DataError(f"The numbers of rows differ ({found}); give the same rows in the same order.")


def check_same_order(**given: Any) -> None:
    """Refuse pandas objects with the same index in another order: their rows do not belong together.

    Raises:
        DataError: two of them, named by their keywords, are such.
    """
    indices = [
        (name, value.index) for name, value in given.items() if hasattr(value, "index") and hasattr(value, "iloc")
    ]
    for (first, index), (second, other) in pairwise(indices):
        if not index.equals(other) and index.isin(other).all() and other.isin(index).all():
            raise DataError(
                f"The index of {second} holds the rows of {first} in another order; bring them into the same order, or "
                "give .to_numpy() of both if they are in it already."
            )


def to_numpy(values: Any) -> Any:
    """A tensor as an array on the CPU, masked values as None; anything else as it is. Does not import torch."""
    if hasattr(values, "detach") and hasattr(values, "cpu"):
        on_cpu = values.detach().cpu()
        return (on_cpu.float() if str(on_cpu.dtype) == "torch.bfloat16" else on_cpu).numpy()  # which NumPy lacks
    if np.ma.is_masked(values):
        data = np.ma.getdata(values).astype(object)
        data[np.ma.getmaskarray(values)] = None
        return data
    return values


def _as_integers(column: Column, what: str) -> Column:
    """Whole floats as integers."""
    numbers = column.to_numpy(dtype=np.float64)
    is_whole = np.isfinite(numbers) & (np.floor(numbers) == numbers) & (np.abs(numbers) < 2**53)
    if not is_whole.all():
        raise DataError(f"{what} holds {numbers[~is_whole][0]:g}; give integers, words or booleans.")
    return Column(numbers.astype(np.int64), column.order)


def _factorized(column: Column, what: str) -> tuple[NDArray[np.int64], tuple[Hashable, ...]]:
    """Codes (n,), and the values that occur in their order."""
    try:
        first_codes, values = column.distinct()
    except TypeError as error:
        raise DataError(f"{what} holds no labels ({shorten(error)}); give numbers, words or booleans.") from error
    rank = None if column.order is None else {value: place for place, value in enumerate(column.order)}
    order = sorted(range(len(values)), key=lambda i: rank[values[i]] if rank else _sort_key(_plain(values[i])))
    new = np.empty(len(order), dtype=np.int64)
    new[order] = np.arange(len(order))
    return new[first_codes], tuple(_plain(values[i]) for i in order)


def _coded(column: Column, values: tuple[Hashable, ...], what: str) -> NDArray[np.int64]:
    """Codes (n,) of values that must be known."""
    if len(set(values)) < len(values):
        raise DataError(f"The labels {_listed(values)} repeat a value; give every label once.")
    codes, found = _factorized(column, what)
    place = {value: code for code, value in enumerate(values)}
    if unknown := [value for value in found if value not in place]:
        raise DataError(
            f"{what} holds {shown(unknown[0])}, which is none of the labels {_listed(values)}; name every label with "
            "labels=, or leave such rows out."
        )
    return np.array([place[value] for value in found], dtype=np.int64)[codes]


def _columns(z: Any, what: str) -> dict[str, Column]:
    """The columns of z by name; "" for the only one."""
    z = to_numpy(z)
    if is_frame(z) or isinstance(z, Mapping):
        columns = {str(name): as_column(z[name], f"{what} (column {shown(name)})") for name in z}
        if not columns:
            raise DataError(f"{what} has no columns; give the sensitive attribute of every row.")
        if len(columns) < len(list(z)):
            raise DataError(f"{what} has two columns of one name; rename one of them.")
        check_same_length(**columns)
        return columns if len(columns) > 1 else {"": next(iter(columns.values()))}
    if isinstance(z, list | tuple) and z and isinstance(z[0], list | tuple | np.ndarray):
        z = _as_matrix(z, what)
    if getattr(z, "ndim", 1) == 2 and z.shape[1] > 1:
        columns = {f"group {k}": as_column(z[:, k], f"{what} (column {k})") for k in range(z.shape[1])}
        if not all(_is_binary(column) for column in columns.values()):
            raise DataError(
                f"{what} has the shape {tuple(z.shape)} and holds more than 0 and 1; name the columns: give a "
                "pandas DataFrame."
            )
        return columns
    return {"": as_column(z, what)}


def _as_matrix(rows: Sequence[Any], what: str) -> NDArray[Any]:
    try:
        return np.array(rows)
    except ValueError as error:
        raise DataError(f"{what} has rows of different lengths; give one value per row and column.") from error


def _is_binary(column: Column) -> bool:
    """Whether a column holds nothing but 0 and 1, or False and True."""
    return all(
        isinstance(value, bool | int | np.bool_ | np.integer) and value in (0, 1) for value in column.distinct()[1]
    )


def _of_one_column(codes: NDArray[np.int64], names: tuple[str, ...], known: Groups | None, what: str) -> GroupCodes:
    """Disjoint groups: one value per row."""
    if known is None:
        if len(names) < 2:
            raise DataError(f"{what} holds a single group, {shown(names[0])}; give rows of at least two groups.")
        if len(names) > MOST_GROUPS:
            raise DataError(
                f"{what} holds {len(names)} different values, allowed are {MOST_GROUPS} groups; put values together, "
                "e.g. ages to ranges."
            )
        return GroupCodes(codes, Groups.exclusive(*names))
    if unknown := [name for name in names if name not in known.names]:
        raise DataError(f"{what} holds {shown(unknown[0])}, which is none of the groups {_listed(known.names)}.")
    place = np.array([known.names.index(name) for name in names], dtype=np.int64)[codes]
    if known.is_exclusive and len(known.patterns) == len(known.names):
        return GroupCodes(place, known)
    return _of_patterns(np.eye(len(known.names), dtype=bool)[place], known.names, known, what)


def _of_patterns(member: NDArray[np.bool_], names: tuple[str, ...], known: Groups | None, what: str) -> GroupCodes:
    """Groups that may overlap, from the membership (n, g) of every row."""
    if known is None:
        if empty := [name for k, name in enumerate(names) if not member[:, k].any()]:
            raise DataError(f"{what}: the group {shown(empty[0])} has no rows; leave its column out.")
        rows, codes = np.unique(~member, axis=0, return_inverse=True)  # disjoint groups come in the order of names
        return GroupCodes(codes.reshape(-1).astype(np.int64), Groups(names, ~rows))
    if set(names) != set(known.names):
        raise DataError(f"{what} has the columns {_listed(names)}; give those of the groups {_listed(known.names)}.")
    rows, codes = np.unique(member[:, [names.index(name) for name in known.names]], axis=0, return_inverse=True)
    place = {tuple(pattern): code for code, pattern in enumerate(known.patterns.tolist())}
    for pattern in rows.tolist():
        place.setdefault(tuple(pattern), len(place))
    patterns = np.array(list(place), dtype=bool)
    code_of = np.array([place[tuple(pattern)] for pattern in rows.tolist()], dtype=np.int64)
    return GroupCodes(code_of[codes.reshape(-1)], Groups(known.names, patterns))


def _of_combinations(columns: dict[str, Column], known: Groups | None, what: str) -> GroupCodes:
    """Disjoint groups: the combinations of the values of several columns that occur."""
    combined = np.zeros(len(next(iter(columns.values()))), dtype=np.int64)
    parts: list[tuple[str, ...]] = []
    for name, column in columns.items():
        codes, values = _factorized(column, what)
        of_column = _distinct_names(values, what)
        parts.append(tuple(f"{name} {value}" for value in of_column) if _is_binary(column) else of_column)
        combined = combined * len(values) + codes
    found, codes = np.unique(combined, return_inverse=True)
    places = np.unravel_index(found, [len(part) for part in parts])
    names = tuple(_AND.join(part[i] for part, i in zip(parts, place)) for place in zip(*places))
    return _of_one_column(codes.reshape(-1).astype(np.int64), names, known, what)


def _distinct_names(values: tuple[Hashable, ...], what: str) -> tuple[str, ...]:
    names = tuple(str(value) for value in values)
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise DataError(f"{what} holds two values that are both written {shown(twice)}; make them one, or rename one.")
    return names


def _sort_key(value: Hashable) -> tuple[str, Any]:
    """Numbers among numbers, words among words; other values by their text."""
    if isinstance(value, bool | int | float):
        return "", value
    return type(value).__name__, value if isinstance(value, str) else str(value)


def _plain(value: Any) -> Hashable:
    """A numpy scalar as Python's."""
    plain: Hashable = value.item() if isinstance(value, np.generic) else value
    return plain


def _listed(values: Sequence[Hashable]) -> str:
    few = ", ".join(shown(value) for value in values[:_A_FEW])
    return few if len(values) <= _A_FEW else f"{few}, …"
