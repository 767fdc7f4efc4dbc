"""What ``classifier.model`` names: a folder, a hub name, a net of a library, a file, or a function."""

import json
from collections.abc import Generator, Mapping
from pathlib import Path
from typing import Any, Literal

from fairprog_core.classifiers import ImageModelOptions
from fairprog_core.classifiers.image_model import code, folder, libraries, zero_shot
from fairprog_core.classifiers.image_model.opened import OpenedModel
from fairprog_core.classifiers.model_folder import READ, digest_of_files, finish
from fairprog_core.common.errors import ConfigError, ModelError, shorten
from fairprog_core.common.files.checksums import sha256_of
from fairprog_core.common.files.hub import Download
from fairprog_core.common.home import is_file, user_path
from fairprog_core.common.options import CODE_FILES, FACTORY

SourceKind = Literal["timm", "torchvision", "factory", "script", "export", "folder"]


def kind_of_source(model: str) -> SourceKind:
    """What a value of ``classifier.model`` names; decided by its text, and by whether a file of that name exists.

    Raises:
        ConfigError: it is empty.
        ModelError: it is a file of another kind.
    """
    if not model:
        raise ConfigError(f"classifier.model is empty; {folder.ADVICE}.")
    for library in ("timm", "torchvision"):
        if model.startswith(f"{library}:"):
            return library
    if model.startswith(FACTORY):
        return "factory"
    if not is_file(file := user_path(model)):
        return "folder"
    if file.suffix.lower() not in CODE_FILES:
        raise ModelError(
            f"{shorten(file, 100)} is no model by itself; give weights as classifier.weights, with timm:NAME or "
            f"torchvision:NAME as classifier.model, or a file that ends in {', '.join(CODE_FILES)}."
        )
    return "export" if file.suffix.lower() == ".pt2" else "script"


def fetch_model(options: ImageModelOptions) -> Generator[Download, None, Path | None]:
    """The folder of the model, which is downloaded if it is named by a name on the hub and missing; None: it has none.

    Raises:
        ConfigError: no model is named.
        ModelError: there is no such model, or it lacks what is needed.
    """
    if kind_of_source(options.model) != "folder":
        return None
    return (yield from folder.fetch(options.model))


def open_model(options: ImageModelOptions, *, labels: tuple[str, ...]) -> OpenedModel:
    """Open the model that the options name.

    Args:
        options: model, weights, prompts.
        labels: of the data.

    Raises:
        ModelError: there is none, or it cannot be used.
    """
    kind, name = kind_of_source(options.model), options.model.partition(":")[2]
    if kind in ("timm", "torchvision"):
        return libraries.open_named(kind, name, options)
    if kind == "factory":
        return code.open_function(name, options)
    if kind in ("script", "export"):
        return code.open_file(kind, options.model, options)
    place = finish(fetch_model(options))
    assert place is not None
    if options.weights:
        raise ConfigError(
            "classifier.weights is for timm, torchvision and factories; a folder has its own: leave it out."
        )
    config = _config(place)
    if "architecture" in config and "pretrained_cfg" in config:
        return libraries.open_timm_folder(place, config, options)
    if _is_zero_shot(config):
        return zero_shot.open_zero_shot(place, labels=labels, words=options.labels, prompts=options.prompts)
    return folder.open_folder(place)


def _config(place: Path) -> dict[str, Any]:
    """The content of a folder's config.json; empty if it cannot be read: the reader of folders then says so."""
    try:
        values = json.loads((place / "config.json").read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return values if isinstance(values, dict) else {}


def _is_zero_shot(config: Mapping[str, Any]) -> bool:
    """Whether a folder holds CLIP or SigLIP as they were trained, without a head of their own."""
    has_head = "ForImageClassification" in str(config.get("architectures"))
    return config.get("model_type") in zero_shot.FAMILIES and not has_head


def digests(options: ImageModelOptions) -> dict[str, str]:
    """Digests of the files that decide the weights, by what they are."""
    kind, name = kind_of_source(options.model), options.model.partition(":")[2]
    found = {}
    if kind == "folder":
        place = finish(fetch_model(options))
        assert place is not None
        found["model"] = digest_of_files(path for path in place.iterdir() if path.suffix in READ)
    if kind in ("script", "export"):
        found["model"] = sha256_of(user_path(options.model))
    if kind == "factory":
        found["model"] = code.source_digest(name)
    if options.weights and is_file(file := user_path(options.weights)):
        found["weights"] = sha256_of(file)
    return found
