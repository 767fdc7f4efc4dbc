"""Registries: literal dicts from a stable key to an options class and a lazily imported class.

A new entry takes one file and one line: an options class with its title and the modalities that it suits, the class
that implements it, and ``"key": Entry(…)`` in the registry. Form, command line, saved studies, cache keys and tests
are derived from it. A separate package calls ``register`` of the registry's module instead, see
:mod:`fairprog_core.common.plugins`.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache, partial
from importlib import import_module
from typing import Annotated, Any, ClassVar, Generic, Self, TypeVar, Union, get_args

from pydantic import Field

from fairprog_core.common.errors import ConfigError
from fairprog_core.common.options import Modality, Options
from fairprog_core.common.validation import kind_of

_KEY = re.compile(r"[a-z][a-z0-9_]{0,39}")  # part of saved studies, of keys of curves and of file names

_removals: list[Callable[[], object]] = []  # for every call of `add`, in order, a function that undoes it
_listeners: list[Callable[[], None]] = []

Suited = Mapping[Modality, Mapping[str, object]]


class EntryOptions(Options):
    """Options of one entry of a registry.

    Attributes:
        kind: the registry key.
        title: the name on the screen; empty: the key with spaces.
        default_for: the modalities for which a study that names only its data set gets this entry.
        suited: by modality, values that suit it better than the defaults of the fields.
    """

    kind: str
    title: ClassVar[str] = ""
    default_for: ClassVar[tuple[Modality, ...]] = ()
    suited: ClassVar[Suited] = {}

    @classmethod
    def suited_to(cls, modality: Modality) -> Self:
        """The options that suit a modality."""
        return cls.model_validate(cls.suited.get(modality, {}))


O_co = TypeVar("O_co", bound=EntryOptions, covariant=True)
V = TypeVar("V")


@cache
def _call_once(define: Callable[[], Any]) -> Any:
    """The class that a function defines; cached, because a second call would define a second class."""
    return define()


def load(implementation: str | Callable[[], Any]) -> Any:
    """Import the class ``"package.module:Name"``, or call the function that defines it."""
    if callable(implementation):
        return _call_once(implementation)
    module, name = implementation.split(":")
    return getattr(import_module(module), name)


@dataclass(frozen=True)
class Entry(Generic[O_co]):
    """One entry of a registry.

    Attributes:
        options: the options class; its field ``kind`` is a literal equal to the registry key.
        implementation: ``"package.module:Name"``, imported only when it is used, so that a registry can be listed
            without importing torch; or a function that defines and returns the class, called once, so that options
            and class can be in one file.
    """

    options: type[O_co]
    implementation: str | Callable[[], Any]

    def load(self) -> Any:
        """Import and return the implementation."""
        return load(self.implementation)


def build(registry: Mapping[str, Entry[Any]], options: Any, *args: Any, **kwargs: Any) -> Any:
    """Instantiate the class that ``options.kind`` names as ``Implementation(options, *args, **kwargs)``."""
    return registry[options.kind].load()(options, *args, **kwargs)


def any_of(classes: Iterable[type[Options]]) -> Any:
    """The pydantic type "one of these options classes", discriminated by ``kind``."""
    members = tuple(classes)
    if len(members) == 1:
        return members[0]
    return Annotated[Union[members], Field(discriminator="kind")]  # noqa: UP007


def any_entry(registry: Mapping[str, Entry[Any]]) -> Any:
    """The pydantic type "options of any entry of this registry"."""
    return any_of(entry.options for entry in registry.values())


def add(registry: dict[str, V], key: str, value: V, *, noun: str) -> None:
    """Register an entry that is not in the literal dict.

    Args:
        registry: the dict to add to.
        key: must be new.
        value: an :class:`Entry`, or a value of the type that the registry holds.
        noun: the singular of the registry's content for errors, e.g. "trigger".

    Raises:
        ConfigError: the key exists already or is not valid, or differs from the ``kind`` of the options.
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
    _removals.append(partial(registry.pop, key, None))
    _notify()


def n_added() -> int:
    """How many entries were registered so far, for :func:`take_back`."""
    return len(_removals)


def take_back(since: int) -> None:
    """Remove every entry that was registered after ``n_added`` returned ``since``."""
    for remove in reversed(_removals[since:]):
        remove()
    del _removals[since:]
    _notify()


def on_change(listener: Callable[[], None]) -> None:
    """Call ``listener`` whenever an entry was registered or removed."""
    _listeners.append(listener)


def _notify() -> None:
    for listener in _listeners:
        listener()
