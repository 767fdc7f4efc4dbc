"""What helpers do: child processes that compute tasks of one study, and are as closely led as a generator.

After every advance a task waits until it is told to go on: a paused study stands still, and a task that is told to stop
writes a checkpoint, as one that is closed in the same process does.
"""

import os
from collections.abc import Generator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any, Literal, TypeAlias, cast

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
from fairprog_core.pipeline.tasks.task import Advance, Task
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
        number: of the helper; helpers take the GPUs in turns.
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


class Lane:
    """A line of a process, and the tasks that come over it, one at a time.

    The lanes of a process take turns, each until its next advance. On a GPU every lane has a stream of its own, and
    shares no tensor with another: what one has begun is computed beside what the others have.
    """

    def __init__(self, line: Connection, order: Order) -> None:
        self.line, self.order = line, order
        self._work: StudyWork | None = None
        self._advances: Generator[Advance] = _nothing()
        self._stream: AbstractContextManager[object] = nullcontext()

    def hear(self) -> bool:
        """Do what comes next over the line; returns whether it stays open."""
        received = _received(self.line)
        try:
            if isinstance(received, Task):
                self._advances = self._opened().compute(received)
            with self._stream:
                if received == "stop":
                    self._advances.close()  # a training writes its checkpoint
                else:
                    self.line.send(next(self._advances, Finished()))
        except Exception as error:  # noqa: BLE001  # whatever it is, the process that leads raises it
            self.line.send(Finished(error_to_send(error, self.order.home)))
        return received != "stop"

    def _opened(self) -> StudyWork:
        """The work of the order, on the lane's own stream."""
        if self._work is None:
            device = device_of(self.order)
            if device.type == "cuda":
                self._stream = torch.cuda.stream(torch.cuda.Stream(device))  # type: ignore[no-untyped-call]
            with self._stream:
                self._work = open_order(self.order, device)
        return self._work


def serve(lines: Sequence[Connection], order: Order) -> None:
    """Compute the tasks that come over several lines, until each is closed or "stop" has come over it."""
    belong_to_parent()
    os.environ.clear()
    os.environ.update(order.environment)
    memory.keep_freed()
    torch.set_num_threads(order.threads)
    with threadpool_limits(order.threads, user_api="blas"):
        lanes = {line: Lane(line, order) for line in lines}
        while lanes:
            for line in cast(list[Connection], wait([*lanes])):
                if not lanes[line].hear():
                    del lanes[line]
                    line.close()


def _received(line: Connection) -> Task | Command:
    try:
        received: Task | Command = line.recv()
    except EOFError:
        return "stop"
    return received


def device_of(order: Order) -> torch.device:
    """The device of an order, which this process computes on from now on."""
    device = choose_device(Study.parse(order.study).device)
    if device.type == "cuda":
        torch.cuda.set_device(order.number % torch.cuda.device_count())
    make_deterministic(device)
    return device


def open_order(order: Order, device: torch.device) -> StudyWork:
    """The work of an order, in a process that has only just begun."""
    return open_work(Study.parse(order.study), Home(order.home), order.folder, device)


def _nothing() -> Generator[Advance]:
    yield from ()


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
