"""Registries: literal dicts from a stable key to an options class and a lazily imported class.

A new entry costs one file and one line: an options class that says what it is called and what it suits, the class that
does the work, and ``"key": Entry(…)`` in the registry. Form, command line, saved studies, cache keys and tests follow.
A package of its own calls the ``register`` beside the registry instead, see :mod:`fairprog_core.common.plugins`.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import Annotated, Any, ClassVar, Generic, Self, TypeVar, Union, get_args

from pydantic import Field

from fairprog_core.common.errors import ConfigError
from fairprog_core.common.options import Modality, Options
from fairprog_core.common.validation import kind_of

_KEY = re.compile(r"[a-z][a-z0-9_]{0,39}")  # stands in saved studies, in keys of curves and in names of files

_added: list[tuple[dict[str, Any], str]] = []  # what was registered besides the literal dicts, in that order
_listeners: list[Callable[[], None]] = []

Suited = Mapping[Modality, Mapping[str, Any]]


class EntryOptions(Options):
    """Options of one thing that can be chosen; the class says what it is called and what it suits.

    Attributes:
        kind: its registry key.
        title: its name on the screen; empty: the key with spaces.
        default_for: the modalities for which a study has it that names its data alone.
        suited: by modality, values that suit it better than the defaults of the fields.
    """

    kind: str
    title: ClassVar[str] = ""
    default_for: ClassVar[tuple[Modality, ...]] = ()
    suited: ClassVar[Suited] = {}

    @classmethod
    def suited_to(cls, modality: Modality) -> Self:
        """The options that suit a modality."""
        return cls(**cls.suited.get(modality, {}))


O_co = TypeVar("O_co", bound=EntryOptions, covariant=True)
V = TypeVar("V")


@cache
def _defined(by: Callable[[], Any]) -> Any:
    """What a function defines: called twice, it would define another class."""
    return by()


def load(implementation: str | Callable[[], Any]) -> Any:
    """Import what ``"package.module:Name"`` names, or call the function that defines it."""
    if callable(implementation):
        return _defined(implementation)
    module, name = implementation.split(":")
    return getattr(import_module(module), name)


@dataclass(frozen=True)
class Entry(Generic[O_co]):
    """One thing that can be chosen.

    Attributes:
        options: its options class; its field ``kind`` is a literal equal to the registry key.
        implementation: ``"package.module:Name"``, imported only when it is used, so that a
            registry can be listed without importing torch; or a function that defines the class and returns it,
            called once, which lets options and class stand in one file.
    """

    options: type[O_co]
    implementation: str | Callable[[], Any]

    def load(self) -> Any:
        """Import and return the implementation."""
        return load(self.implementation)


def build(registry: Mapping[str, Entry[Any]], options: Any, *args: Any, **kwargs: Any) -> Any:
    """Instantiate what ``options.kind`` names as ``Implementation(options, *args, **kwargs)``."""
    return registry[options.kind].load()(options, *args, **kwargs)


def any_of(classes: Iterable[type[Options]]) -> Any:
    """The pydantic type "one of these options classes", told apart by ``kind``."""
    members = tuple(classes)
    if len(members) == 1:
        return members[0]
    return Annotated[Union[members], Field(discriminator="kind")]  # noqa: UP007


def any_entry(registry: Mapping[str, Entry[Any]]) -> Any:
    """The pydantic type "options of any entry of this registry"."""
    return any_of(entry.options for entry in registry.values())


def add(registry: dict[str, V], key: str, value: V, *, noun: str) -> None:
    """Register something that is not in the literal dict.

    Args:
        registry: where.
        key: a new one.
        value: an :class:`Entry`, or what else the registry holds.
        noun: what the registry holds one of, e.g. "trigger".

    Raises:
        ConfigError: the key exists already or is no key, or the options have another one.
    """
    if not _KEY.fullmatch(key):
        raise ConfigError(
            f"The {noun} {key!r} cannot be registered: a key has up to 40 lower-case letters, digits and underscores, "
            "and begins with a letter."
        )
    if key in registry:
        raise ConfigError(f"There is a {noun} {key!r} already; register yours under another key.")
    if isinstance(value, Entry) and get_args(value.options.model_fields["kind"].annotation) != (key,):
        raise ConfigError(
            f"The {noun} {key!r} cannot be registered: {value.options.__name__} must say "
            f'`kind: Literal["{key}"] = "{key}"`, and its kind is {kind_of(value.options)!r}.'
        )
    registry[key] = value
    _added.append((registry, key))
    _tell()


def n_added() -> int:
    """How many things were registered so far, for :func:`take_back`."""
    return len(_added)


def take_back(since: int) -> None:
    """Undo what was registered after ``n_added`` was ``since``."""
    for registry, key in reversed(_added[since:]):
        registry.pop(key, None)
    del _added[since:]
    _tell()


def on_change(listener: Callable[[], None]) -> None:
    """Call ``listener`` whenever something was registered or taken back."""
    _listeners.append(listener)


def _tell() -> None:
    for listener in _listeners:
        listener()
