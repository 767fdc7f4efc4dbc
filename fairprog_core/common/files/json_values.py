"""Conversion of values to JSON and back; values from a file are validated before they are used. Torch-free."""

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from pydantic import BaseModel, ConfigDict, JsonValue, ValidationError

from fairprog_core.common import validation
from fairprog_core.common.errors import ArtifactError, shorten

MOST_OF_A_REASON = 120  # characters of another library's message that are quoted in an error


class Header(BaseModel):
    """Base of the JSON headers in fairprog's files: types are checked strictly; other keys are ignored."""

    model_config = ConfigDict(frozen=True, strict=True, allow_inf_nan=False, extra="ignore")


H = TypeVar("H", bound=BaseModel)


def parse_header(cls: type[H], values: object, *, path: Path, remedy: str) -> H:
    """Validate the JSON header of a file.

    Args:
        cls: the type of the header.
        values: as read from JSON.
        path: the file, for the error.
        remedy: what to do about a damaged file, for the error.

    Raises:
        ArtifactError: a key is missing, or its value is of another type or outside its bounds.
    """
    try:
        return cls.model_validate(values)
    except ValidationError as error:
        reason = validation.sentence(error, cls, where="the description").rstrip(".")
        raise ArtifactError(damaged(path, reason, remedy)) from error


def damaged(path: Path, reason: object, remedy: str) -> str:
    """The error message for a file that cannot be used."""
    return f"{path} is damaged or not written by fairprog ({short(reason)}); {remedy}."


def short(reason: object) -> str:
    """Another library's message, or a value, as part of a sentence: one line, printable, shortened."""
    return shorten(reason, MOST_OF_A_REASON)


def from_json(text: str | bytes) -> JsonValue:
    """The value of a JSON text.

    Raises:
        ValueError: the text is not JSON, is nested too deeply, or contains a number of thousands of digits.
    """
    try:
        value: JsonValue = json.loads(text)
    except RecursionError:
        raise ValueError("JSON that is nested too deeply") from None
    return value


def plain(value: Any) -> Any:
    """Convert to JSON values: numpy becomes Python, NaN and infinity become None."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, np.ndarray | np.generic):
        return plain(value.tolist())
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
