"""Tensors and texts in one ``.safetensors`` file, with a checksum of both; earlier versions wrote none."""

import hashlib
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from fairprog_core.common.files.json_values import short
from fairprog_core.common.files.raw_tensors import CHECKSUM

_UNREADABLE = (SafetensorError, OSError, ValueError, KeyError, TypeError, RuntimeError, AttributeError, MemoryError)


def save_tensors(path: Path, tensors: dict[str, Tensor], texts: Mapping[str, str]) -> None:
    """Write a file; not atomic, use it inside of `common.home.replacing`."""
    save_file(tensors, path, {**texts, CHECKSUM: _checksum(tensors, texts)})


def read_tensors(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    """The tensors and the texts of a file, without the checksum.

    Raises:
        ValueError: it is not a safetensors file, or it is damaged; the message says why.
    """
    try:
        with safe_open(path, framework="pt") as file:
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            texts = dict(file.metadata() or {})
        expected = texts.pop(CHECKSUM, None)
        is_whole = expected is None or expected == _checksum(tensors, texts)
    except _UNREADABLE as error:
        raise ValueError(f"no readable safetensors file: {short(error)}") from error
    if not is_whole:
        raise ValueError("its content does not match its checksum")
    return tensors, texts


def _checksum(tensors: Mapping[str, Tensor], texts: Mapping[str, str]) -> str:
    """SHA-256 of names, types, shapes, values and texts."""
    digest = hashlib.sha256()
    for name, text in sorted(texts.items()):
        digest.update(f"{name!r}: {text!r}\n".encode())
    for name, value in sorted(tensors.items()):
        digest.update(f"{name!r}: {value.dtype} {tuple(value.shape)}\n".encode())
        digest.update(value.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()
