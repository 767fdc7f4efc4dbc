"""The card of a data set: its class docstring, read without importing the class."""

import ast
import importlib.util
from functools import cache
from pathlib import Path
from typing import NamedTuple

from fairprog_core.data import DATASETS


class DataCard(NamedTuple):
    """What a data set says of itself: the first sentence, then (what, text) lines."""

    about: str
    lines: tuple[tuple[str, str], ...]


@cache
def card(kind: str) -> DataCard | None:
    """The card of a data set, or None where it has none.

    Args:
        kind: its key in the registry.
    """
    module, name = DATASETS[kind].implementation.split(":")
    spec = importlib.util.find_spec(module)
    if spec is None or spec.origin is None:
        return None
    tree = ast.parse(Path(spec.origin).read_text("utf-8"))
    node = next((n for n in tree.body if isinstance(n, ast.ClassDef) and n.name == name), None)
    docstring = ast.get_docstring(node) if node else None
    return _read(docstring) if docstring else None


def note(kind: str) -> str:
    """What a data set's card wants to be known wherever its rows are shown; mostly nothing."""
    found = card(kind) if kind in DATASETS else None
    return next((text for what, text in (found.lines if found else ()) if what == "Note"), "")


def _read(docstring: str) -> DataCard:
    """``Input: a drawn face.`` and its indented continuation become one line."""
    first, _, rest = docstring.partition("\n")
    lines: list[tuple[str, str]] = []
    for line in rest.splitlines():
        what, colon, text = line.partition(":")
        if line.startswith(" ") and lines:
            lines[-1] = (lines[-1][0], f"{lines[-1][1]} {line.strip()}")
        elif colon and what.strip():
            lines.append((what.strip(), text.strip()))
        elif line.strip() and lines:
            lines[-1] = (lines[-1][0], f"{lines[-1][1]} {line.strip()}")
    return DataCard(first.strip(), tuple(lines))
