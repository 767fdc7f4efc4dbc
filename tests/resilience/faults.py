"""What the tests of faults share: a cheap study whose base tells the labels apart, and a run of it in this process."""

import contextlib
import hashlib
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from fairprog_core.common.home import Home
from fairprog_core.common.records import Record
from fairprog_core.runs import Owner, Run, Store
from fairprog_core.runs.recorder import StopRequest, record_run
from fairprog_core.runs.timing.heartbeat import Patience
from fairprog_core.study import Study
from tests.conftest import Finished, _run_once

STUDY: dict[str, Any] = {
    "name": "faults",
    "dataset": {"kind": "faces", "image_size": 32, "n_train": 768, "n_tune": 128, "n_val": 64, "n_test": 96},
    "classifier": {"kind": "residual_net", "source": "auto", "epochs": 4},
    "lam": {"low": 0.3, "high": 8.0, "grid": [0.0, 2.0]},
    "budget": {"steps": 12, "validate_every": 4},
    "explain": {"gallery": 2, "rows": 8, "probe": False},
    "device": "cpu",
    "threads": 1,
}

Instant = Callable[[Record], bool]


def run_once(folder: Path) -> Finished:
    """The study, run without a fault, once per test session."""
    finished = _run_once(Study.parse(STUDY), folder, "faults")
    accuracy = finished.result.base.metrics["accuracy"].value
    assert accuracy is not None
    assert accuracy > finished.result.majority_accuracy + 0.1  # a base that has collapsed would have the same figures
    return finished


def at(kind: str, **wanted: Any) -> Instant:
    return lambda record: record["kind"] == kind and all(record.get(key) == value for key, value in wanted.items())


def with_caches(finished: Finished, home: Home) -> Home:
    """Copy data and base of a finished study to a new home."""
    for source, target in ((finished.home.cache, home.cache), (finished.home.models, home.models)):
        shutil.copytree(source, target)
    return home


def ended_process() -> Owner:
    """The owner of a run whose process has ended: as if this process had ended after the fault."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        owner = Owner.of(process.pid)
        process.communicate(b"\n")
    return owner


def carry_out(
    store: Store, run: Run, instant: Instant | None = None, strike: Callable[[], object] = lambda: None
) -> None:
    """Carry out a run in this process, and let a fault strike at the first record that ``instant`` accepts."""
    from fairprog_core.pipeline.execute import execute

    has_struck = instant is None
    for record in record_run(store, run, execute, StopRequest("cancelled")):
        if not has_struck and instant is not None and instant(record):
            has_struck = True
            strike()
    assert has_struck


def digests(home: Home) -> dict[str, str]:
    """The content of every finished file of runs, caches and models."""
    files = [file for part in (home.runs, home.cache, home.models) for file in part.rglob("*") if file.is_file()]
    names = {str(file.relative_to(home.path)): file for file in files}
    return {name: hashlib.sha256(file.read_bytes()).hexdigest() for name, file in names.items() if not is_scratch(name)}


def is_scratch(name: str) -> bool:
    """Whether a file of a home lies in a folder in which it is written before it gets its name."""
    return any(part.startswith(".") for part in Path(name).parts)


@contextlib.contextmanager
def mounted(folder: Path, *options: str) -> Iterator[Path]:
    """Mount something on a new folder; skip the test where this user may not.

    Args:
        folder: must not exist.
        options: of the command ``mount``.
    """
    folder.mkdir(parents=True)
    done = subprocess.run(["mount", *options, str(folder)], capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"this user may not mount: {done.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)  # lazily: columns of data are still mapped


def without_paths(result: Any) -> list[Any]:
    return [replace(point, artifacts={}) for point in result.points]


def quick_store(home: Home) -> Store:
    """A store that tells at once that a process has ended."""
    return Store(home, patience=Patience(lost=0.0))
