"""Registries: literal dicts from a stable key to an options class and a lazily imported class."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Annotated, Any, Union

from pydantic import Field

from fairprog_core.common.options import Options


def load(implementation: str) -> Any:
    """Import what ``"package.module:Name"`` names."""
    module, name = implementation.split(":")
    return getattr(import_module(module), name)


@dataclass(frozen=True)
class Entry:
    """One thing that can be chosen.

    Attributes:
        options: its options class; its field ``kind`` is a literal equal to the registry key.
        implementation: ``"package.module:Name"``, imported only when it is used, so that a
            registry can be listed without importing torch.
    """

    options: type[Options]
    implementation: str

    def load(self) -> Any:
        """Import and return the implementation."""
        return load(self.implementation)


def build(registry: Mapping[str, Entry], options: Any, *args: Any, **kwargs: Any) -> Any:
    """Instantiate what ``options.kind`` names as ``Implementation(options, *args, **kwargs)``."""
    return registry[options.kind].load()(options, *args, **kwargs)


def any_of(classes: Iterable[type[Options]]) -> Any:
    """The pydantic type "one of these options classes", told apart by ``kind``."""
    members = tuple(classes)
    if len(members) == 1:
        return members[0]
    return Annotated[Union[members], Field(discriminator="kind")]  # noqa: UP007


def any_entry(registry: Mapping[str, Entry]) -> Any:
    """The pydantic type "options of any entry of this registry"."""
    return any_of(entry.options for entry in registry.values())
