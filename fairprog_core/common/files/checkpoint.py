"""Checkpoints: nested state that contains tensors, as one ``.safetensors`` file, never pickled.

Tensors become tensors of the file; everything else (dicts, lists, numbers, texts) is JSON
in the header. Keys that are not strings, which optimizers use, are preserved.
"""

import json
from pathlib import Path
from typing import Any

import torch

from fairprog_core.common.files.json_values import from_json, short
from fairprog_core.common.files.tensor_file import read_tensors, save_tensors
from fairprog_core.common.home import replacing

_FORMAT = 3  # increased whenever the saved entries or their meaning change


def save_state(path: Path, state: Any) -> None:
    """Write a nested state atomically."""
    tensors: dict[str, torch.Tensor] = {}
    header = json.dumps(_take_out(state, tensors))
    with replacing(path) as part:
        save_tensors(part, tensors, {"fairprog": header, "format": str(_FORMAT)})


def load_state(path: Path) -> Any:
    """Read a file written by `save_state`.

    Raises:
        ValueError: the file is damaged, or of another version of fairprog; the message says why.
    """
    tensors, texts = read_tensors(path)
    if (found := texts.get("format", "1")) != str(_FORMAT):
        raise ValueError(f"its format is {short(found)}, this version of fairprog reads {_FORMAT}")
    try:
        return _put_back(from_json(texts["fairprog"]), tensors)
    except (KeyError, TypeError, RecursionError) as error:
        raise ValueError(f"it holds no state ({short(error)})") from error


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
    """The inverse of `_take_out`.

    Raises:
        ValueError, KeyError, TypeError: the value is not one that `_take_out` returns.
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
