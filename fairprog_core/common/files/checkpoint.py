"""Checkpoints: nested state with tensors in it as one ``.safetensors`` file, never pickled.

Tensors go into the file's tensors; everything around them (dicts, lists, numbers, texts) is JSON
in the header. Keys that are not texts, as optimizers have them, survive.
"""

import json
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file

from fairprog_core.common.errors import ArtifactError
from fairprog_core.common.files.json_values import from_json, short
from fairprog_core.common.files.model_file import read_tensors
from fairprog_core.common.home import replacing

_FORMAT = 3  # counts up when what is saved holds other entries, or means something else


def save_state(path: Path, state: Any) -> None:
    """Write a nested state; the file changes at once or not at all."""
    tensors: dict[str, torch.Tensor] = {}
    header = json.dumps(_take_out(state, tensors))
    with replacing(path) as part:
        save_file(tensors, part, {"fairprog": header, "format": str(_FORMAT)})


def load_state(path: Path) -> Any:
    """Read what `save_state` wrote.

    Raises:
        ArtifactError: the file is damaged, or of another version of fairprog.
    """
    try:
        tensors, texts = read_tensors(path)
        if (found := texts.get("format", "1")) != str(_FORMAT):
            raise ValueError(f"its format is {found}, this version of fairprog reads {_FORMAT}")
        return _put_back(from_json(texts["fairprog"]), tensors)
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise ArtifactError(unusable(path, error)) from error


def unusable(path: Path, reason: object) -> str:
    """The sentence about a checkpoint from which no training can go on."""
    return (
        f"The checkpoint {path} is damaged or of another version ({short(reason)}); remove it to start this curve anew."
    )


def _take_out(value: Any, tensors: dict[str, torch.Tensor]) -> Any:
    if isinstance(value, torch.Tensor):
        name = str(len(tensors))
        tensors[name] = value.detach().cpu().contiguous().clone()
        return {"tensor": name}
    if isinstance(value, dict):
        return {"dict": [[key, _take_out(item, tensors)] for key, item in value.items()]}
    if isinstance(value, list | tuple):
        return {"list": [_take_out(item, tensors) for item in value]}
    return value


def _put_back(value: Any, tensors: dict[str, torch.Tensor]) -> Any:
    """The value that `_take_out` took apart.

    Raises:
        ValueError, KeyError, TypeError: it took nothing apart that looks so.
    """
    match value:
        case {"tensor": str(name)}:
            return tensors[name]
        case {"dict": list(items)}:
            return {key: _put_back(item, tensors) for key, item in items}
        case {"list": list(items)}:
            return [_put_back(item, tensors) for item in items]
        case dict() | list():
            raise ValueError(f"{value!r:.60} is neither a tensor nor a dict or a list")
        case _:
            return value
