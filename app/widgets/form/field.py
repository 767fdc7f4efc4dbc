"""One field of an options class, as a form draws it: its type, and the options that it may hold."""

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
        kind: the annotation without ``None`` and ``Annotated``.
        is_optional: whether ``None`` is allowed.
        members: the options classes where the field holds options, else empty.
        is_many: whether it is a tuple.
        is_choice: whether there are several options classes to choose among, be they offered or not.
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
    """Read a field's annotation."""
    kind, is_optional = without_none(info.annotation)
    is_many = get_origin(kind) is tuple
    item = without_none(get_args(kind)[0])[0] if is_many else kind
    candidates = get_args(item) if is_union(item) else (item,)
    members = tuple(c for c in candidates if isinstance(c, type) and issubclass(c, Options))
    return Field(name, info, kind, is_optional, members, is_many, is_choice=len(members) > 1)
