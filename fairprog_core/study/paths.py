"""Makes the paths in the values of a study absolute, before they are parsed. Torch-free.

Which fields hold a path, their types say: see `fairprog_core.common.options.PathRule`.
"""

import contextlib
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any, get_args, get_origin

from pydantic import BaseModel, JsonValue

from fairprog_core.common.options import PathRule
from fairprog_core.common.validation import is_union, kind_of, without_none
from fairprog_core.study.study import Study
from fairprog_core.study.values import Values


def make_absolute(values: Values, folder: Path | None) -> None:
    """Replace every relative path in place; a text that is no valid path is left for `Study.parse` to refuse.

    Args:
        values: of a study, after ``expand``.
        folder: that the paths begin in; None: the working directory.
    """
    _in_fields(Study, values, folder)


def _in_fields(cls: type[BaseModel], values: Values, folder: Path | None) -> None:
    for name, field in cls.model_fields.items():
        if name in values:
            values[name] = _absolute(field.annotation, field.metadata, values[name], folder)


def _absolute(kind: Any, metadata: Iterable[Any], value: JsonValue, folder: Path | None) -> JsonValue:
    """The value of one field, or an item of it, with absolute paths."""
    if get_origin(kind) is Annotated:
        kind, *inner = get_args(kind)
        return _absolute(kind, [*metadata, *inner], value, folder)
    if isinstance(value, str):
        for rule in (each for each in metadata if isinstance(each, PathRule)):
            with contextlib.suppress(ValueError):
                return rule.absolute(value, folder)
    elif isinstance(value, list) and get_args(kind) and not _holds_numbers(kind):
        value[:] = [_absolute(get_args(kind)[0], (), each, folder) for each in value]
    elif isinstance(value, dict):
        for cls in classes_of(kind, value.get("kind")):
            _in_fields(cls, value, folder)
    return value


def _holds_numbers(kind: Any) -> bool:
    """Whether a list is one of numbers, of which there may be many."""
    items = get_args(without_none(kind)[0])
    return items[:1] in ((int,), (float,))


def classes_of(kind: Any, name: JsonValue) -> list[type[BaseModel]]:
    """The options class that a table of values is of: the only one, or that with the ``kind`` of this name."""
    if get_origin(kind) is Annotated:
        return classes_of(get_args(kind)[0], name)
    if is_union(kind):
        found = [cls for each in get_args(kind) for cls in classes_of(each, name)]
        return found if len(found) == 1 else [cls for cls in found if kind_of(cls) == name]
    return [kind] if isinstance(kind, type) and issubclass(kind, BaseModel) else []
