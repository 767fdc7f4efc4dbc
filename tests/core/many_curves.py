"""A study of several small curves, and what of its results has to be the same wherever they are computed."""

import json
from pathlib import Path
from typing import Any

from tests.conftest import TINY

MANY = TINY | {
    "name": "many",
    "triggers": [{"kind": "border"}, {"kind": "frame"}],
    "lam": {"low": 0.3, "high": 8.0, "grid": [1.0]},
    "explain": {"gallery": 1, "rows": 4, "probe": False},
    "transfer": [{"base_seed": 1}],
}  # fmt: skip


def numbers(folder: Path) -> dict[str, Any]:
    """The result without seconds and the name of the run."""
    values = json.loads((folder / "result.json").read_text("utf-8").replace(f"runs/{folder.name}/", ""))
    values.pop("seconds")
    for curve in values["curves"]:
        curve.pop("seconds")
    return values


def files(folder: Path) -> dict[str, bytes]:
    """Every predictions file and trigger, by name."""
    found = [*folder.rglob("*.parquet"), *folder.rglob("trigger.safetensors")]
    return {str(file.relative_to(folder)): file.read_bytes() for file in found if file.suffix == ".parquet"}
