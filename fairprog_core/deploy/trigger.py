"""What a TRIGGER argument names: a passport or a plain trigger's file, a folder with one, or a curve of a result."""

from pathlib import Path

from fairprog_core.common.errors import ArtifactError, ConfigError, shorten
from fairprog_core.common.home import is_file, user_path
from fairprog_core.results.result import Result
from fairprog_core.results.trained import passport_of
from fairprog_core.triggers.base import Trigger, load_trigger

FILE = "trigger.safetensors"  # in a folder of `fp.push_to_hub`, and of a reprogrammed model


def trigger_file(text: str | Path) -> Path | None:
    """The trigger's file that a text names, itself or in a folder; None: it names none.

    Raises:
        ConfigError: the path is not valid.
    """
    path = user_path(text)
    if is_file(path / FILE):
        return path / FILE
    return path if is_file(path) else None


def open_trigger(source: str | Path | Result, *, curve: str = "") -> Trigger:
    """Open a trigger; one of a result knows its chosen λ and its classifier, as one with a passport does.

    Args:
        source: a file, a folder with ``trigger.safetensors``, or a result.
        curve: key of a curve of the result, or a part of it that is its alone; empty: the first one with a trigger.

    Raises:
        ArtifactError: the file is missing or damaged.
        ConfigError: the result has no such trigger or several, or a curve is named for a file.
    """
    if isinstance(source, Result):
        return passport_of(source, curve).trigger()
    if curve:
        raise ConfigError(f"--curve is for a run, and {shorten(source, 80)} is the file of one trigger; leave it out.")
    file = trigger_file(source)
    if file is None:
        raise ArtifactError(
            f"No trigger at {shorten(source, 100)}: give a trigger's .safetensors file, a folder with one, or a run."
        )
    return load_trigger(file)
