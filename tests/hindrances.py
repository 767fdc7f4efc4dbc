"""Requests that hang, need much memory, or end the explain process; the named functions run in that process."""

import os
import signal
import sys
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from fairprog_core.common.errors import DataError
from fairprog_core.explain.live.process import ExplainProcess
from fairprog_core.explain.live.warm_process import WarmProcess


class Hindrance(NamedTuple):
    """A request that a function of this module answers.

    Attributes:
        does: the function's name.
        place: a file or a named pipe for it.
        number: makes requests differ.
    """

    does: str
    place: Path = Path()
    number: int = 0

    @property
    def worker(self) -> str:
        return f"tests.hindrances:{self.does}"

    @property
    def lighter(self) -> str:
        return "a smaller picture"

    def check(self) -> None:
        """Everything is allowed."""

    def digest(self) -> str:
        return repr(self)


def light_process() -> ExplainProcess:
    """An explain process that starts in a fraction of a second."""
    return ExplainProcess(process=WarmProcess("tests.hindrances:start"))


def start() -> None:
    """Import nothing that takes long: the functions of this module do without torch."""


def spin(request: object) -> Any:
    """Burn time for ever."""
    while True:
        pass


def meet(request: Hindrance) -> Any:
    """Wait until the test opens the named pipe, then go on when it closes it."""
    request.place.read_bytes()
    return {"number": np.array(request.number)}


def note(request: Hindrance) -> Any:
    """Add the number to a file."""
    with request.place.open("a") as file:
        file.write(f"{request.number}\n")
    return {"number": np.array(request.number)}


def hog(request: object) -> Any:
    """Take memory for ever, 16 MB at a time."""
    held = []
    while True:
        held.append(np.ones(2 * 2**20))


def die(request: Hindrance) -> Any:
    """End the process, and note it."""
    note(request)
    os.kill(os.getpid(), signal.SIGKILL)


def fall(request: object) -> Any:
    """End the process."""
    os.kill(os.getpid(), signal.SIGKILL)


def die_once(request: Hindrance) -> Any:
    """End the process the first time."""
    if not request.place.exists():
        die(request)
    return note(request)


def break_down(request: object) -> Any:
    """Raise what nobody expects."""
    raise ZeroDivisionError("a model of one's own divides by zero")


def refuse(request: Hindrance) -> Any:
    """Raise an error of a kind that only this process knows."""
    raise OwnError("The picture is no picture.")


class OwnError(DataError):
    """An error that cannot be sent as an object."""

    def __init__(self, sentence: str, **_: object) -> None:
        super().__init__(sentence)
        self.line = sys.stdout


def leave(request: Hindrance) -> Any:
    """End the process as a script does."""
    sys.exit(3)


class Gate:
    """A request that holds the process until the test opens the gate."""

    def __init__(self, process: ExplainProcess, folder: Path) -> None:
        self.path = folder / "gate"
        os.mkfifo(self.path)
        self.ticket = process.submit(Hindrance("meet", self.path), visitor="gate")
        self._writer = self.path.open("wb")  # returns once the process reads

    def open(self) -> None:
        """Let the request come to its end."""
        self._writer.close()
