"""Options: frozen pydantic models whose fields have bounds, titles and help texts.

The form in the dashboard, the command line, saved studies and cache keys are all derived from
the fields of these classes. Options are torch-free.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, Self, TypeAlias

from pydantic import BaseModel, ConfigDict, GetCoreSchemaHandler, JsonValue, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import CoreSchema, core_schema

from fairprog_core.common import validation
from fairprog_core.common.errors import ConfigError
from fairprog_core.common.home import is_file, is_folder, path_problem
from fairprog_core.common.process.shared import is_shared

Modality = Literal["image", "text"]  # the kind of input of a data set, a classifier, a trigger

# Marks for ``json_schema_extra`` of a field:
ADVANCED: dict[str, JsonValue] = {"advanced": True}  # the form hides it until it is opened
NEEDED: dict[str, JsonValue] = {"needed": True}  # it has no usable default, e.g. a path on the user's machine
LATER: dict[str, JsonValue] = {"later": True}  # added after keys were saved; its default means what was done before
# What its value may name; visitors of a shared server need the owner's leave for each, see `common.sharing`:
FOLDERS: dict[str, JsonValue] = {"folders": True}  # a folder or file on the machine that trains
ADDRESSES: dict[str, JsonValue] = {"addresses": True}  # an address in a network, or of a database
HUB: dict[str, JsonValue] = {"hub": True}  # a name on a hub, which is downloaded
CODE: dict[str, JsonValue] = {"code": True}  # code to import, e.g. "module:factory", or a file that is a program
# Its value names a model: that of a library names nothing of the server, a function or a program's file is code:
MODEL: dict[str, JsonValue] = {"model": True}
LIBRARIES = ("timm:", "torchvision:")
FACTORY = "factory:"
CODE_FILES = (".pt", ".pth", ".pt2", ".ts", ".torchscript", ".jit")  # how files end that are programs of torch


@dataclass(frozen=True)
class PathRule:
    """Marks a text field that holds a path: it is checked when options are built, and stored absolute.

    A relative path is relative to the working directory; one in a study's file to the folder of that file, see
    `fairprog_core.study.paths`. An empty text stays empty, an absolute path as it is.

    Attributes:
        name: spelling, as a regular expression, of texts that are kept where they are no existing folder or file, e.g.
            as the name of a model on a hub; empty: none.
        names: texts that are no path.
    """

    name: str = ""
    names: tuple[str, ...] = ()

    def absolute(self, text: str, folder: Path | None = None) -> str:
        """The absolute path, or the name.

        Args:
            text: as the user wrote it.
            folder: that a relative path begins in; None: the working directory.

        Raises:
            ValueError: no file can have this path; the message says why in a few words.
        """
        if not text.strip() or text in self.names:
            return text
        if text.startswith("~") and is_shared():  # else visitors could try which users the machine has
            raise ValueError("on a shared server it may not begin with ~; give an absolute path")
        if (problem := path_problem(text)) is not None:
            raise ValueError(problem)
        path = Path(text).expanduser()
        if path.is_absolute():
            return str(path) if text.startswith("~") else text
        try:
            whole = (folder or Path.cwd()) / path
        except OSError as error:
            raise ValueError("the working directory is gone; give an absolute path") from error
        is_spelled = bool(self.name) and re.fullmatch(self.name, text) is not None
        return text if is_spelled and not is_folder(whole) and not is_file(whole) else str(whole)

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_after_validator_function(self.absolute, handler(source))


ANY_NAME = r"[^.].*"  # whatever is not spelled like a relative path

PathText: TypeAlias = Annotated[str, PathRule()]  # the type of a field that holds a path

_Excluded = dict[Any, Any]  # pydantic's ``exclude``: by field or index, True for all of it, or a nested dict


class Options(BaseModel):
    """Base of all options: immutable; unknown keys are refused.

    Every field has a ``title`` (label on the screen), a ``description`` (help text) and bounds.
    ``json_schema_extra=ADVANCED`` hides a field in forms until it is opened.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True, allow_inf_nan=False)
    one_of: ClassVar[tuple[str, ...]] = ()  # fields of which one has to be set

    @classmethod
    def parse(cls, values: Mapping[str, object], *, where: str = "") -> Self:
        """Build from plain values.

        Args:
            values: keys and values as read from TOML or JSON.
            where: the file or preset that they come from, for the error.

        Raises:
            ConfigError: one sentence that names the key, what was found and what is allowed.
        """
        try:
            return cls.model_validate(values)
        except ValidationError as error:
            raise ConfigError(validation.sentence(error, cls, where=where or cls.__name__)) from error

    def to_json(self) -> dict[str, JsonValue]:
        """The options as JSON values, including defaults."""
        return self.model_dump(mode="json")

    def missing_field(self) -> str | None:
        """The name of a ``NEEDED`` field that is still empty, the first of ``one_of`` if all of them are, or None."""
        if self.one_of and not any(getattr(self, name) for name in self.one_of):
            return self.one_of[0]
        fields = type(self).model_fields.items()
        return next((name for name, field in fields if is_marked(field, NEEDED) and not getattr(self, name)), None)

    def content(self, *, include: set[str] | None = None, exclude: set[str] | None = None) -> dict[str, JsonValue]:
        """The JSON values that content keys are computed from: ``to_json`` without ``LATER`` fields at their defaults.

        A field that is added with the mark ``LATER`` therefore changes no existing key, and caches stay valid.

        Args:
            include: only these fields; None: all.
            exclude: all but these fields.
        """
        return self.model_dump(mode="json", include=include, exclude=_later(self) | dict.fromkeys(exclude or (), True))

    def digest(self, *, exclude: set[str] | None = None) -> str:
        """First 16 hex digits of the SHA-256 of the canonical JSON of ``content``; the key of caches."""
        return digest_of(self.content(exclude=exclude))


def is_marked(field: FieldInfo, mark: Mapping[str, JsonValue]) -> bool:
    """Whether a field has a mark, such as ``ADVANCED``."""
    extra = field.json_schema_extra
    return isinstance(extra, dict) and mark.items() <= extra.items()


def _later(value: Any) -> _Excluded:
    """The ``LATER`` fields at their defaults, in options or in a dict or list of options."""
    if isinstance(value, Options):
        return _later_fields(value)
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, tuple | list) else ()
    return {place: inside for place, each in items if (inside := _later(each))}


def _later_fields(options: Options) -> _Excluded:
    excluded: _Excluded = {}
    for name, field in type(options).model_fields.items():
        value = getattr(options, name)
        default = field.get_default(call_default_factory=True, validated_data=vars(options))
        if is_marked(field, LATER) and value == default:
            excluded[name] = True
        elif inside := _later(value):
            excluded[name] = inside
    return excluded


def digest_of(value: Any) -> str:
    """First 16 hex digits of the SHA-256 of a JSON value with sorted keys."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]
