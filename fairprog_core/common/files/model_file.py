"""Learned modules on disk: tensors and a JSON header in one ``.safetensors`` file, never pickled."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from pydantic import Field, JsonValue
from torch import Tensor, nn

from fairprog_core.common.errors import ArtifactError, ConfigError
from fairprog_core.common.files.json_values import Header, damaged, from_json, parse_header, short
from fairprog_core.common.files.tensor_file import read_tensors, save_tensors
from fairprog_core.common.home import replacing
from fairprog_core.common.registry import Entry


class OptionsHeader(Header):
    """The part of a header with the options that a module was built from.

    Attributes:
        options: JSON values; "kind" is their registry key.
    """

    options: dict[str, object]


class TrainingCosts(Header):
    """The part of a header with the cost of a training.

    Attributes:
        steps: of the optimizer; 1 for a closed form.
        seconds: of computation.
        best_step: the step whose weights were kept.
    """

    steps: int = Field(ge=0)
    seconds: float = Field(ge=0)
    best_step: int = Field(ge=0)


class TrainingSummary(TrainingCosts):
    """The summary of one of several trainings.

    Attributes:
        validation: the record of its best iterate, with one value per λ so far.
    """

    validation: dict[str, object]


def read_module(path: Path, *, format: str, noun: str, remedy: str) -> tuple[dict[str, Tensor], dict[str, JsonValue]]:  # noqa: A002
    """The tensors and the header of a file.

    Args:
        path: an existing file.
        format: the value that the header must have under "format".
        noun: the kind of thing in the file, for errors.
        remedy: what to do about a damaged file, for errors.

    Raises:
        ArtifactError: the file is damaged or of another format.
    """
    try:
        tensors, texts = read_tensors(path)
        header = from_json(texts.get("fairprog", "{}"))
    except ValueError as error:
        raise ArtifactError(damaged(path, error, remedy)) from error
    found = header.get("format", "no description") if isinstance(header, dict) else "no description"
    if not isinstance(header, dict) or found != format:
        raise ArtifactError(f"{path} holds {short(found)}, not {format}; give a {noun} written by fairprog.")
    return tensors, header


def options_of(
    registry: dict[str, Entry[Any]], header: Mapping[str, object], *, path: Path, noun: str, remedy: str
) -> Any:
    """The options in a file's header, parsed.

    Raises:
        ArtifactError: this version does not know the kind, or its options differ.
    """
    options = parse_header(OptionsHeader, header, path=path, remedy=remedy).options
    kind = options.get("kind")
    if not isinstance(kind, str) or kind not in registry:
        raise ArtifactError(
            f"{path} holds a {noun} of the kind {short(repr(kind))}; this version of fairprog knows "
            f"{', '.join(registry)}."
        )
    try:
        return registry[kind].options.parse(options, where="its options")
    except ConfigError as error:
        raise ArtifactError(damaged(path, str(error).rstrip("."), remedy)) from error


def fill(module: nn.Module, tensors: dict[str, Tensor], *, path: Path, noun: str, values: str) -> None:
    """Load a file's tensors into a module.

    Raises:
        ArtifactError: names, shapes or types do not fit the module, or some values are not finite.
    """
    if reason := misfit(tensors, module.state_dict()):
        raise ArtifactError(do_not_fit(path, reason, noun=noun, values=values))
    if (name := first_not_finite(tensors)) is not None:
        raise ArtifactError(f"The {values} in {path} are not all finite ({name} is not); train the {noun} again.")
    module.load_state_dict(tensors)


def do_not_fit(path: Path, reason: str, *, noun: str, values: str) -> str:
    """The error message for a file whose tensors do not fit the module that its header describes."""
    return (
        f"The {values} in {path} do not fit its own description ({reason}); it was written by another version of "
        f"fairprog: train the {noun} again."
    )


def misfit(found: Mapping[str, Tensor], expected: Mapping[str, Tensor]) -> str | None:
    """The first name, shape or type in which tensors differ from those expected; None: none differs.

    Floating-point types count as equal: a file may hold half precision.
    """
    if different := sorted(found.keys() ^ expected.keys()):
        return f"{short(different[0])} is {'too much' if different[0] in found else 'missing'}"
    if reason := wrong_shape(found, {name: tuple(value.shape) for name, value in expected.items()}):
        return reason
    for name, value in expected.items():
        is_alike = found[name].is_floating_point() and value.is_floating_point()
        if not is_alike and found[name].dtype != value.dtype:
            return f"{name} is of type {found[name].dtype}, not {value.dtype}"
    return None


def wrong_shape(found: Mapping[str, Tensor], expected: Mapping[str, tuple[int, ...]]) -> str | None:
    """The first tensor that is missing or of another shape, as part of a sentence; None: there is none."""
    for name, shape in expected.items():
        if name not in found:
            return f"{name} is missing"
        if found[name].shape != shape:
            return f"{name} is of shape {tuple(found[name].shape)}, not {shape}"
    return None


def first_not_finite(tensors: Mapping[str, Tensor]) -> str | None:
    """The name of a tensor that contains NaN or infinity; None: all values are finite."""
    return next((name for name, value in tensors.items() if not torch.isfinite(value).all()), None)


def find_damage(path: Path, expected: Mapping[str, Tensor] | None = None) -> str | None:
    """What is wrong with a file of tensors in a cache; None: nothing.

    Args:
        path: an existing file.
        expected: tensors with the names, shapes and types that the file must have; None: any.
    """
    try:
        tensors, texts = read_tensors(path)
        from_json(texts.get("fairprog", "{}"))
    except ValueError as error:
        return str(error)
    if expected is not None and _shapes(tensors) != _shapes(expected):
        return "it holds other weights than it should"
    return None if all_finite(tensors) else "it holds values that are not finite"


def all_finite(tensors: Mapping[str, Tensor]) -> bool:
    """Whether no tensor contains NaN or infinity."""
    return all(bool(torch.isfinite(value).all()) for value in tensors.values())


def _shapes(tensors: Mapping[str, Tensor]) -> dict[str, tuple[torch.Size, torch.dtype]]:
    return {name: (value.shape, value.dtype) for name, value in tensors.items()}


FORMAT = "fairprog.learned/1"


def write_learned(path: Path, tensors: dict[str, Tensor], **about: Any) -> None:
    """Write tensors and a JSON header atomically."""
    with replacing(path) as part:
        save_tensors(part, tensors, {"fairprog": json.dumps({"format": FORMAT, **about})})


RUN_AGAIN = "run the study again"


def read_learned(path: Path) -> tuple[dict[str, Tensor], dict[str, JsonValue]]:
    """Read a file written by `write_learned`.

    Raises:
        ArtifactError: the file is missing or damaged, or lacks the cost of the training.
    """
    if not path.is_file():
        raise ArtifactError(f"{path} is missing; {RUN_AGAIN}.")
    tensors, header = read_module(path, format=FORMAT, noun="file", remedy=RUN_AGAIN)
    parse_header(TrainingCosts, header, path=path, remedy=RUN_AGAIN)
    if (name := first_not_finite(tensors)) is not None:
        raise ArtifactError(damaged(path, f"{short(name)} is not finite", RUN_AGAIN))
    return tensors, header
