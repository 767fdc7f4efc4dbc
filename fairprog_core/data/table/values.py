"""What cells mean: truth values, numbers, splits, and the values of a label or of a group.

Notation: n rows, v different values, c classes.
"""

import hashlib
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from fairprog_core.common.errors import DataError, shorten

MOST_CLASSES = 100
_TRUTH = {
    "0": False, "1": True, "-1": False, "false": False, "true": True, "no": False, "yes": True, "n": False, "y": True,
    "f": False, "t": True,
}  # fmt: skip
_CODES = ({"0", "1"}, {"-1", "1"}, {"false", "true"})  # truth values that say nothing of their own
_EMPTY = {"", "nan", "na", "n/a", "null", "nat", "<na>"}
_WHOLE = re.compile(r"-?\d+\.0+")


class Classes(NamedTuple):
    """The values of a column as classes.

    Attributes:
        names: of the c classes, in order.
        code: by value its class; a value without one is not allowed.
    """

    names: tuple[str, ...]
    code: Mapping[str, int]


def cleaned(cell: str | None) -> str:
    """The value in a cell, without spaces around it; empty where there is none. A whole number loses its ".0"."""
    text = (cell or "").strip()
    if text.lower() in _EMPTY:
        return ""
    return text.partition(".")[0] if _WHOLE.fullmatch(text) else text


def number(text: str) -> float:
    """The number in a cell; NaN where there is none."""
    try:
        return float(text)
    except ValueError:
        return math.nan


def truth(text: str) -> bool | None:
    """The truth value in a cell; None where there is none."""
    return _TRUTH.get(text.lower())


def ordered(values: Iterable[str]) -> list[str]:
    """Values in their natural order: numbers by size, else the alphabet."""
    values = list(values)
    return sorted(values, key=number if all(map(_is_number, values)) else lambda text: (text.casefold(), text))


def classes(values: Sequence[str], *, column: str, what: str, names: Sequence[str] = (), positive: str = "") -> Classes:
    """The classes of a column.

    Args:
        values: the v different values that occur, without the empty one.
        column: its name.
        what: "label" or "group", for errors.
        names: the values in the wanted order, or two names for no and yes; empty: as found.
        positive: the value or name that comes last; empty: as it is.

    Raises:
        DataError: the values do not fit.
    """
    found = ordered(values)
    is_truth = {value.lower() for value in found} in _CODES
    if names:
        code = _named(
            found, column, list(names), is_truth=is_truth, option="labels" if what == "label" else "group_names"
        )
        chosen = list(names)
    elif is_truth:
        code, chosen = {value: int(truth(value) or False) for value in found}, [f"not {column}", column]
    else:
        code, chosen = {value: i for i, value in enumerate(found)}, found
    if len(chosen) < 2:
        raise DataError(
            f"The {what} column {shorten(column, 60)} has only the value {shorten(found[0], 40)}; two are needed."
            if found else f"The {what} column {shorten(column, 60)} is empty."
        )  # fmt: skip
    if not names and any("." in value for value in found) and all(map(_is_number, found)):
        example = ", ".join(shorten(value, 20) for value in found[:3])
        advice = "set threshold" if what == "label" else "give its columns as groups, with group_threshold"
        raise DataError(f"The {what} column {shorten(column, 60)} holds scores ({example} …); {advice}.")
    if len(chosen) > MOST_CLASSES:
        advice = "choose another column, or set threshold if it is a score"
        raise DataError(
            f"The {what} column {shorten(column, 60)} has {len(chosen):,} different values; at most {MOST_CLASSES} are "
            f"allowed: {advice}."
        )
    return _with_last(Classes(tuple(chosen), code), positive, column) if positive else Classes(tuple(chosen), code)


def _named(found: list[str], column: str, names: list[str], *, is_truth: bool, option: str) -> dict[str, int]:
    """The codes of values whose order is given; of truth values and numbers, their names in order."""
    if set(found) & set(names):
        return {value: i for i, value in enumerate(names)}
    if is_truth and len(names) == 2:
        return {value: int(truth(value) or False) for value in found}
    if len(found) == len(names) and all(map(_is_number, found)):
        return {value: i for i, value in enumerate(found)}
    shown = ", ".join(shorten(value, 20) for value in found[:4])
    raise DataError(
        f"{option} ({shorten(', '.join(names), 60)}) are no values of the column {shorten(column, 60)}, which has "
        f"{shown}{' …' if len(found) > 4 else ''}; name its values."
    )


def _with_last(known: Classes, positive: str, column: str) -> Classes:
    """The classes with that of ``positive`` at the end."""
    last = known.names.index(positive) if positive in known.names else known.code.get(positive)
    if last is None:
        raise DataError(
            f"positive ({shorten(positive, 40)}) is no value of the column {shorten(column, 60)}, which has "
            f"{shorten(', '.join(known.names), 100)}."
        )
    order = [i for i in range(len(known.names)) if i != last] + [last]
    place = {old: new for new, old in enumerate(order)}
    return Classes(tuple(known.names[i] for i in order), {value: place[old] for value, old in known.code.items()})


def _is_number(text: str) -> bool:
    return math.isfinite(number(text))


def content_hash(content: str | bytes) -> int:
    """64 bits, equal for equal inputs; two of ten million share one by chance about once in 400,000 tables."""
    given = content.encode("utf-8", "surrogatepass") if isinstance(content, str) else content
    return int.from_bytes(hashlib.blake2b(given, digest_size=8).digest(), "big")
