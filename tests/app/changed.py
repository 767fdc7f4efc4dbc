"""Changes to the result of a copied run."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any


def change(folder: Path, how: Callable[[dict[str, Any]], object]) -> None:
    """Change the result of the run in a folder, in place."""
    file = folder / "result.json"
    values = json.loads(file.read_text("utf-8"))
    how(values)
    file.write_text(json.dumps(values), "utf-8")
