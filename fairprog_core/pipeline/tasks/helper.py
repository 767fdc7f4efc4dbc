"""A helper: a child process that computes tasks of one study, one at a time, and is as closely led as a generator.

After every advance it waits until it is told to go on: a paused study stands still, and a helper that is told to stop
writes a checkpoint, as one that is closed in the same process does.
"""

import os
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Literal, TypeAlias

import torch
from threadpoolctl import threadpool_limits

from fairprog_core.common.errors import FairprogError
from fairprog_core.common.errors.machine import machine_error
from fairprog_core.common.home import Home
from fairprog_core.common.process import memory
from fairprog_core.common.process.child import belong_to_parent
from fairprog_core.pipeline.jobs.environment import choose_device, make_deterministic
from fairprog_core.pipeline.tasks.crew import Finished
from fairprog_core.pipeline.tasks.open_work import open_work
from fairprog_core.pipeline.tasks.study_work import StudyWork
from fairprog_core.pipeline.tasks.task import Task
from fairprog_core.study import Study

Command: TypeAlias = Literal["go on", "stop"]


@dataclass(frozen=True)
class Order:
    """What a helper has to know of a run.

    Attributes:
        study: as JSON.
        home: the home with caches and models.
        folder: the run folder, in which data and base are prepared.
        threads: that torch and BLAS compute with.
        environment: the variables of the process that leads, as those of a copied process may be older.
        number: of the helper; with several GPUs each has its own.
    """

    study: dict[str, Any]
    home: Path
    folder: Path
    threads: int
    environment: Mapping[str, str]
    number: int = 0

    @classmethod
    def of(cls, study: Study, home: Home, folder: Path, threads: int) -> "Order":
        """An order with the variables of this process."""
        return cls(study.to_json(), home.path, folder, threads, {**os.environ})


def serve(line: Connection, order: Order) -> None:
    """Compute the tasks that come over a line until it is closed, or "stop" comes."""
    belong_to_parent()
    os.environ.clear()
    os.environ.update(order.environment)
    memory.keep_freed()
    torch.set_num_threads(order.threads)
    with threadpool_limits(order.threads, user_api="blas"):
        work: StudyWork | None = None
        while isinstance(task := _received(line), Task):
            try:
                work = work or open_order(order)
                is_stopped = _compute(work, task, line)
            except Exception as error:  # noqa: BLE001  # whatever it is, the process that leads raises it
                line.send(Finished(error_to_send(error, order.home)))
                continue
            if is_stopped:
                return
            line.send(Finished())


def _received(line: Connection) -> Task | Command:
    try:
        received: Task | Command = line.recv()
    except EOFError:
        return "stop"
    return received


def open_order(order: Order) -> StudyWork:
    """The work of an order, in a process that has only just begun."""
    study, home = Study.parse(order.study), Home(order.home)
    device = choose_device(study.device)
    if device.type == "cuda":
        torch.cuda.set_device(order.number % torch.cuda.device_count())
    make_deterministic(device)
    return open_work(study, home, order.folder, device)


def _compute(work: StudyWork, task: Task, line: Connection) -> bool:
    """Compute a task; returns whether it was stopped."""
    with closing(work.compute(task)) as advances:
        for advance in advances:
            line.send(advance)
            if _received(line) != "go on":
                return True
    return False


def error_to_send(error: Exception, home: Path) -> Exception:
    """The error in a form that another process can raise, with the place where it happened."""
    if isinstance(error, FairprogError):
        return error
    if (known := machine_error(error, home)) is not None:
        return known
    import traceback

    found = RuntimeError(f"{type(error).__name__}: {error}")
    found.add_note("".join(traceback.format_exception(error)))
    return found
