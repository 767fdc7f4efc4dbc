"""What ``classifier.model`` names: a folder, a hub name, a net of a library, a file, or a function."""

from collections.abc import Generator
from pathlib import Path

from fairprog_core.classifiers import ImageModelOptions
from fairprog_core.classifiers.hub import Download
from fairprog_core.classifiers.image_model import folder
from fairprog_core.classifiers.image_model.opened import OpenedModel
from fairprog_core.classifiers.model_folder import READ, digest_of_files, finish
from fairprog_core.common.errors import ConfigError


def fetch_model(options: ImageModelOptions) -> Generator[Download, None, Path]:
    """Where the model lies, which is downloaded if it is named by a name on the hub and missing.

    Raises:
        ConfigError: no model is named.
        ModelError: there is no such model, or it lacks what is needed.
    """
    if not options.model:
        raise ConfigError("classifier.model is empty; " + folder.ADVICE + ".")
    return (yield from folder.fetch(options.model))


def open_model(options: ImageModelOptions, *, labels: tuple[str, ...]) -> OpenedModel:
    """Open the model that the options name.

    Args:
        options: model, weights, prompts.
        labels: of the data.

    Raises:
        ModelError: there is none, or it cannot be used.
    """
    return folder.open_folder(finish(fetch_model(options)))


def digests(options: ImageModelOptions) -> dict[str, str]:
    """Digests of the files that decide the weights."""
    place = finish(fetch_model(options))
    return {"model": digest_of_files(path for path in place.iterdir() if path.suffix in READ)}
