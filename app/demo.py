"""The shipped example as the page Start shows it."""

import json
from pathlib import Path
from typing import Any

import streamlit as st
from safetensors.numpy import load_file

from app import living, session


def living_picture() -> dict[str, Any] | None:
    """The living picture of the shipped example, or None where there is none."""
    folder = session.demo_folder()
    return _picture(folder, (folder / "result.json").stat().st_mtime) if folder else None


@st.cache_data(max_entries=2)
def _picture(folder: Path, changed: float) -> dict[str, Any] | None:
    """``changed`` is the age of the file: another one, another picture."""
    result = json.loads((folder / "result.json").read_text("utf-8"))
    curve = living.chosen_curve(result)
    if curve is None:
        return None
    return living.picture(result, curve, load_file(folder / "curves" / curve["key"] / "gallery.safetensors"))
