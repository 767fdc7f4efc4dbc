"""One column of values as people keep it. pandas is used where a value is of pandas, and is not imported otherwise.

Notation: n rows.
"""

import sys
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray


@dataclass(frozen=True, eq=False)
class Column:
    """n values.

    Attributes:
        values: (n,) integers, floats, booleans, words or objects.
        order: the categories of a categorical column of pandas, in their order; None for other columns.
    """

    values: NDArray[Any]
    order: tuple[Hashable, ...] | None = None

    def __len__(self) -> int:
        return len(self.values)

    def to_numpy(self, dtype: DTypeLike) -> NDArray[Any]:
        """The values as another type."""
        return self.values.astype(dtype)

    def is_missing(self) -> NDArray[np.bool_]:
        """(n,) whether a value is missing: None, NaN, or what pandas takes for it."""
        if self.values.dtype.kind == "f":
            return np.asarray(np.isnan(self.values))
        if self.values.dtype.kind != "O":
            return np.zeros(len(self.values), dtype=bool)
        return np.fromiter(map(_is_missing, self.values), dtype=bool, count=len(self.values))

    def distinct(self) -> tuple[NDArray[np.int64], list[Any]]:
        """Codes (n,), and the values that occur, in any order.

        Raises:
            TypeError: a value cannot be compared.
        """
        if self.values.dtype.kind != "O":
            found, codes = np.unique(self.values, return_inverse=True)
            return codes.reshape(-1).astype(np.int64), list(found)
        place: dict[Any, int] = {}
        in_turn = (place.setdefault(value, len(place)) for value in self.values)
        return np.fromiter(in_turn, dtype=np.int64, count=len(self.values)), list(place)


def read_column(values: Any) -> Column:
    """A list, an array, or a Series, an index or an array of pandas.

    Raises:
        TypeError, ValueError: it is nothing of that kind.
    """
    if is_of_pandas(values):
        import pandas as pd

        series = pd.Series(values)
        if isinstance(series.dtype, pd.CategoricalDtype):
            return Column(series.astype(object).to_numpy(), tuple(series.cat.categories))
        is_float = pd.api.types.is_float_dtype(series.dtype)
        return Column(_narrowed(series.to_numpy(dtype=np.float64 if is_float else object, na_value=np.nan)))
    if isinstance(values, np.ndarray):
        in_days = values.astype("datetime64[us]") if values.dtype.kind == "M" else values
        return Column(_narrowed(in_days.astype(object) if values.dtype.kind in "mM" else values))
    if isinstance(values, set | frozenset):
        raise TypeError("a set has no order")
    if hasattr(values, "__array__"):
        return Column(_narrowed(np.asarray(values)))
    return Column(_narrowed(np.fromiter(values, dtype=object, count=len(values))))


def is_of_pandas(values: Any) -> bool:
    """Whether values are a column of pandas."""
    return _is_a(values, ("Series", "Index", "api.extensions.ExtensionArray"))


def is_frame(values: Any) -> bool:
    """Whether values are a table of pandas."""
    return _is_a(values, ("DataFrame",))


def _is_a(values: Any, names: Sequence[str]) -> bool:
    pandas: Any = sys.modules.get("pandas")  # whoever has a value of pandas has imported it
    return pandas is not None and isinstance(values, tuple(_attribute(pandas, name) for name in names))


def _attribute(found: Any, name: str) -> Any:
    for part in name.split("."):
        found = getattr(found, part)
    return found


def _narrowed(values: NDArray[Any]) -> NDArray[Any]:
    """Objects that are all booleans, all integers or all numbers as an array of that type."""
    if values.dtype.kind != "O":
        return values
    kinds = set(map(type, values))
    if kinds <= {bool, np.bool_}:
        return values.astype(bool)
    if all(issubclass(kind, int | np.integer | float | np.floating) and kind is not bool for kind in kinds):
        has_floats = any(issubclass(kind, float | np.floating) for kind in kinds)
        try:
            return values.astype(np.float64 if has_floats else np.int64)
        except OverflowError:  # an integer of more than 64 bits
            return values
    return values


def _is_missing(value: Any) -> bool:
    try:
        return value is None or bool(value != value)  # NaN, NaT
    except TypeError:
        return True  # NA of pandas compares to NA, which is neither true nor false
    except (ValueError, RuntimeError):
        return False  # an array or a tensor, which is no label either
