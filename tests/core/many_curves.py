"""A study of several small curves, and the files that have to be the same wherever they are computed."""

from pathlib import Path

from tests.conftest import TINY

MANY = TINY | {
    "name": "many",
    "triggers": [{"kind": "border"}, {"kind": "frame"}],
    "lam": {"low": 0.3, "high": 8.0, "grid": [1.0]},
    "explain": {"gallery": 1, "rows": 4, "probe": False},
    "transfer": [{"base_seed": 1}],
}  # fmt: skip


def files(folder: Path) -> dict[str, bytes]:
    """Every predictions file, by name."""
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*.parquet")}
