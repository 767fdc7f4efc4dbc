"""Damage for real inputs: bytes, JSON values, and the description inside a safetensors file.

Every function draws from the generator that it is given, so a seed says exactly what was done.
"""

import copy
import json
import math
import random
import struct
from collections.abc import Callable
from typing import Any

from fairprog_core.common.files.tensor_file import CHECKSUM

HUGE = "<<huge>>"  # `json_text` writes an integer of 5,000 digits in its place: Python refuses to write one
DEEP = "<<deep>>"  # … and here a list that is nested 5,000 deep

JsonPath = tuple[str | int, ...]


def mutate_bytes(data: bytes, rng: random.Random) -> bytes:
    """One to three kinds of damage: flipped bits, other bytes, a lost end, swapped, doubled or lost ranges."""
    for _ in range(rng.randint(1, 3)):
        data = rng.choice(_BYTES)(data, rng)
    return data


def mutate_json(value: Any, rng: random.Random) -> Any:
    """A copy of a JSON value with one to three places changed: lost, null, of another type, huge, nested, NaN, …

    Write it with `json_text`: it may hold `HUGE` and `DEEP`.
    """
    value = copy.deepcopy(value)
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        value = _change_one_place(value, rng)
    return value


def json_text(value: Any) -> str:
    """What `mutate_json` gave as text that a JSON reader gets to see."""
    text = json.dumps(value)
    return text.replace(json.dumps(HUGE), "9" * 5000).replace(json.dumps(DEEP), "[" * 5000 + "]" * 5000)


def mutate_safetensors(data: bytes, rng: random.Random) -> bytes:
    """Damage a safetensors file: its bytes, fairprog's description in it, the list of tensors, or their values."""
    header, body = split_safetensors(data)
    match rng.randrange(8):
        case 0 | 1:
            return mutate_bytes(data, rng)
        case 2 | 3 | 4:
            metadata = header.get("__metadata__", {})
            description = json.loads(metadata.get("fairprog", "{}"))
            metadata["fairprog"] = json_text(mutate_json(description, rng))
            return join_safetensors(header, body)
        case 5:
            return join_safetensors(mutate_json(header, rng), body)
        case 6:
            return join_safetensors(header, _other_values(header, body, rng))
        case _:
            return join_safetensors(*_other_tensors(header, body, rng))


def without_checksum(data: bytes) -> bytes:
    """A safetensors file as versions without checksums wrote it."""
    header, body = split_safetensors(data)
    header.get("__metadata__", {}).pop(CHECKSUM, None)
    return join_safetensors(header, body)


def split_safetensors(data: bytes) -> tuple[dict[str, Any], bytes]:
    """The header and the tensors' bytes of a valid file."""
    (n,) = struct.unpack("<Q", data[:8])
    return json.loads(data[8 : 8 + n]), data[8 + n :]


def join_safetensors(header: Any, body: bytes) -> bytes:
    """A file of a header and bytes, whether they belong together or not."""
    text = json_text(header).encode()
    return struct.pack("<Q", len(text)) + text + body


def _flip_bits(data: bytes, rng: random.Random) -> bytes:
    changed = bytearray(data)
    for _ in range(rng.choice((1, 1, 4, 32)) if data else 0):
        changed[_place(data, rng)] ^= 1 << rng.randrange(8)
    return bytes(changed)


def _other_bytes(data: bytes, rng: random.Random) -> bytes:
    start, n = _place(data, rng), rng.choice((1, 8, 64, 512))
    return data[:start] + rng.choice((b"\x00", b"\xff", rng.randbytes(1))) * n + data[start + n :]


def _cut(data: bytes, rng: random.Random) -> bytes:
    return data[: _place(data, rng)]


def _swap_ranges(data: bytes, rng: random.Random) -> bytes:
    a, b, c = sorted(_place(data, rng) for _ in range(3))
    return data[:a] + data[b:c] + data[a:b] + data[c:]


def _double_range(data: bytes, rng: random.Random) -> bytes:
    start, n = _place(data, rng), rng.choice((1, 7, 100))
    return data[: start + n] + data[start:]


def _lose_range(data: bytes, rng: random.Random) -> bytes:
    start, n = _place(data, rng), rng.choice((1, 7, 100))
    return data[:start] + data[start + n :]


def _place(data: bytes, rng: random.Random) -> int:
    """Anywhere, but more often near the two ends, where formats keep their descriptions."""
    n = max(len(data), 1)
    match rng.randrange(4):
        case 0:
            return rng.randrange(min(n, 2000))
        case 1:
            return max(n - 1 - rng.randrange(2000), 0)
        case _:
            return rng.randrange(n)


_BYTES: tuple[Callable[[bytes, random.Random], bytes], ...] = (
    _flip_bits, _flip_bits, _other_bytes, _cut, _swap_ranges, _double_range, _lose_range,
)  # fmt: skip


