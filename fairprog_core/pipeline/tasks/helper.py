"""What helpers do: child processes that compute tasks of one study, and are as closely led as a generator.

After every advance a task waits until it is told to go on: a paused study stands still, and a task that is told to stop
writes a checkpoint, as one that is closed in the same process does.
"""

import os
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
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
from fairprog_core.pipeline.tasks.crew import Finished, HelperAnswer
from fairprog_core.pipeline.tasks.open_work import open_work
from fairprog_core.pipeline.tasks.study_work import StudyWork
from fairprog_core.pipeline.tasks.task import Advance, Task, TaskKind
from fairprog_core.study import Study

Command: TypeAlias = Literal["go on", "stop"]
LOCKING: tuple[TaskKind, ...] = ("base", "other_base", "explanation")  # make files that other studies want too


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
    shares no tensor with another: the steps that one has begun are computed beside those of the others.
    """

    def __init__(self, line: Connection, order: Order) -> None:
        self.line, self.order = line, order
        self.received: Task | None = None  # and not begun
        self.task: Task | None = None  # at work
        self._work: StudyWork | None = None
        self._advances: Generator[Advance] = _nothing()
        self._stream: torch.cuda.Stream | None = None

    def hear(self) -> bool:
        """Do what is said over the line, but for beginning a task; returns whether it stays open."""
        match said := _received(self.line):
            case Task():
                self.received = said
            case "go on":
                self._answer(lambda: next(self._advances, Finished()))
            case "stop":
                self._answer(self._advances.close)  # a training writes its checkpoint
        return said != "stop"

    def can_begin(self, others: Iterable["Lane"]) -> bool:
        """Whether a task has come that may be begun.

        A task that holds the lock of a file between its advances is the only one of its process: another that asked for
        the same lock would stop them all.
        """
        if self.received is None:
            return False
        return self.received.kind not in LOCKING or not any(
            other.task is not None and other.task.kind in LOCKING for other in others
        )

    def begin(self) -> None:
        """Compute the task that has come, until its first advance."""
        self.task, self.received = self.received, None

        def first() -> HelperAnswer:
            assert self.task is not None
            self._advances = self._opened().compute(self.task)
            with self._on_stream():
                return next(self._advances, Finished())

        self._answer(first)

    def _answer(self, work: Callable[[], HelperAnswer | None]) -> None:
        """Do work on the lane's stream and send what it gives, or the error that ends it."""
        try:
            with self._on_stream():
                answer = work()
        except Exception as error:  # noqa: BLE001  # whatever it is, the process that leads raises it
            answer = Finished(error_to_send(error, self.order.home))
        if isinstance(answer, Finished):
            self.task = None
        if answer is not None:
            self.line.send(answer)

    def _opened(self) -> StudyWork:
        """The work of the order; what it computes is on the lane's stream from now on."""
        if self._work is None:
            device = device_of(self.order)
            if device.type == "cuda":
                self._stream = torch.cuda.Stream(device)  # type: ignore[no-untyped-call]
            with self._on_stream():
                self._work = open_order(self.order, device)
        return self._work

    def _on_stream(self) -> AbstractContextManager[object]:
        """Computes on the lane's stream inside, once there is one."""
        return nullcontext() if self._stream is None else torch.cuda.stream(self._stream)


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
            for lane in lanes.values():
                if lane.can_begin(lanes.values()):
                    lane.begin()


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
