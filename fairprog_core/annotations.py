"""What the annotations of options say: the type that a field holds, the key of an options class."""

import types
from typing import Annotated, Any, Union, get_args, get_origin


def without_none(annotation: Any) -> tuple[Any, bool]:
    """The annotation without ``Annotated`` and ``None``; whether ``None`` was allowed."""
    if get_origin(annotation) is Annotated:
        return without_none(get_args(annotation)[0])
    if is_union(annotation) and type(None) in get_args(annotation):
        rest = [arg for arg in get_args(annotation) if arg is not type(None)]
        return (rest[0] if len(rest) == 1 else Union[tuple(rest)]), True  # noqa: UP007
    return annotation, False


def is_union(annotation: Any) -> bool:
    """Whether it allows several types."""
    return get_origin(annotation) in (Union, types.UnionType)


def kind_of(cls: type) -> str:
    """The registry key of an options class; its name where it has none."""
    field = getattr(cls, "model_fields", {}).get("kind")
    return str(field.default) if field else cls.__name__