def _change_one_place(value: Any, rng: random.Random) -> Any:
    paths = list(_paths(value))
    shallow = [path for path in paths if len(path) <= 1]
    path = rng.choice(shallow if rng.random() < 0.5 else paths)
    if not path:
        return _other_value(value, rng)
    *above, last = path
    holder = value
    for part in above:
        holder = holder[part]
    match rng.randrange(8):
        case 0 | 1:
            del holder[last]
        case 2 if isinstance(holder, dict):
            holder[rng.choice(("", f"{last}2", "kind", "λ"))] = holder.pop(last)
        case 3 if isinstance(holder, list):
            holder.extend([holder[last]] * rng.choice((1, 1000)))
        case 4:
            key = rng.choice(list(holder) if isinstance(holder, dict) else range(len(holder)))
            holder[last], holder[key] = holder[key], holder[last]
        case _:
            holder[last] = _other_value(holder[last], rng)
    return value


def _paths(value: Any, path: JsonPath = ()) -> Any:
    yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield from _paths(item, (*path, key))


def _other_value(value: Any, rng: random.Random) -> Any:
    if isinstance(value, int | float) and not isinstance(value, bool) and rng.random() < 0.4:
        near = (value + 1, value - 1, -value, float(value) + 0.5, str(value), [value], value * 2, value * 1000)
        return rng.choice(near)
    if isinstance(value, str) and rng.random() < 0.4:
        return rng.choice((value + "x", value[:-1], value.upper(), value * 1000, value.replace("/", ".."), [value]))
    # fmt: off
    return copy.deepcopy(rng.choice((
        None, True, False, 0, 1, -1, 2**31, 2**63, 10**10, 10**18, -(2**63), 0.5, 1e308, -1e308, 1e-320,
        math.nan, math.inf, -math.inf, "", "x", "\x00", "λ\u202e", "\ud800", "9" * 300, "=1", "../../etc/passwd",
        HUGE, DEEP,
        [], [None], [[]], [0, 0], [math.nan], ["x"] * 3, {}, {"kind": "x"}, {"": None}, {"a": {"b": {"c": []}}},
    )))
    # fmt: on


_SPECIAL = {
    "F64": [struct.pack("<d", v) for v in (math.nan, math.inf, -math.inf, -1.0, 1e308)],
    "F32": [struct.pack("<f", v) for v in (math.nan, math.inf, -math.inf, -1.0, 3e38)],
    "F16": [b"\x00\x7e", b"\x00\x7c", b"\x00\xfc"],
    "I64": [struct.pack("<q", v) for v in (-1, 2**62, -(2**63), 99_999, 7)],
    "U8": [b"\xff"],
    "I8": [b"\x80"],
    "BOOL": [b"\x02", b"\x01"],
}


def _other_values(header: dict[str, Any], body: bytes, rng: random.Random) -> bytes:
    """Special values in one tensor: somewhere, or everywhere."""
    names = [name for name in header if name != "__metadata__" and header[name]["dtype"] in _SPECIAL]
    if not names:
        return mutate_bytes(body, rng)
    tensor = header[rng.choice(names)]
    start, end = tensor["data_offsets"]
    value = rng.choice(_SPECIAL[tensor["dtype"]])
    n = (end - start) // len(value)
    if n and rng.random() < 0.5:
        at = start + rng.randrange(n) * len(value)
        return body[:at] + value + body[at + len(value) :]
    return body[:start] + value * n + body[end:]


def _other_tensors(header: dict[str, Any], body: bytes, rng: random.Random) -> tuple[dict[str, Any], bytes]:
    """Tensors that are well-formed and not those that belong here: lost, renamed, of another shape or type."""
    names = [name for name in header if name != "__metadata__"]
    if not names:
        return header, body
    name = rng.choice(names)
    tensor = header[name]
    start, end = tensor["data_offsets"]
    match rng.randrange(4):
        case 0:
            del header[name]
            for other in header.values():
                if "data_offsets" in other and other["data_offsets"][0] >= end:
                    other["data_offsets"] = [at - (end - start) for at in other["data_offsets"]]
            body = body[:start] + body[end:]
        case 1:
            header[rng.choice(("x", name + "_", name.partition("_")[0]))] = header.pop(name)
        case 2:
            tensor["shape"] = rng.choice((tensor["shape"][::-1], [math.prod(tensor["shape"])], [1, *tensor["shape"]]))
        case _:
            same = {"F32": ("I32", "U32"), "I64": ("F64", "U64"), "F64": ("I64",), "U8": ("I8", "BOOL"), "I8": ("U8",)}
            tensor["dtype"] = rng.choice(same.get(tensor["dtype"], ("U8",)))
    return header, body
