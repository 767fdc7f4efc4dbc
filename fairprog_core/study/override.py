"""Overrides of single values of a study: ``key.path=value``. Torch-free."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args, get_origin

from pydantic import JsonValue

from fairprog_core.common.errors import ConfigError, shorten, shown
from fairprog_core.common.validation import without_none
from fairprog_core.study.paths import classes_of
from fairprog_core.study.study import Study
from fairprog_core.study.values import KINDS, Values, expand, is_empty, parse_toml, read_value


@dataclass(frozen=True)
class Override:
    """An override of one value.

    Attributes:
        path: the keys that lead to the value; those of a list are indices.
        value: the new value as the user wrote it; what it stands for depends on the field, see `_value_of`.
        text: the override as the user wrote it, for errors.
        folder: that a relative path in it begins in; None: the working directory.
    """

    path: tuple[str, ...]
    value: str
    text: str
    folder: Path | None = None

    @classmethod
    def parse(cls, text: str, *, folder: Path | None = None) -> "Override":
        """Parse ``a.b=value``.

        Args:
            text: as the user wrote it.
            folder: that a relative path in it begins in; None: the working directory.

        Raises:
            ConfigError: the text is not of this form.
        """
        key, equals, value = text.partition("=")
        path = _path(key.strip()) if equals else ()
        if not path:
            raise ConfigError(f"--set {shown(text)} is not of the form key.path=value, e.g. classifier.source=train.")
        return cls(path, value.strip(), text, folder)

    @property
    def is_kind(self) -> bool:
        """Whether it sets a ``kind``, which drops the options of the previous kind."""
        return self.path[-1] == "kind" or (len(self.path) == 1 and self.path[0] in KINDS)

    def apply(self, values: Values, *, where: str) -> None:
        """Apply the override.

        Args:
            values: of a study, after ``expand``; changed in place. A relative path that is set stays relative.
            where: the file or preset that they come from, for errors.

        Raises:
            ConfigError: the path does not exist, or defaults cannot be computed because the study is not valid.
        """
        first, *others = self.path
        if others and first not in values:  # its defaults depend on the rest of the study
            complete = Study.parse(values, where=where).to_json()
            values |= {first: complete[first]} if first in complete else {}
        value = _value_of(self.value, self.path, values)
        holder: JsonValue = values
        for part in self.path[:-1]:
            holder = self._inside(holder, part)
        self._put(holder, self.path[-1], value)
        expand(values)

    def _inside(self, holder: JsonValue, part: str) -> JsonValue:
        """The table or list under a key; a missing one becomes an empty table."""
        inner: JsonValue = None
        if isinstance(holder, list):
            inner = holder[self._index(holder, part)]
        elif isinstance(holder, dict):
            if holder.get(part) is None:
                holder[part] = {}
            inner = holder[part]
        if not isinstance(inner, dict | list):
            raise self._refusal(f"{shown(part)} is a single value; it holds nothing that could be set")
        return inner

    def _put(self, holder: JsonValue, key: str, value: JsonValue) -> None:
        if isinstance(holder, list):
            holder[self._index(holder, key)] = value
        elif isinstance(holder, dict):
            if key == "kind" and holder.get("kind") != value:
                holder.clear()
            holder[key] = value

    def _index(self, holder: list[JsonValue], part: str) -> int:
        if part.isdecimal() and len(part) < 10 and int(part) < len(holder):
            return int(part)
        allowed = f"must be a number from 0 to {len(holder) - 1}" if holder else "leads into an empty list"
        raise self._refusal(f"{shown(part)} {allowed}")

    def _refusal(self, reason: str) -> ConfigError:
        return ConfigError(f"--set {shown(self.text)}: {shorten(reason, 200)}.")


def _path(key: str) -> tuple[str, ...]:
    """The parts of a dotted TOML key; empty if the text is not a key."""
    try:
        nested: JsonValue = parse_toml(f"{key} = 0") if key and "\n" not in key else {}
    except ValueError:
        return ()
    path = []
    while isinstance(nested, dict) and nested:
        part, nested = next(iter(nested.items()))
        path.append(part)
    return tuple(path)


def _value_of(text: str, path: Sequence[str], values: Values) -> JsonValue:
    """The value that a text stands for at a place: of a field that holds text the text itself, also "2024" or "a,b".

    Args:
        text: as the user wrote it.
        path: the keys that lead to the place; those of a list are indices.
        values: of a study, after ``expand``.
    """
    kind, may_be_none = without_none(_kind_of_place(Study, path, values))
    if may_be_none and is_empty(text):
        return None
    if kind is str:
        return _unquoted(text)
    value = read_value(text)
    if get_origin(kind) is tuple and without_none(get_args(kind)[0])[0] is str and not is_empty(text):
        return _texts(text, value)
    return value


def _kind_of_place(kind: Any, path: Sequence[str], value: JsonValue) -> Any:
    """The annotation of a place; None where it is not known."""
    if not path:
        return kind
    part, *rest = path
    kind, _ = without_none(kind)
    if isinstance(value, list):
        items = get_args(kind)
        inner = value[int(part)] if part.isdecimal() and len(part) < 10 and int(part) < len(value) else None
        return _kind_of_place(items[0], rest, inner) if items else None
    if not isinstance(value, dict):
        return None
    found = classes_of(kind, value.get("kind"))
    field = found[0].model_fields.get(part) if len(found) == 1 else None
    return _kind_of_place(field.annotation, rest, value.get(part)) if field else None


def _texts(text: str, value: JsonValue) -> JsonValue:
    """Several texts, separated by commas; what was read of them stays where it holds nothing but text."""
    if isinstance(value, str) or (isinstance(value, list) and all(isinstance(each, str) for each in value)):
        return value
    inside = text[1:-1] if text.startswith("[") and text.endswith("]") else text
    return [_unquoted(part.strip()) for part in inside.split(",")]


def _unquoted(text: str) -> str:
    """A text without the quotes of TOML, if it has them."""
    value = read_value(text)
    return value if isinstance(value, str) and text[:1] in ("'", '"') else text
