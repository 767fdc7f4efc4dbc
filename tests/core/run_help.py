"""What the tests of runs share: a counting worker as a real process, waiting for something, and a result's numbers."""

import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from fairprog_core.common.home import Home
from fairprog_core.runs import Run, Store
from fairprog_core.study import Study

ROOT = Path(__file__).resolve().parents[2]
T = TypeVar("T")


def numbers(folder: Path) -> dict[str, Any]:
    """The result without seconds and paths, which may differ from run to run."""
    values = json.loads((folder / "result.json").read_text("utf-8").replace(f"runs/{folder.name}/", ""))
    values.pop("seconds")
    for curve in values["curves"]:
        curve.pop("seconds")
    return values


def eventually(look: Callable[[], T], *, seconds: float = 90.0) -> T:
    """What ``look`` returns as soon as it is true; fails when it does not become so."""
    deadline = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < deadline, f"not within {seconds} s"
        time.sleep(0.01)
    return found


def counting(**wishes: object) -> Study:
    """A study for the counting executor."""
    return Study(name=" ".join(f"{key}={value}" for key, value in wishes.items()) or "counting")


def reaches(store: Store, run_id: str, *states: str, seconds: float = 90.0) -> Run:
    """The run as soon as it is in one of these states."""
    return eventually(lambda: run if (run := store.get(run_id)).state in states else None, seconds=seconds)


def steps_of(store: Store, run_id: str) -> list[int]:
    return [record["step"] for record in store.records(run_id) if record["kind"] == "train"]


class CountingWorker:
    """A worker process that counts; killed at the end if it is still there."""

    def __init__(self, home: Home, *, slot: int = 0, idle_seconds: float = 600.0, read_version: str = "None") -> None:
        home.path.joinpath("logs").mkdir(exist_ok=True)
        self.log = home.path / "logs" / f"slot-{slot}.log"
        arguments = f"{str(home.path)!r}, {slot}, {idle_seconds}, {read_version}"
        code = f"from pathlib import Path; from tests.core.counting import work; work({arguments})"
        with self.log.open("ab") as log:
            self.process = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdout=log, stderr=log)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.process.kill()
        self.process.wait()
        if error is not None and self.log.exists():
            sys.stderr.write(self.log.read_text())
