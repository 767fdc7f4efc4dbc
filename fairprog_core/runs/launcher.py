"""Starts workers on this machine, one per slot; a worker outlives the process that started it.

Beside each worker stands a small process, its ``watchdog``, which notices when the worker ends by an error.
"""

import contextlib
import json
import os
import signal
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
from fairprog_core.common.home import Home, remove_scratch
from fairprog_core.runs import wakeup, watchdog
from fairprog_core.runs.store import Store
from fairprog_core.runs.table.run import Owner

LOG_BYTES = 1_000_000  # a longer log is renamed when the next worker starts
RESTART = (  # without plug-ins: one of them may be what ends the worker
    "from fairprog_core.common import plugins; plugins.leave_out(); from fairprog_core.runs.restart import main; main()"
)

STARTING_SECONDS = 60.0  # most time that a worker needs to start

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


def start(home: Home, slot: int = 0, *, idle_seconds: float | None = None) -> int | None:
    """Start a detached worker and its watchdog; the worker exits at once if the slot is taken.

    Returns:
        The worker's process id; None: the system started no process, and the next queued run says so.
    """
    arguments = [str(home.path), "--slot", str(slot)]
    if idle_seconds is not None:
        arguments += ["--idle", str(idle_seconds)]
    worker = [sys.executable, "-P", "-m", "fairprog_core.runs.worker", *arguments]
    after = [sys.executable, "-P", "-c", RESTART, *arguments]
    tell_of_the_last(home, slot)
    try:
        with log_file(home, slot).open("ab") as file:
            process = subprocess.Popen(
                [sys.executable, "-I", "-S", watchdog.__file__, _exit_file(home, slot), *worker, "--", *after],
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=file, start_new_session=True,
                env=_environment(slot),
            )  # fmt: skip
    except OSError as error:  # processes or memory are short
        _started_nothing(home, slot, error.strerror or str(error))
        return None
    _started.append(process)
    assert process.stdout
    with process.stdout as pipe:
        line = pipe.readline()
    if not line:
        _started_nothing(home, slot, f"exit code {process.wait()}")
        return None
    _announce(home, slot, int(line))
    return int(line)


def tell_of_the_last(home: Home, slot: int) -> None:
    """Where the last worker of a slot ended by an error before it began a run, tell the next run; forget that worker.

    The run of a worker that had begun one becomes lost by itself, see ``heartbeat``.
    """
    status, exit_file = read_status(status_file(home, slot)), _exit_file(home, slot)
    if status is not None and status.owner.is_alive():
        return
    code = _exit_code(exit_file)
    status_file(home, slot).unlink(missing_ok=True)
    remove_scratch(status_file(home, slot))
    exit_file.unlink(missing_ok=True)
    state = "starting" if status is None else status.state
    if code is not None and state != "busy":
        _tell_queue(home, slot, f"The worker ended{' while starting' * (state == 'starting')} ({_how(code)})")
    elif status is not None and state == "starting":  # its watchdog was killed too
        _tell_queue(home, slot, "The worker ended while starting", queued_before=status.since + STARTING_SECONDS)


def _started_nothing(home: Home, slot: int, reason: str) -> None:
    _tell_queue(home, slot, f"The start of a worker failed ({reason})")


def _tell_queue(home: Home, slot: int, sentence: str, *, queued_before: float | None = None) -> None:
    """Write into the slot's log, and to the run that is next in the queue, why no worker has begun it."""
    path = log_file(home, slot)
    with path.open("a", encoding="utf-8") as file:
        file.write(f"{time.strftime('%Y-%m-%d %H:%M:%S')} {sentence}.\n")
    with Store(home) as store:
        store.tell_next(sentence, log=path, queued_before=queued_before)


def _exit_code(path: Path) -> int | None:
    try:
        return int(path.read_text("utf-8"))
    except (OSError, ValueError):
        return None


def _how(exit_code: int) -> str:
    """An exit code as ``subprocess`` gives it, in words."""
    if exit_code >= 0:
        return f"exit code {exit_code}"
    try:
        return f"signal {signal.Signals(-exit_code).name}"
    except ValueError:
        return f"signal {-exit_code}"


def stop_workers(home: Home, *, seconds: float = 5.0) -> int:
    """Terminate every worker of this home, and kill those that have not ended after ``seconds``.

    Running runs become lost, keep their checkpoint, and can be resumed. Returns the number of workers.
    """
    found = workers(home)
    _end_watchdogs(found)
    processes = [psutil.Process(worker.owner.pid) for worker in found if worker.owner.is_alive()]
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.terminate()
    _, left = psutil.wait_procs(processes, timeout=seconds)
    for process in left:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(left, timeout=1)
    for worker in found:
        remove_scratch(status_file(home, worker.slot))  # of one that was killed while it wrote
    _reap_children()
    return len(found)


def _end_watchdogs(found: list[WorkerStatus]) -> None:
    """End the watchdogs of workers, which would start them again."""
    for worker in found:
        with contextlib.suppress(psutil.Error):
            parent = psutil.Process(worker.owner.pid).parent()
            if parent is not None and watchdog.__file__ in parent.cmdline():
                parent.kill()


def _announce(home: Home, slot: int, pid: int) -> None:
    """Write the status "starting" for a worker that cannot write it yet."""
    with contextlib.suppress(psutil.NoSuchProcess):
        owner = Owner.of(pid)
        status = {"slot": slot, "state": "starting", "run": None, "since": time.time(), "version": ""}
        with contextlib.suppress(FileExistsError), status_file(home, slot).open("x") as file:
            json.dump(status | owner.__dict__, file)


def status_file(home: Home, slot: int) -> Path:
    """The file in which a worker writes its status."""
    return wakeup.folder(home) / f"slot-{slot}.json"


def _exit_file(home: Home, slot: int) -> Path:
    return wakeup.folder(home) / f"slot-{slot}.exit"


def log_file(home: Home, slot: int) -> Path:
    """The log of a slot's workers; a long one is renamed."""
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
    """Environment variables of a slot's worker: how many slots there are, and with several of them its own GPU."""
    gpus, n = _gpus(), slots()
    own = {"CUDA_VISIBLE_DEVICES": gpus[slot % len(gpus)]} if n > 1 and gpus else {}
    return os.environ | {"FAIRPROG_SLOTS": str(n)} | own


def _reap_children() -> None:
    """Reap children that have ended, so that no zombies stay."""
    _started[:] = [process for process in _started if process.poll() is None]
