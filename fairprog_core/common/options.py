"""Options: what can be chosen, with bounds, titles and help texts, as frozen pydantic models.

The form in the dashboard, the command line, saved studies and cache keys all follow from
the fields of these classes. Options are torch-free.
"""

import hashlib
import json
from collections.abc import Mapping
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, JsonValue, ValidationError
from pydantic.fields import FieldInfo

from fairprog_core.common import validation
from fairprog_core.common.errors import ConfigError

Modality = Literal["image", "text"]  # what a data set, a classifier, a trigger is made for
ADVANCED: dict[str, JsonValue] = {"advanced": True}  # ``json_schema_extra`` of a field that the form folds away
NEEDED: dict[str, JsonValue] = {"needed": True}  # of one that has no default that works: a path of the user's
LATER: dict[str, JsonValue] = {
    "later": True
}  # of one that joined options whose keys are on disk; its default: as before

_Excluded = dict[Any, Any]  # what pydantic leaves out: by field or number, True for all of it, or places inside


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
            raise ConfigError(validation.sentence(error, cls, where=where or cls.__name__)) from error

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values, every default written out."""
        return self.model_dump(mode="json")

    def missing_field(self) -> str | None:
        """The name of a field that has to be filled in before these options can be used, or None."""
        fields = type(self).model_fields.items()
        return next((name for name, field in fields if is_marked(field, NEEDED) and not getattr(self, name)), None)

    def content(self, *, include: set[str] | None = None, exclude: set[str] | None = None) -> dict[str, Any]:
        """What enters content keys: as ``to_json``, without later options that are at their defaults.

        So an option that is added under the mark ``LATER`` leaves every key as it was, and with it what lies in caches.

        Args:
            include: only these fields; None: all.
            exclude: but for these fields.
        """
        return self.model_dump(mode="json", include=include, exclude=_later(self) | dict.fromkeys(exclude or (), True))

    def digest(self, *, exclude: set[str] | None = None) -> str:
        """First 16 hex digits of the SHA-256 of the canonical JSON of ``content``; the key of caches."""
        return digest_of(self.content(exclude=exclude))


def is_marked(field: FieldInfo, mark: Mapping[str, JsonValue]) -> bool:
    """Whether a field carries a mark: ``ADVANCED``, ``NEEDED`` or ``LATER``."""
    extra = field.json_schema_extra
    return isinstance(extra, dict) and mark.items() <= extra.items()


def _later(value: Any) -> _Excluded:
    """The places of later options that are at their defaults, in options, or in what holds options."""
    if isinstance(value, Options):
        return _later_fields(value)
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, tuple | list) else ()
    return {place: inside for place, each in items if (inside := _later(each))}


def _later_fields(options: Options) -> _Excluded:
    found: _Excluded = {}
    for name, field in type(options).model_fields.items():
        value, usual = (
            getattr(options, name),
            field.get_default(call_default_factory=True, validated_data=vars(options)),
        )
        if is_marked(field, LATER) and value == usual:
            found[name] = True
        elif inside := _later(value):
            found[name] = inside
    return found


def digest_of(value: Any) -> str:
    """First 16 hex digits of the SHA-256 of a JSON value with sorted keys."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]
