"""Make a small folder to ship of a finished comparison of methods: ``python tools/ship_comparison.py RUN FOLDER``.

What the pages Compare and Trade-off show stays: every figure, and the predictions on the test rows. Triggers, weights
and logits are left out: they are three quarters of the bytes, and the same studies can be run to get them.
"""

import dataclasses
import json
import sys
from pathlib import Path
from typing import Any

from fairprog_core.results.predictions_file import read_predictions, write_predictions
from fairprog_core.results.result import Result


def ship(run: Path, folder: Path) -> None:
    """Write the folder; it must not exist.

    Args:
        run: the folder of a finished run.
        folder: of the shipped study.
    """
    result, kept = Result.open(run), set[Path]()
    for point in (result.base, *result.points):
        if name := point.artifacts.get("predictions"):
            file = result.path(name)
            found, target = read_predictions(file), folder / file.relative_to(run)
            write_predictions(
                target,
                dataclasses.replace(found.predictions, logits=None),
                groups=found.groups,
                labels=found.labels,
            )
            kept.add(target)
    values: dict[str, Any] = result.to_json()
    for point in (values["base"], *values["points"]):
        point["artifacts"] = {name: path for name, path in point["artifacts"].items() if name == "predictions"}
    for curve in values["curves"]:
        curve["artifact"] = ""
    (folder / "result.json").write_text(json.dumps(values, allow_nan=False, separators=(",", ":")), "utf-8")
    (folder / "study.json").write_bytes((run / "study.json").read_bytes())
    Result.open(folder)
    n_bytes = sum(each.stat().st_size for each in folder.rglob("*") if each.is_file())
    print(f"{len(kept)} files of predictions, {n_bytes:,} bytes")


if __name__ == "__main__":
    ship(Path(sys.argv[1]), Path(sys.argv[2]))
