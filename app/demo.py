"""The shipped examples as the page Start shows them."""

import json
from pathlib import Path
from typing import Any

import streamlit as st

from app import living
from fairprog_core.errors import ArtifactError
from fairprog_core.gallery_file import read_gallery


def living_picture(folder: Path) -> dict[str, Any] | None:
    """The living picture of a shipped example, or None where it has no curve.

    Raises:
        ArtifactError: the example is damaged.
    """
    return _picture(folder, (folder / "result.json").stat().st_mtime_ns)


@st.cache_data(max_entries=4, show_spinner=False)
def _picture(folder: Path, age: int) -> dict[str, Any] | None:
    """``age`` is the file's: another age, another picture."""
    result = _read(folder / "result.json")
    curve = living.chosen_curve(result)
    if curve is None:
        return None
    gallery = read_gallery(folder / "curves" / curve["key"] / "gallery.safetensors")
    return living.picture(result, curve, gallery.arrays, gallery.about, "text" if "texts" in gallery.about else "image")


def _read(path: Path) -> dict[str, Any]:
    """result.json without ``fairprog_core.results``, which imports pyarrow: 35 MB that this page does not need."""
    try:
        values: dict[str, Any] = json.loads(path.read_text("utf-8"))
        if "curves" in values:
            return values
    except (OSError, ValueError, TypeError):
        pass
    raise ArtifactError(f"{path} is damaged.")
