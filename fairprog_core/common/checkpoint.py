"""Checkpoints: nested state with tensors in it as one ``.safetensors`` file, never pickled.

Tensors go into the file's tensors; everything around them (dicts, lists, numbers, texts) is JSON
in the header. Keys that are not texts, as optimizers have them, survive.
"""

import json
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from fairprog_core.common.errors import ArtifactError
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
        with safe_open(path, framework="pt") as file:
            if (found := file.metadata().get("format", "1")) != str(_FORMAT):
                raise ValueError(f"its format is {found}, this version of fairprog reads {_FORMAT}")
            header = json.loads(file.metadata()["fairprog"])
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ArtifactError(
            f"The checkpoint {path} is damaged or of another version ({error}); remove it to start this curve anew."
        ) from error
    return _put_back(header, tensors)


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
    if not isinstance(value, dict):
        return value
    if "tensor" in value:
        return tensors[value["tensor"]]
    if "dict" in value:
        return {key: _put_back(item, tensors) for key, item in value["dict"]}
    return [_put_back(item, tensors) for item in value["list"]]
