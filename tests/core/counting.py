"""A small executor for tests of runs: it counts, and keeps its count in the folder.

It keeps the agreement of ``fairprog_core.pipeline.execute.execute``: records, a checkpoint when the
generator is closed, the same numbers when it goes on. What it does follows from the study's
name, e.g. ``steps=40 pause=0.01``.
"""

import dataclasses
import json
import logging
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from fairprog_core.common.errors import DataError
from fairprog_core.common.home import Home, assets, replacing
from fairprog_core.results.result import Result
from fairprog_core.runs import worker
from fairprog_core.study import Study

GO_ON = "go-on"  # a file in the run's folder: the step that is held goes on
_PAUSE = threading.Event()


def execute(study: Study, *, home: Home, folder: Path) -> Iterator[dict[str, Any]]:
    """Count to ``steps``; every step's value depends on the one before."""
    wish = {"steps": "20", "pause": "0.01"} | dict(part.split("=") for part in study.name.split() if "=" in part)
    steps, pause = int(wish["steps"]), float(wish["pause"])
    checkpoint = folder / "count.json"
    step, value = json.loads(checkpoint.read_text()) if checkpoint.exists() else (0, 1)
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "attempts.txt").open("a") as attempts:
        attempts.write(f"{os.getpid()} from {step}\n")
    try:
        while step < steps:
            if step == int(wish.get("long_at", -1)):
                time.sleep(60)  # a step that takes very long
            if step == int(wish.get("held_at", -1)):
                while not (folder / GO_ON).exists():  # a step that takes as long as the test wants
                    _PAUSE.wait(0.01)
            _PAUSE.wait(pause)  # not time.sleep, which fails where libfaketime sets the clock
            step, value = step + 1, (value * 31 + step) % 1_000_003
            if step % 10 == 0:
                _keep(checkpoint, step, value)
            if step == int(wish.get("data_error_at", -1)):
                raise DataError("The data are not there; put them there.")
            if step == int(wish.get("error_at", -1)):
                raise ZeroDivisionError("secret detail")
            yield {"kind": "train", "curve": "a", "step": step, "steps": steps, "utility_loss": value}
            yield {"kind": "stage", "stage": "triggers", "label": "Counting", "fraction": step / steps}
    finally:
        _keep(checkpoint, step, value)
    shipped = Result.open(assets() / "demo" / "faces")
    dataclasses.replace(shipped, folder=folder, points=[], curves=[], environment={"value": value}).save()
    yield {"kind": "result"}


def _keep(path: Path, step: int, value: int) -> None:
    with replacing(path) as part:
        part.write_text(json.dumps([step, value]))


def last_value(steps: int) -> int:
    """Where counting without an interruption ends."""
    value = 1
    for step in range(steps):
        value = (value * 31 + step) % 1_000_003
    return value


def work(home: str, slot: int = 0, idle_seconds: float = 600.0, read_version: Callable[[], str] | None = None) -> None:
    """A real worker that counts. Started as a process of its own by the tests."""
    logging.basicConfig(level=logging.INFO, stream=sys.stdout)
    worker.work(
        Home(Path(home)),
        slot=slot,
        idle_seconds=idle_seconds,
        execute=execute,
        read_version=read_version or (lambda: "counting"),
    )
