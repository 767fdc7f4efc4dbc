"""A shared server: what its visitors may choose. Torch-free.

``fairprog app --share`` hands the owner's choices to the pages by environment variables. A field says by its marks
(``FOLDERS``, ``ADDRESSES``, ``HUB``, ``CODE`` of :mod:`fairprog_core.common.options`) what its value may name.
"""

import dataclasses
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

from pydantic import JsonValue
from pydantic.fields import FieldInfo

from fairprog_core.common.errors import ConfigError
from fairprog_core.common.home import Home, is_folder, user_path
from fairprog_core.common.options import (
    ADDRESSES,
    CODE,
    CODE_FILES,
    FACTORY,
    FOLDERS,
    HUB,
    LIBRARIES,
    MODEL,
    NEEDED,
    Options,
    is_marked,
)
from fairprog_core.common.process.shared import SHARED, is_shared

ALLOW, NAMES = "FAIRPROG_ALLOW", "FAIRPROG_NAMES"  # environment variables
JOIN_CODE, TEACHER_TOKEN = "FAIRPROG_JOIN_CODE", "FAIRPROG_TEACHER_TOKEN"

Sort = Literal["folders", "addresses", "hub", "code"]
SORTS: tuple[Sort, ...] = get_args(Sort)
NOUNS: dict[Sort, str] = {
    "folders": "a folder or file of the server",
    "addresses": "an address",
    "hub": "a name on the hub",
    "code": "code",
}

_MARKS: dict[Sort, dict[str, JsonValue]] = {"folders": FOLDERS, "addresses": ADDRESSES, "hub": HUB, "code": CODE}
_CODE = re.compile(r"[\w.]+:[\w.]+")  # module:factory
_HUB_NAME = re.compile(r"\w[\w.-]*(/[\w.-]+)?", re.ASCII)


@dataclass(frozen=True)
class Sharing:
    """The owner's choices for this server.

    Attributes:
        is_shared: whether others than the owner may use the pages; without it everything is allowed, except for models
            that are code: any page that is open in the browser could ask for them.
        allowed: what visitors may name besides what fairprog ships.
        names: further host names at which the pages may be opened, e.g. that of a proxy.
        join_code: of a class: only who gives it sees the pages; empty: there is no class.
        teacher_token: of a class: who opens the address that ends in it is its teacher.
    """

    is_shared: bool = False
    allowed: frozenset[Sort] = frozenset()
    names: tuple[str, ...] = ()
    join_code: str = dataclasses.field(default="", repr=False)
    teacher_token: str = dataclasses.field(default="", repr=False)

    @property
    def is_class(self) -> bool:
        """Whether the visitors are a class, with a join code and a teacher."""
        return self.is_shared and bool(self.join_code and self.teacher_token)

    def to_environment(self) -> dict[str, str]:
        """The variables that `sharing` reads."""
        return {
            SHARED: "1" if self.is_shared else "",
            ALLOW: ",".join(sorted(self.allowed)),
            NAMES: ",".join(self.names),
            JOIN_CODE: self.join_code,
            TEACHER_TOKEN: self.teacher_token,
        }

    def may_name(self, sort: Sort) -> bool:
        """Whether visitors may name something of a sort."""
        return not self.is_shared or sort in self.allowed

    def is_open(self, field: FieldInfo) -> bool:
        """Whether visitors may set a field: it names nothing of the server, or they may name some of what it can."""
        sorts = sorts_of(field)
        return not self.is_shared or not sorts or bool(self.allowed.intersection(sorts))

    def offers(self, options: type[Options]) -> bool:
        """Whether visitors can use options at all: no field that has to be set is closed to them."""
        fields = options.model_fields
        choices = [self.is_open(fields[name]) for name in options.one_of]
        return any(choices or [True]) and all(self.is_open(each) for each in fields.values() if is_marked(each, NEEDED))

    def check(self, options: Options) -> None:
        """Refuse options that name what visitors of this server may not name.

        Raises:
            ConfigError: the first field that does; the sentence is the same whether or not what it names exists.
        """
        for where, field, value in named(options):
            if not self.is_shared:
                self._check_code(where, field, value)
                continue
            sorts = self._closed(value, sorts_of(field))
            if sorts:
                raise ConfigError(
                    f"{where} names {' or '.join(NOUNS[sort] for sort in sorts)}, which the owner of this shared "
                    f"server does not allow; leave it empty or as it was, or ask the owner for --allow {sorts[0]}."
                )

    def of_strangers(self, *, is_trusted: bool = False) -> "Sharing":
        """What a file of somebody else may name, which nobody here has typed: no code and no address.

        Args:
            is_trusted: whether the owner vouches for who made the file.
        """
        if is_trusted and not self.is_shared:
            return Sharing(allowed=frozenset[Sort]({"code"}))
        known: tuple[Sort, ...] = ("folders", "hub")
        return Sharing(is_shared=True, allowed=frozenset(filter(self.may_name, known)), names=self.names)

    def _check_code(self, where: str, field: FieldInfo, value: str) -> None:
        if is_marked(field, MODEL) and "code" not in self.allowed and is_code(value):
            raise ConfigError(
                f"{where} names a program that runs here; start fairprog app with --allow code, "
                "run the study on the command line, or give a folder or a file of weights."
            )

    def _closed(self, value: str, sorts: tuple[Sort, ...]) -> tuple[Sort, ...]:
        """What a text may name that is not allowed; empty: nothing, as for uploads that are no code."""
        if "code" in sorts and is_code(value):
            return () if "code" in self.allowed else ("code",)
        if "folders" in sorts and Home.find().is_upload(value):
            return ()
        closed = tuple(sort for sort in sorts if sort not in self.allowed)
        if len(closed) in (0, len(sorts)):
            return closed  # decided without a look at the disk
        return () if _sort(value, sorts) in self.allowed else closed


