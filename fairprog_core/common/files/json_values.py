"""Values on their way into JSON, and back: what stands in a file is checked before it is used. Torch-free."""

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from pydantic import BaseModel, ConfigDict, JsonValue, ValidationError

from fairprog_core.common import validation
from fairprog_core.common.errors import ArtifactError

MOST_OF_A_REASON = 240  # characters of somebody else's message that become part of a sentence


class Header(BaseModel):
    """Base of the JSON descriptions in fairprog's files: fields of exact types; other keys are left alone."""

    model_config = ConfigDict(frozen=True, strict=True, allow_inf_nan=False, extra="ignore")


H = TypeVar("H", bound=BaseModel)


def parse_header(cls: type[H], values: object, *, path: Path, remedy: str) -> H:
    """The description in a file as a checked type.

    Args:
        cls: what it must hold.
        values: as read from JSON.
        path: the file, for the error.
        remedy: what to do about a damaged file.

    Raises:
        ArtifactError: a key is missing, or its value is of another type or outside its bounds.
    """
    try:
        return cls.model_validate(values)
    except ValidationError as error:
        reason = validation.sentence(error, cls, where="the description").rstrip(".")
        raise ArtifactError(damaged(path, reason, remedy)) from error


def damaged(path: Path, reason: object, remedy: str) -> str:
    """The sentence about a file that cannot be used."""
    return f"{path} is damaged or not written by fairprog ({short(reason)}); {remedy}."


def short(reason: object) -> str:
    """Somebody else's message, or a value, as a part of a sentence: one line, printable, not too long."""
    text = " ".join(str(reason).encode("utf-8", "replace").decode("utf-8").split())
    text = "".join(letter if letter.isprintable() else "?" for letter in text)
    return text if len(text) <= MOST_OF_A_REASON else f"{text[:MOST_OF_A_REASON]}…"


def from_json(text: str | bytes) -> JsonValue:
    """The value of a JSON text.

    Raises:
        ValueError: it is none, is nested too deeply, or holds a number of thousands of digits.
    """
    try:
        value: JsonValue = json.loads(text)
    except RecursionError:
        raise ValueError("JSON that is nested too deeply") from None
    return value


def plain(value: Any) -> Any:
    """Plain JSON values: numpy becomes Python, NaN and infinity become None."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, np.ndarray | np.generic):
        return plain(value.tolist())
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
