"""A leader: a child process that computes one study of several, as `execute` does, and is led record by record.

Its first helper costs it a second or two: a process that was copied itself needs an own one to copy helpers from.

After every record it waits until it is told to go on: a paused run stands still, and what the process above has to
write before the next checkpoint is written by then.
"""

import os
import signal
from collections.abc import Mapping
from contextlib import closing, suppress
from dataclasses import dataclass
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, cast

import torch

from fairprog_core.common.errors import RunError
from fairprog_core.common.home import Home
from fairprog_core.common.process.child import CopiedProcess, belong_to_parent, prepare_copies
from fairprog_core.common.records import Record
from fairprog_core.pipeline.execute import execute
from fairprog_core.pipeline.jobs.environment import choose_device
from fairprog_core.pipeline.tasks.crew import Finished
from fairprog_core.pipeline.tasks.helper import error_to_send
from fairprog_core.pipeline.tasks.places import StudyPlaces
from fairprog_core.pipeline.tasks.processes import how_it_ended
from fairprog_core.study import Study


@dataclass(frozen=True)
class LeaderOrder:
    """What a leader has to know.

    Attributes:
        study: as JSON.
        home: the home with caches and models.
        folder: the run folder.
        jobs, on: as of `execute`.
        place: that it fills while it prepares data and base, or to the end where it computes alone.
        environment: the variables of the process above, as those of a copied process may be older.
    """

    study: dict[str, Any]
    home: Path
    folder: Path
    jobs: int | None
    on: str | None
    place: int
    environment: Mapping[str, str]


def lead(line: Connection, places: Connection, order: LeaderOrder) -> None:
    """Send the records of a study over a line, each when the one before was followed by "go on".

    Args:
        line: for the records; `Finished` is the last thing that is sent.
        places: for `StudyPlaces`.
        order: the study.
    """
    belong_to_parent()
    _leave_signals_to_parent()
    os.environ.clear()
    os.environ.update(order.environment)
    error: Exception | None = None
    try:
        _compute(line, StudyPlaces(places, order.place), order)
    except Exception as problem:  # noqa: BLE001  # whatever it is, the process above raises it
        error = error_to_send(problem, order.home)
    line.send(Finished(error))


def _leave_signals_to_parent() -> None:
    """Stay when a signal that ends all processes of a job comes: the process above stops this one, with checkpoints.

    They are not ignored, as what this process starts would ignore them too.
    """
    for name in ("SIGTERM", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), lambda *_: None)


def _compute(line: Connection, places: StudyPlaces, order: LeaderOrder) -> None:
    study = Study.parse(order.study)
    if choose_device("auto" if order.on else study.device).type == "cuda":
        torch.cuda.set_device(order.place % torch.cuda.device_count())
    records = execute(study, home=Home(order.home), folder=order.folder, jobs=order.jobs, on=order.on, places=places)
    with closing(cast(Any, records)):
        for record in records:
            line.send(record)
            if line.recv() != "go on":
                return


class Leader:
    """A leader, seen from the process above.

    Args:
        order: its study.

    Attributes:
        line: where its answers come from.
        places: where it asks for places, and gives them back.
        held: the places that it has.
        is_preparing: whether data and base are still being made.
    """

    def __init__(self, order: LeaderOrder) -> None:
        prepare_copies(__name__)
        self.line, line = Pipe()
        self.places, places = Pipe()
        self.held = {order.place}
        self.is_preparing = True
        self.process = CopiedProcess(target=lead, args=(line, places, order))
        self.process.start()
        line.close()
        places.close()

    def answer(self) -> Record | Finished:
        """The next thing that it says.

        Raises:
            RunError: it has ended.
        """
        try:
            return cast(Record | Finished, self.line.recv())
        except (EOFError, OSError):
            self.process.join()
            raise RunError(
                f"The process that led this study ended ({how_it_ended(self.process)}), perhaps because memory is "
                "short: what is finished is kept. Resume the run with fewer curves at once (--jobs 1)."
            ) from None

    def go_on(self) -> None:
        """Let it compute until its next record."""
        with suppress(OSError):
            self.line.send("go on")

    def stop(self) -> None:
        """Let it stop, if it is still at work, and wait until its checkpoints are written; its places stay."""
        with suppress(OSError):
            self.line.send("stop")
        with suppress(EOFError, OSError):
            while not isinstance(self.line.recv(), Finished):
                pass
        self.line.close()
        self.process.join()
        self.process.close()
