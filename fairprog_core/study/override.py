"""Overrides of single values of a study: ``key.path=value``. Torch-free."""

from dataclasses import dataclass
from pathlib import Path

from pydantic import JsonValue

from fairprog_core.common.errors import ConfigError, shorten, shown
from fairprog_core.study.study import Study
from fairprog_core.study.values import KINDS, Values, expand, parse_toml, read_value


@dataclass(frozen=True)
class Override:
    """An override of one value.

    Attributes:
        path: the keys that lead to the value; those of a list are indices.
        value: the new value.
        text: the override as the user wrote it, for errors.
        folder: that a relative path in it begins in; None: the working directory.
    """

    path: tuple[str, ...]
    value: JsonValue
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
        return cls(path, read_value(value.strip()), text, folder)

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
        holder: JsonValue = values
        for part in self.path[:-1]:
            holder = self._inside(holder, part)
        self._put(holder, self.path[-1])
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

    def _put(self, holder: JsonValue, key: str) -> None:
        if isinstance(holder, list):
            holder[self._index(holder, key)] = self.value
        elif isinstance(holder, dict):
            if key == "kind" and holder.get("kind") != self.value:
                holder.clear()
            holder[key] = self.value

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
