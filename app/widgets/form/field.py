"""One field of an options class, in the form that widgets need: its type, and its options classes."""

from dataclasses import dataclass
from typing import Any, Literal, get_args, get_origin

from pydantic.fields import FieldInfo

from app.wording.shared import common
from fairprog_core.common.options import ADVANCED, Options, is_marked
from fairprog_core.common.validation import is_union, without_none


@dataclass(frozen=True)
class Field:
    """One field, ready to be drawn.

    Attributes:
        name: of the field.
        info: of pydantic: title, description, default, bounds.
        kind: the annotation without ``None`` and ``Annotated``.
        is_optional: whether ``None`` is allowed.
        members: the options classes that the field may hold; empty for a plain value.
        is_many: whether the field is a tuple.
        is_choice: whether the annotation has several options classes; the form may offer fewer.
    """

    name: str
    info: FieldInfo
    kind: Any
    is_optional: bool
    members: tuple[type[Options], ...]
    is_many: bool
    is_choice: bool

    @property
    def label(self) -> str:
        return self.info.title or common.kind(self.name)

    @property
    def is_advanced(self) -> bool:
        return is_marked(self.info, ADVANCED)

    @property
    def is_constant(self) -> bool:
        """A literal with a single value, such as ``kind``."""
        return get_origin(self.kind) is Literal and len(get_args(self.kind)) == 1


def field_of(name: str, info: FieldInfo) -> Field:
    """Read the annotation of a field."""
    kind, is_optional = without_none(info.annotation)
    is_many = get_origin(kind) is tuple
    item = without_none(get_args(kind)[0])[0] if is_many else kind
    candidates = get_args(item) if is_union(item) else (item,)
    members = tuple(c for c in candidates if isinstance(c, type) and issubclass(c, Options))
    return Field(name, info, kind, is_optional, members, is_many, is_choice=len(members) > 1)
