"""Wakes idle workers through named pipes, one per slot, in the home.

A worker waits on its pipe, so that a submitted run starts at once and waiting costs no CPU time.
Without named pipes, or when another machine submits, it polls the queue every few seconds.
"""

import contextlib
import os
import re
import select
import socket
import threading
from pathlib import Path

from fairprog_core.common.home import Home


def folder(home: Home) -> Path:
    """The folder with locks, pipes and status files of this machine's workers."""
    machine = re.sub(r"[^A-Za-z0-9.-]", "_", socket.gethostname())
    return home.path / "workers" / machine


def wake(home: Home) -> None:
    """Wake every idle worker of this home on this machine."""
    for pipe in folder(home).glob("*.pipe"):
        with contextlib.suppress(OSError):  # no worker reads the pipe, or it is full: both are fine
            writer = os.open(pipe, os.O_WRONLY | os.O_NONBLOCK)
            try:
                os.write(writer, b"w")
            finally:
                os.close(writer)


class WakeupPipe:
    """The reading end of a slot's pipe. ``wait`` returns after a wakeup, or after the given time."""

    def __init__(self, pipe: Path) -> None:
        self._event = threading.Event()
        self._reader: int | None = None
        if hasattr(os, "mkfifo"):
            pipe.parent.mkdir(parents=True, exist_ok=True)
            pipe.unlink(missing_ok=True)
            os.mkfifo(pipe, 0o600)
            self._reader = os.open(pipe, os.O_RDWR | os.O_NONBLOCK)

    def wake(self) -> None:
        """Wake the own process; allowed in a signal handler."""
        if self._reader is None:
            self._event.set()
        else:
            with contextlib.suppress(OSError):
                os.write(self._reader, b"w")

    def wait(self, seconds: float) -> None:
        """Wait for a wakeup, at most ``seconds``."""
        if self._reader is None:
            self._event.wait(min(seconds, 0.5))
            self._event.clear()
        elif select.select([self._reader], [], [], seconds)[0]:
            with contextlib.suppress(BlockingIOError):
                os.read(self._reader, 4096)

    def close(self) -> None:
        """Close the pipe."""
        if self._reader is not None:
            os.close(self._reader)
            self._reader = None
