"""Checks that a table has the columns that the options name."""

import difflib

from fairprog_core.common.errors import ConfigError, DataError, shorten
from fairprog_core.data.options.table import TableOptions
from fairprog_core.data.table.source.find import FoundTable


def check_columns(options: TableOptions, table: FoundTable) -> None:
    """Refuse a table without a column that is named, or with two of that name.

    Raises:
        ConfigError: the options do not name what is needed.
        DataError: a column is missing, or there are two.
    """
    have = table.source.columns
    if (missing := options.missing_field()) is not None:
        what = {"text": "text or image", "group": "group or groups"}.get(missing, missing)
        more = " Numbers alone, without a text or a picture, cannot be learned from." if missing == "text" else ""
        raise ConfigError(
            f"{table.name}: {what} is not given; name one of the columns {shorten(', '.join(have), 100)}.{more}"
        )
    named = {
        name: getattr(options, name) for name in ("text", "image", "label", "group", "split", "weight")
    } | {"groups": options.groups}  # fmt: skip
    for key, value in named.items():
        for column in (value,) if isinstance(value, str) else value:
            if column and have.count(column) != 1:
                raise DataError(f"{table.name}: {key}: {column_problem(column, have)}")


def column_problem(column: str, have: tuple[str, ...]) -> str:
    """Why a table has not exactly one column of a name, and what helps."""
    if column in have:
        return f"{have.count(column)} columns are named {shorten(column, 40)}; rename all but one."
    known = {name.strip().lower(): name for name in have}
    near = [known[name] for name in difflib.get_close_matches(column.strip().lower(), list(known)[:5000], n=3)]
    hint = f"did you mean {' or '.join(near)}?" if near else f"it has {shorten(', '.join(have), 120)}."
    return f"there is no column {shorten(column, 40)}; {hint}"
