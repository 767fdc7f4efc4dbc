"""How JSON is written into the run table, and read from it."""

import json
import math
from dataclasses import dataclass
from typing import Any

from fairprog_core.common.files.json_values import from_json, short


@dataclass(frozen=True)
class DamagedJson:
    """The value of a JSON column that is not JSON.

    Attributes:
        reason: why the text cannot be read.
    """

    reason: str


def read_json(text: str | bytes) -> Any:
    """The value of a JSON column, or a `DamagedJson`, so that one damaged row does not hide the others."""
    try:
        return from_json(text)
    except (ValueError, TypeError) as error:
        return DamagedJson(short(error))


def to_json(value: Any) -> str:
    """JSON text; numbers that are not finite become null."""
    try:
        return json.dumps(value, allow_nan=False, ensure_ascii=False, separators=(",", ":"))
    except ValueError:
        return json.dumps(_finite(value), allow_nan=False, ensure_ascii=False, separators=(",", ":"))


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return value
