"""Single values that are set on top of a study: ``key.path=value``. Torch-free."""

from dataclasses import dataclass

from pydantic import JsonValue

from fairprog_core.common.errors import ConfigError, shorten, shown
from fairprog_core.study.study import Study
from fairprog_core.study.values import KINDS, Values, expand, parse_toml, read_value


@dataclass(frozen=True)
class Override:
    """One value that is set.

    Attributes:
        path: the keys that lead to it; a list's are numbers.
        value: the new value.
        text: as it was written, for errors.
    """

    path: tuple[str, ...]
    value: JsonValue
    text: str

    @classmethod
    def parse(cls, text: str) -> "Override":
        """Read ``a.b=value``.

        Raises:
            ConfigError: it is not of this form.
        """
        key, equals, value = text.partition("=")
        path = _path(key.strip()) if equals else ()
        if not path:
            raise ConfigError(f"--set {shown(text)} is not of the form key.path=value, e.g. classifier.source=train.")
        return cls(path, read_value(value.strip()), text)

    @property
    def is_kind(self) -> bool:
        """Whether it says which options there are; it drops those of another kind."""
        return self.path[-1] == "kind" or (len(self.path) == 1 and self.path[0] in KINDS)

    def apply(self, values: Values, *, where: str) -> None:
        """Set it.

        Args:
            values: of a study, written out by ``expand``; changed in place.
            where: the file or preset that they came from, for errors.

        Raises:
            ConfigError: the path leads nowhere, or what is left out cannot be told, as the study is not valid.
        """
        first, *others = self.path
        if others and first not in values:  # what is left out follows from the rest of the study
            usual = Study.parse(values, where=where).to_json()
            values |= {first: usual[first]} if first in usual else {}
        holder: JsonValue = values
        for part in self.path[:-1]:
            holder = self._inside(holder, part)
        self._put(holder, self.path[-1])
        expand(values)

    def _inside(self, holder: JsonValue, part: str) -> JsonValue:
        """What a key leads to: a table, made if there is none, or a list."""
        found: JsonValue = None
        if isinstance(holder, list):
            found = holder[self._index(holder, part)]
        elif isinstance(holder, dict):
            if holder.get(part) is None:
                holder[part] = {}
            found = holder[part]
        if not isinstance(found, dict | list):
            raise self._refusal(f"{shown(part)} is a single value; it holds nothing that could be set")
        return found

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
    """The parts of a key as TOML reads it; empty where it is none."""
    try:
        nested: JsonValue = parse_toml(f"{key} = 0") if key and "\n" not in key else {}
    except ValueError:
        return ()
    path = []
    while isinstance(nested, dict) and nested:
        part, nested = next(iter(nested.items()))
        path.append(part)
    return tuple(path)
