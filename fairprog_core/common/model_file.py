"""Learned modules on disk: tensors and a JSON description in one ``.safetensors`` file, never pickled."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from fairprog_core.common.errors import ArtifactError
from fairprog_core.common.home import replacing
from fairprog_core.common.registry import Entry


def read_module(path: Path, *, format: str, noun: str, remedy: str) -> tuple[dict[str, Tensor], dict[str, Any]]:  # noqa: A002
    """The tensors and the description of a file.

    Args:
        path: an existing file.
        format: what the description must call itself.
        noun: what the file holds, for the errors.
        remedy: what to do about a damaged file.

    Raises:
        ArtifactError: the file is damaged or holds something else.
    """
    try:
        with safe_open(path, framework="pt") as file:
            header = json.loads((file.metadata() or {}).get("fairprog", "{}"))
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, OSError, ValueError) as error:
        raise ArtifactError(f"{path} is no readable safetensors file ({error}); {remedy}.") from error
    if header.get("format") != format:
        found = header.get("format", "no description")
        raise ArtifactError(f"{path} holds {found}, not {format}; give a {noun} written by fairprog.")
    return tensors, header


def options_of(registry: dict[str, Entry], header: dict[str, Any], *, path: Path, noun: str) -> Any:
    """The options that a file's description names, parsed.

    Raises:
        ArtifactError: this version knows no such kind.
    """
    kind = (header.get("options") or {}).get("kind")
    if kind not in registry:
        raise ArtifactError(
            f"{path} holds a {noun} of the kind {kind!r}; this version of fairprog knows {', '.join(registry)}."
        )
    return registry[kind].options.parse(header["options"], where=str(path))


def fill(module: nn.Module, tensors: dict[str, Tensor], *, path: Path, noun: str, values: str) -> None:
    """Put a file's tensors into the module that its description names.

    Raises:
        ArtifactError: they do not fit.
    """
    try:
        module.load_state_dict(tensors)
    except RuntimeError as error:
        raise ArtifactError(
            f"The {values} in {path} do not fit its own description; it was written by another version of fairprog: "
            f"train the {noun} again."
        ) from error


def find_damage(path: Path, expected: Mapping[str, Tensor] | None = None) -> str | None:
    """What is wrong with a file of tensors in a cache; None: nothing.

    Args:
        path: an existing file.
        expected: tensors with the names, shapes and types that it must hold; None: any.
    """
    try:
        with safe_open(path, framework="pt") as file:
            json.loads((file.metadata() or {}).get("fairprog", "{}"))
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, OSError, ValueError) as error:
        return str(error)
    if expected is not None and _shapes(tensors) != _shapes(expected):
        return "it holds other weights than it should"
    return None if all_finite(tensors) else "it holds values that are not finite"


def all_finite(tensors: Mapping[str, Tensor]) -> bool:
    """Whether no tensor holds NaN or infinity."""
    return all(bool(torch.isfinite(value).all()) for value in tensors.values())


def _shapes(tensors: Mapping[str, Tensor]) -> dict[str, tuple[torch.Size, torch.dtype]]:
    return {name: (value.shape, value.dtype) for name, value in tensors.items()}


FORMAT = "fairprog.learned/1"


def write_learned(path: Path, tensors: dict[str, Tensor], **about: Any) -> None:
    """Write tensors and JSON values, whole or not at all."""
    with replacing(path) as part:
        save_file(tensors, part, {"fairprog": json.dumps({"format": FORMAT, **about})})


def read_learned(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Read what `write_learned` wrote.

    Raises:
        ArtifactError: the file is missing or damaged.
    """
    if not path.is_file():
        raise ArtifactError(f"{path} is missing; run the study again.")
    return read_module(path, format=FORMAT, noun="file", remedy="run the study again")
