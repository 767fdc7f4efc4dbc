"""Waking workers that wait for something to do: a named pipe per slot in the home.

A worker waits on its pipe, so that a submitted run starts at once and waiting costs nothing.
Where there are no named pipes, or the submitter is another machine, it looks every few seconds.
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
    """Where the workers of this machine keep locks, pipes and what they say of themselves."""
    machine = re.sub(r"[^A-Za-z0-9.-]", "_", socket.gethostname())
    return home.path / "workers" / machine


def wake(home: Home) -> None:
    """Wake every worker of this home that waits on this machine."""
    for pipe in folder(home).glob("*.pipe"):
        with contextlib.suppress(OSError):  # nobody listens, or the pipe is full: both are fine
            writer = os.open(pipe, os.O_WRONLY | os.O_NONBLOCK)
            try:
                os.write(writer, b"w")
            finally:
                os.close(writer)


class WakeupPipe:
    """The listening end. ``wait`` returns when somebody rings, or after the given time."""

    def __init__(self, pipe: Path) -> None:
        self._event = threading.Event()
        self._reader: int | None = None
        if hasattr(os, "mkfifo"):
            pipe.parent.mkdir(parents=True, exist_ok=True)
            pipe.unlink(missing_ok=True)
            os.mkfifo(pipe, 0o600)
            self._reader = os.open(pipe, os.O_RDWR | os.O_NONBLOCK)

    def ring(self) -> None:
        """Ring from inside; allowed in a signal handler."""
        if self._reader is None:
            self._event.set()
        else:
            with contextlib.suppress(OSError):
                os.write(self._reader, b"w")

    def wait(self, seconds: float) -> None:
        """Wait until somebody rings, at most so long."""
        if self._reader is None:
            self._event.wait(min(seconds, 0.5))
            self._event.clear()
        elif select.select([self._reader], [], [], seconds)[0]:
            with contextlib.suppress(BlockingIOError):
                os.read(self._reader, 4096)

    def close(self) -> None:
        """Stop listening."""
        if self._reader is not None:
            os.close(self._reader)
            self._reader = None
