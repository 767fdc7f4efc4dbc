"""What a page drew, read from what its components were given."""

import json
from typing import Any

from streamlit.testing.v1 import AppTest


def given(page: AppTest, key: str) -> dict[str, Any]:
    """The data of the component whose key begins so.

    Raises:
        KeyError: the page has no such component.
    """
    found = {node.proto.id: node.proto.json for node in page.main if node.type == "bidi_component"}
    for name, data in found.items():
        if name.split("-", 2)[2].startswith(key):  # $$ID-<hash>-<key>
            content: dict[str, Any] = json.loads(data)[0]
            return content
    raise KeyError(f"{key!r} among {list(found)}")


def traces(page: AppTest, key: str) -> list[dict[str, Any]]:
    """The traces of a live chart."""
    content: list[dict[str, Any]] = json.loads(given(page, key)["figure"])["data"]
    return content


def marker(page: AppTest, key: str) -> tuple[list[float], list[float]]:
    """Where the λ slider's marker stands."""
    trace = next(trace for trace in traces(page, key) if trace.get("meta") == "marker")
    return trace["x"], trace["y"]


def rows(page: AppTest, key: str) -> list[list[str]]:
    """The text alternative of a live chart."""
    content: list[list[str]] = given(page, key)["rows"]
    return content
