"""Starts workers on this machine, one per slot; a worker outlives the process that started it."""

import contextlib
import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import psutil
from filelock import FileLock
from pydantic import Field

from fairprog_core.common.errors import ConfigError
from fairprog_core.common.files.json_values import Header, from_json
from fairprog_core.common.home import Home
from fairprog_core.runs import wakeup
from fairprog_core.runs.table.run import Owner

LOG_BYTES = 1_000_000  # a longer log is renamed when the next worker starts

_started: list[subprocess.Popen[bytes]] = []  # kept to reap children that have ended

WorkerState = Literal["starting", "idle", "busy"]


@dataclass(frozen=True)
class WorkerStatus:
    """The status of a worker that is alive.

    Attributes:
        slot: number of its slot, from 0.
        state: starting (importing), idle (warm, waits for a run) or busy.
        run: the id of the run that it executes.
        owner: its process.
        version: version of the code that it runs.
        since: when it wrote this status, in seconds since 1970.
    """

    slot: int
    state: WorkerState
    run: str | None
    owner: Owner
    version: str
    since: float


def slots() -> int:
    """Number of workers on this machine: ``FAIRPROG_SLOTS``, else one per GPU, else one.

    Raises:
        ConfigError: ``FAIRPROG_SLOTS`` is not a number from 1 to 64.
    """
    text = os.environ.get("FAIRPROG_SLOTS")
    if not text:
        return max(len(_gpus()), 1)
    if not text.isdecimal() or not 1 <= int(text) <= 64:
        raise ConfigError(f"FAIRPROG_SLOTS is {text!r}; it must be a number from 1 to 64.")
    return int(text)


def workers(home: Home) -> list[WorkerStatus]:
    """The workers of a home that run on this machine."""
    found = []
    for path in sorted(wakeup.folder(home).glob("slot-*.json")):
        status = read_status(path)
        if status is not None and status.owner.is_alive():
            found.append(status)
    return found


class StatusFile(Header):
    """The content of a worker's status file; see `WorkerStatus` and `Owner`."""

    slot: int = Field(ge=0, le=10_000)
    state: WorkerState
    run: str | None
    since: float
    version: str
    host: str
    pid: int = Field(ge=1, lt=2**31)
    process_started: float

    @property
    def owner(self) -> Owner:
        """The worker's process."""
        return Owner(self.host, self.pid, self.process_started)


def read_status(path: Path) -> WorkerStatus | None:
    """Read a status file; None while it is being replaced, or when it is damaged or of another version.

    `ensure_workers` then treats the slot as free. A worker that is alive keeps its lock, and writes the file again
    with its next state.
    """
    try:
        status = StatusFile.model_validate(from_json(path.read_bytes()))
    except (OSError, ValueError):
        return None
    return WorkerStatus(status.slot, status.state, status.run, status.owner, status.version, status.since)


def ensure_workers(home: Home, *, idle_seconds: float | None = None) -> list[WorkerStatus]:
    """Start a worker in every slot that has none; returns all workers, those that are starting included.

    Quick, and does nothing when every slot has a worker: call it when a page opens that can submit,
    and after every submit.
    """
    _reap_children()
    wakeup.folder(home).mkdir(parents=True, exist_ok=True)
    with FileLock(wakeup.folder(home) / "launch.lock"):
        taken = {worker.slot for worker in workers(home)}
        for slot in range(slots()):
            if slot not in taken:
                start(home, slot, idle_seconds=idle_seconds)
    return workers(home)


def start(home: Home, slot: int = 0, *, idle_seconds: float | None = None) -> int:
    """Start a detached worker; returns its process id. The worker exits at once if the slot is taken."""
    command = [sys.executable, "-P", "-m", "fairprog_core.runs.worker", str(home.path), "--slot", str(slot)]
    if idle_seconds is not None:
        command += ["--idle", str(idle_seconds)]
    if slot not in {worker.slot for worker in workers(home)}:
        _status_file(home, slot).unlink(missing_ok=True)  # left by a worker that was killed
    with _log(home, slot).open("ab") as log:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True, env=_environment(slot)
        )
    _started.append(process)
    _announce(home, slot, process.pid)
    return process.pid


def stop_workers(home: Home, *, seconds: float = 5.0) -> int:
    """Terminate every worker of this home, and kill those that have not ended after ``seconds``.

    Running runs become lost, keep their checkpoint, and can be resumed. Returns the number of workers.
    """
    found = workers(home)
    processes = [psutil.Process(worker.owner.pid) for worker in found if worker.owner.is_alive()]
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.terminate()
    _, left = psutil.wait_procs(processes, timeout=seconds)
    for process in left:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(left, timeout=1)
    _reap_children()
    return len(found)


def _announce(home: Home, slot: int, pid: int) -> None:
    """Write the status "starting" for a worker that cannot write it yet."""
    with contextlib.suppress(psutil.NoSuchProcess):
        owner = Owner(Owner.this_process().host, pid, psutil.Process(pid).create_time())
        status = {"slot": slot, "state": "starting", "run": None, "since": time.time(), "version": ""}
        with contextlib.suppress(FileExistsError), _status_file(home, slot).open("x") as file:
            json.dump(status | owner.__dict__, file)


def _status_file(home: Home, slot: int) -> Path:
    return wakeup.folder(home) / f"slot-{slot}.json"


def _log(home: Home, slot: int) -> Path:
    path = home.path / "logs" / f"slot-{slot}.log"
    path.parent.mkdir(exist_ok=True)
    if path.exists() and path.stat().st_size > LOG_BYTES:
        path.replace(path.with_suffix(".1.log"))
    return path


def _gpus() -> list[str]:
    """The NVIDIA GPUs that torch will see, without importing it."""
    chosen = os.environ.get("CUDA_VISIBLE_DEVICES")
    if chosen is not None:
        return [part for part in chosen.split(",") if part.strip() and part.strip() != "-1"]
    folder = Path("/proc/driver/nvidia/gpus")
    return [str(i) for i in range(len(list(folder.iterdir())))] if folder.is_dir() else []


def _environment(slot: int) -> dict[str, str]:
    """Environment variables of a slot's worker: with several GPUs each slot gets its own GPU."""
    gpus = _gpus()
    return {**os.environ, "CUDA_VISIBLE_DEVICES": gpus[slot % len(gpus)]} if len(gpus) > 1 else {**os.environ}


def _reap_children() -> None:
    """Reap children that have ended, so that no zombies stay."""
    _started[:] = [process for process in _started if process.poll() is None]
