"""Tensors and texts in one ``.safetensors`` file, with a checksum of both; earlier versions wrote none.

`RawTensors` reads, digests and writes a file without torch, bit for bit.
"""

import hashlib
import json
import mmap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from pydantic import TypeAdapter, ValidationError
from safetensors import SafetensorError
from typing_extensions import TypedDict

from fairprog_core.common.files.json_values import from_json, short

if TYPE_CHECKING:
    from torch import Tensor

CHECKSUM = "sha256"  # the text that holds it
FLOATS = {"F16": "float16", "BF16": "bfloat16", "F32": "float32", "F64": "float64"}
_KINDS = FLOATS | {
    "BOOL": "bool", "U8": "uint8", "I8": "int8", "I16": "int16", "I32": "int32", "I64": "int64",
}  # fmt: skip
_MOST_HEADER = 100_000_000  # bytes; safetensors refuses larger ones
_START = 8  # bytes that hold the length of the header
_UNREADABLE = (SafetensorError, OSError, ValueError, KeyError, TypeError, RuntimeError, AttributeError, MemoryError)


def save_tensors(path: Path, tensors: "dict[str, Tensor]", texts: Mapping[str, str]) -> None:
    """Write a file; not atomic, use it inside of `common.home.replacing`."""
    from safetensors.torch import save_file

    save_file(tensors, path, {**texts, CHECKSUM: _checksum(tensors, texts)})


def read_tensors(path: Path) -> "tuple[dict[str, Tensor], dict[str, str]]":
    """The tensors and the texts of a file, without the checksum.

    Raises:
        ValueError: it is not a safetensors file, or it is damaged; the message says why.
    """
    from safetensors import safe_open

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


def _checksum(tensors: "Mapping[str, Tensor]", texts: Mapping[str, str]) -> str:
    """SHA-256 of names, types, shapes, values and texts."""
    import torch

    digest = hashlib.sha256()
    for name, text in sorted(texts.items()):
        digest.update(f"{name!r}: {text!r}\n".encode())
    for name, value in sorted(tensors.items()):
        digest.update(f"{name!r}: {value.dtype} {tuple(value.shape)}\n".encode())
        digest.update(value.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()


class TensorPlace(TypedDict):
    """Where the values of a tensor lie, as the file says it."""

    dtype: str
    shape: list[int]
    data_offsets: tuple[int, int]


class _FileStart(NamedTuple):
    places: dict[str, TensorPlace]
    texts: dict[str, str]
    length: int


@dataclass(frozen=True)
class RawTensors:
    """The content of a file.

    Attributes:
        places: of the tensors in ``data``.
        data: the values of all tensors.
        texts: without the checksum.
    """

    places: dict[str, TensorPlace]
    data: bytes
    texts: dict[str, str]

    @classmethod
    def read(cls, path: Path) -> "RawTensors":
        """Read a whole file.

        Raises:
            ValueError: it is no safetensors file, or damaged; the message says why.
        """
        content = path.read_bytes()
        start = _start(content)
        texts = dict(start.texts)
        expected = texts.pop(CHECKSUM, None)
        found = cls(start.places, content[start.length :], texts)
        if expected is not None and expected != found.checksum():
            raise ValueError("its content does not match its checksum")
        return found

    def to_bytes(self) -> bytes:
        """The file, the same bytes every time."""
        header = {"__metadata__": {**self.texts, CHECKSUM: self.checksum()}, **self.places}
        text = json.dumps(header, separators=(",", ":")).encode()
        text += b" " * (-len(text) % _START)
        return len(text).to_bytes(_START, "little") + text + self.data

    def checksum(self) -> str:
        """SHA-256 of names, types, shapes, values and texts; as `tensor_file` computes it."""
        digest = hashlib.sha256()
        for name, text in sorted(self.texts.items()):
            digest.update(f"{name!r}: {text!r}\n".encode())
        for name, place in sorted(self.places.items()):
            digest.update(f"{name!r}: torch.{_KINDS[place['dtype']]} {tuple(place['shape'])}\n".encode())
            digest.update(self.data[slice(*place["data_offsets"])])
        return digest.hexdigest()


def read_texts(path: Path) -> dict[str, str]:
    """The texts of a file, whose tensors are not read.

    Raises:
        ValueError: it is no safetensors file.
    """
    with path.open("rb") as file:
        length = int.from_bytes(file.read(_START), "little")
        if length > min(path.stat().st_size, _MOST_HEADER):
            raise ValueError("no readable safetensors file")
        file.seek(0)
        return _start(file.read(_START + length), is_whole=False).texts


def digest_of_file(path: Path) -> str:
    """`digest_of_values` of the tensors of a file.

    Raises:
        ValueError: it is no safetensors file.
    """
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        start = _start(content)

        def values() -> Iterator[tuple[str, str, tuple[int, ...], bytes]]:
            for name, place in start.places.items():
                low, high = (start.length + offset for offset in place["data_offsets"])
                yield name, _KINDS.get(place["dtype"], ""), tuple(place["shape"]), content[low:high]

        return digest_of_values(values())


def digest_of_values(values: Iterator[tuple[str, str, tuple[int, ...], bytes]]) -> str:
    """First 16 hex digits of the SHA-256 of what was learned, whatever its parts are called, in any order.

    Args:
        values: of every tensor its name, type, shape and bytes. Whole numbers are counters, and ``read.…`` is how
            fairprog reads pictures for a model; both are left out.

    Returns:
        The digits; empty: nothing was learned here, as in the file of a black box.
    """
    parts = {
        hashlib.sha256(f"{kind} {shape}\n".encode() + content).digest()
        for name, kind, shape, content in values
        if kind in FLOATS.values() and not name.startswith("read.")
    }
    return hashlib.sha256(b"".join(sorted(parts))).hexdigest()[:16] if parts else ""


def _start(content: bytes | mmap.mmap, *, is_whole: bool = True) -> _FileStart:
    """What the beginning of a file says."""
    length = int.from_bytes(content[:_START], "little")
    if length > min(len(content) - _START, _MOST_HEADER):
        raise ValueError("no readable safetensors file")
    header = from_json(content[_START : _START + length])
    if not isinstance(header, dict):
        raise ValueError("no readable safetensors file")
    try:
        texts = TypeAdapter(dict[str, str]).validate_python(header.pop("__metadata__", {}))
        places = TypeAdapter(dict[str, TensorPlace]).validate_python(header)
    except ValidationError as error:
        raise ValueError("no readable safetensors file") from error
    size = len(content) - _START - length
    for place in places.values():
        low, high = place["data_offsets"]
        if place["dtype"] not in _KINDS or not 0 <= low <= high or (is_whole and high > size):
            raise ValueError("its tensors do not lie in it")
    return _FileStart(places, texts, _START + length)


def plain_texts(texts: Mapping[str, str], name: str) -> object:
    """The JSON value of one of a file's texts; None: there is none, or it is no JSON."""
    try:
        return from_json(texts.get(name, "null"))
    except ValueError:
        return None
