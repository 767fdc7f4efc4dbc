"""Turn pydantic's errors into one sentence: the key as the user wrote it, what was found, what is allowed."""

import difflib
import types
from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from fairprog_core.common.errors import shorten, shown

_SKIPPED_DEFAULT = "default_factory_not_called"  # follows from another error: pydantic then skips a default
_SIMPLE = (str, int, float, bool, list, tuple, type(None))


def sentence(error: ValidationError, cls: type[BaseModel], *, where: str) -> str:
    """A sentence about the first error, and the number of other errors.

    Args:
        error: raised by pydantic.
        cls: the options class.
        where: the file, preset or form that the values came from.
    """
    errors = [each for each in error.errors(include_url=False) if each["type"] != _SKIPPED_DEFAULT]
    # A wrong item also makes its list too short: of nested locations only the innermost is reported.
    outer = {each["loc"][:n] for each in errors for n in range(len(each["loc"]))}
    found = [each for each in errors if each["loc"] not in outer]
    n_more = len(found) - 1
    more = "" if n_more < 1 else " One more value is wrong." if n_more == 1 else f" {n_more} more values are wrong."
    return f"{shorten(where, 120)}: {_why(found[0], cls)}.{more}"


def _why(error: ErrorDetails, cls: type[BaseModel]) -> str:
    keys, known = _place(error["loc"], cls)
    place = f"{shorten('.'.join(shorten(key, 60) for key in keys), 120)}: " if keys else ""
    context = error.get("ctx", {})
    match error["type"]:
        case "extra_forbidden":
            return f"{place}there is no such key; {_near(keys[-1], known)}"
        case "value_error":
            return f"{place}{shorten(context['error'], 250)}{_found(error)}"
        case "union_tag_invalid":
            return f"{place}there is no {shown(context['tag'])}; choose {context['expected_tags']}"
        case "too_short":
            return f"{place}choose at least {context['min_length']}"
        case _:
            return f"{place}{shorten(error['msg'].removeprefix('Input '), 250)}{_found(error)}"


def _found(error: ErrorDetails) -> str:
    is_shown = error["type"] != "missing" and isinstance(error["input"], _SIMPLE)
    return f" (found {shown(error['input'])})" if is_shown else ""


def _near(key: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(key[:80], list(known), n=2)
    return f"did you mean {' or '.join(near)}" if near else f"there are {', '.join(known)}"


def _place(location: Iterable[int | str], cls: type[BaseModel]) -> tuple[list[str], Iterable[str]]:
    """The keys that lead to a value, as a user writes them, and the keys that are allowed at the last level.

    For a union pydantic inserts the chosen kind into the location; users do not write it, so it is left out.
    """
    keys: list[str] = []
    known: Iterable[str] = ()
    kind: Any = cls
    for part in location:
        if is_union(kind):
            kind = next((each for each in get_args(kind) if isinstance(each, type) and kind_of(each) == part), None)
            continue
        keys.append(str(part))
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            known = kind.model_fields
            field = kind.model_fields.get(str(part))
            kind = without_none(field.annotation)[0] if field else None
        elif get_origin(kind) is not None and get_args(kind):
            is_by_name = issubclass(get_origin(kind), Mapping)
            kind = without_none(get_args(kind)[1 if is_by_name else 0])[0]
    return keys, known


def without_none(annotation: Any) -> tuple[Any, bool]:
    """The annotation without ``Annotated`` and ``None``, and whether ``None`` was allowed."""
    if get_origin(annotation) is Annotated:
        return without_none(get_args(annotation)[0])
    if is_union(annotation) and type(None) in get_args(annotation):
        rest = [arg for arg in get_args(annotation) if arg is not type(None)]
        return (rest[0] if len(rest) == 1 else Union[tuple(rest)]), True  # noqa: UP007
    return annotation, False


def is_union(annotation: Any) -> bool:
    """Whether an annotation allows several types."""
    return get_origin(annotation) in (Union, types.UnionType)


def kind_of(cls: type) -> str:
    """The registry key of an options class, or the name of the class if it has no key."""
    field = getattr(cls, "model_fields", {}).get("kind")
    return str(field.default) if field else cls.__name__