def sharing() -> Sharing:
    """The choices in the environment of this process."""
    allowed = frozenset(sort for sort in SORTS if sort in os.environ.get(ALLOW, "").split(","))
    names = tuple(filter(None, os.environ.get(NAMES, "").split(",")))
    return Sharing(is_shared(), allowed, names, os.environ.get(JOIN_CODE, ""), os.environ.get(TEACHER_TOKEN, ""))


def sorts_of(field: FieldInfo) -> tuple[Sort, ...]:
    """What the values of a field may name; a path without a mark names a folder or file."""
    marked = tuple(sort for sort, mark in _MARKS.items() if is_marked(field, mark))
    return marked or (("folders",) if _holds_path(field.annotation) else ())


def named(options: Options, where: str = "") -> Iterator[tuple[str, FieldInfo, str]]:
    """Every text in options that names something of the server: its place, its field, and the text.

    Defaults and empty texts name nothing: fairprog, or the author of a plug-in, chose them.
    """
    for name, field in type(options).model_fields.items():
        value, place = getattr(options, name), f"{where}.{name}" if where else name
        if not sorts_of(field):
            for inner, part in _options_in(value, place):
                yield from named(part, inner)
        elif value != field.get_default(call_default_factory=True, validated_data=vars(options)):
            yield from ((place, field, text) for text in _texts(value) if text and not _is_of_library(field, text))


def is_code(value: str) -> bool:
    """Whether a text names code: a function to import, or a file that is a program. Its spelling alone decides."""
    return value.startswith(FACTORY) or Path(value).suffix.lower() in CODE_FILES


def _is_of_library(field: FieldInfo, text: str) -> bool:
    """Whether a text names a net of a library that is installed here, and so nothing of the server."""
    return is_marked(field, MODEL) and text.startswith(LIBRARIES)


def names_something(options: Options) -> bool:
    """Whether options name anything of the server."""
    return next(named(options), None) is not None


def _holds_path(annotation: Any) -> bool:
    if isinstance(annotation, type) and issubclass(annotation, Path):
        return True
    return any(map(_holds_path, get_args(annotation)))


def _sort(value: str, sorts: tuple[Sort, ...]) -> Sort:
    """What a text names, among what its field can name."""
    if "addresses" in sorts and "://" in value:
        return "addresses"
    if "code" in sorts and (is_code(value) or _CODE.fullmatch(value)):
        return "code"
    if "hub" in sorts and _HUB_NAME.fullmatch(value) and not is_folder(user_path(value)):
        return "hub"
    return "folders" if "folders" in sorts else sorts[0]


def _options_in(value: Any, place: str) -> Iterator[tuple[str, Options]]:
    """The options in a value, with their places: the value itself, or those in a table or a list."""
    if isinstance(value, Options):
        yield place, value
        return
    for name, part in _parts(value):
        yield from _options_in(part, f"{place}.{name}")


def _texts(value: Any) -> Iterator[str]:
    """All texts in a value; a path is one."""
    if isinstance(value, str | Path):
        yield str(value)
        return
    for _, part in _parts(value):
        yield from _texts(part)


def _parts(value: Any) -> Iterable[tuple[object, Any]]:
    if isinstance(value, Mapping):
        return value.items()
    return enumerate(value) if isinstance(value, tuple | list | set | frozenset) else ()
