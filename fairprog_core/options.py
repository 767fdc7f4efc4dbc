"""Options: what can be chosen, with bounds, titles and help texts, as frozen pydantic models.

The form in the dashboard, the command line, saved studies and cache keys all follow from
the fields of these classes. Options are torch-free.
"""

import hashlib
import json
from collections.abc import Mapping
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, JsonValue, ValidationError
from pydantic_core import ErrorDetails

from fairprog_core.errors import ConfigError

Modality = Literal["image", "text"]  # what a data set, a classifier, a trigger is made for
ADVANCED: dict[str, JsonValue] = {"advanced": True}  # ``json_schema_extra`` of a field that the form folds away


class Options(BaseModel):
    """Base of all options: immutable, unknown keys refused.

    Every field carries a ``title`` (label on the screen), a ``description`` (help text) and
    its bounds. ``json_schema_extra=ADVANCED`` folds a field away in forms.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True, allow_inf_nan=False)

    @classmethod
    def parse(cls, values: Mapping[str, Any], *, where: str = "") -> Self:
        """Build from plain values.

        Args:
            values: keys and values as read from TOML or JSON.
            where: the file or preset they came from, named in the error.

        Raises:
            ConfigError: one sentence that names the key, what was found and what is allowed.
        """
        try:
            return cls.model_validate(values)
        except ValidationError as error:
            found = error.errors(include_url=False)
            raise ConfigError(_sentence(found, where or cls.__name__)) from error

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values, every default written out."""
        return self.model_dump(mode="json")

    def digest(self, *, exclude: set[str] | None = None) -> str:
        """First 16 hex digits of the SHA-256 of the canonical JSON; the key of caches."""
        return digest_of(self.model_dump(mode="json", exclude=exclude))


def digest_of(value: Any) -> str:
    """First 16 hex digits of the SHA-256 of a JSON value with sorted keys."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _sentence(errors: list[ErrorDetails], where: str) -> str:
    """The first error as one sentence; how many more there are."""
    first = errors[0]
    key = ".".join(str(part) for part in first["loc"]) or "the whole value"
    found = "" if first["type"] in ("missing", "extra_forbidden") else f" (found {first['input']!r:.80})"
    more = f" {len(errors) - 1} more value(s) are wrong too." if len(errors) > 1 else ""
    return f"{where}: {key}: {first['msg']}{found}.{more}"
