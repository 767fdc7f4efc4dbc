"""Parse TOML, JSON and the values of ``--set`` into JSON values. Torch-free.

Values that cannot be written, compared or copied safely (too deeply nested, too large integers) are refused.
"""

import json
import tomllib
from collections.abc import Callable
from typing import TypeAlias, TypeVar

from pydantic import JsonValue

Values: TypeAlias = dict[str, JsonValue]
T = TypeVar("T")

KINDS = ("dataset", "classifier", "methods", "triggers", "criteria")
LISTS = ("methods", "triggers", "criteria", "seeds")
DEEPEST = 32  # levels of nested tables and lists; a study has five
_INTEGERS = range(-(2**63), 2**63)  # what TOML and the run table accept
_TOO_DEEP = f"tables and lists are nested more than {DEEPEST} deep"


def parse_toml(text: str) -> Values:
    """Parse a TOML document.

    Raises:
        ValueError: the message says in a few words what is wrong.
    """
    return _parse(tomllib.loads, text)


def parse_json(text: str) -> JsonValue:
    """Parse a JSON document.

    Raises:
        ValueError: the message says in a few words what is wrong.
    """
    value: JsonValue = _parse(json.loads, text)
    return value


def read_value(text: str) -> JsonValue:
    """Parse the value after ``key.path=``: TOML, a list without brackets, or plain text; an empty text is None."""
    if is_empty(text):
        return None
    for candidate in (text, f"[{text}]") if "," in text else (text,):
        try:
            parsed = parse_toml(f"value = {candidate}")
        except ValueError:
            continue
        if parsed.keys() == {"value"}:  # else a line break in the text started another key
            return parsed["value"]
    return [read_value(part.strip()) for part in text.split(",")] if "," in text else text


def is_empty(text: str) -> bool:
    """Whether a text stands for no value."""
    return text in ("", "none", "None")


def expand(values: Values) -> None:
    """Expand abbreviations in place: a single value for a list of one, a kind for its options."""
    for key in LISTS:
        if key in values and not isinstance(values[key], list):
            values[key] = [values[key]]
    for key in KINDS:
        value = values.get(key)
        if isinstance(value, str):
            values[key] = {"kind": value}
        elif isinstance(value, list):
            values[key] = [{"kind": each} if isinstance(each, str) else each for each in value]
    others = values.get("transfer")
    for other in others if isinstance(others, list) else []:
        if isinstance(other, dict):  # `Study` refuses anything else
            expand(other)


def _parse(parser: Callable[[str], T], text: str) -> T:
    try:
        value = parser(text)
    except RecursionError:
        raise ValueError(_TOO_DEEP) from None
    _check(value)
    return value


def _check(value: object) -> None:
    """Refuse values that are not JSON, or that Python cannot write, copy or compare; without recursion."""
    left = [(value, 0)]
    while left:
        each, depth = left.pop()
        if isinstance(each, dict | list):
            if depth == DEEPEST:
                raise ValueError(_TOO_DEEP)
            inside = [*each, *each.values()] if isinstance(each, dict) else each
            left += [(one, depth + 1) for one in inside]
        elif isinstance(each, int) and each not in _INTEGERS:
            raise ValueError("an integer has more than 64 bits")
        elif isinstance(each, str):
            each.encode()  # JSON can write half a character: a UnicodeEncodeError is a ValueError
        elif not isinstance(each, int | float | None):
            raise ValueError(f"{each} is a date or a time, and no value of a study is")
