"""The slot of a worker in a home: its lock, pipe, log and status file."""

import contextlib
import json
import logging
import os
import time
from pathlib import Path

from filelock import FileLock, Timeout

from fairprog_core.common.errors import MachineError, RunError
from fairprog_core.common.files.json_values import from_json
from fairprog_core.common.files.presence import Presence
from fairprog_core.common.home import Home, remove_scratch, replacing
from fairprog_core.runs import wakeup
from fairprog_core.runs.table.run import Owner

log = logging.getLogger(__name__)


class Slot:
    """A slot, which holds one worker.

    Args:
        home: must exist.
        number: from 0.
        code: version of the code that the worker runs.
    """

    def __init__(self, home: Home, number: int, code: str = "") -> None:
        folder = wakeup.folder(home)
        folder.mkdir(parents=True, exist_ok=True)
        self.number, self.code = number, code
        self.lock = FileLock(folder / f"slot-{number}.lock")
        self.pipe = folder / f"slot-{number}.pipe"
        self.status_file = folder / f"slot-{number}.json"
        self.log_name = f"logs/slot-{number}.log"
        self._presence: Presence | None = None

    def take(self) -> None:
        """Lock the slot for the life of this process.

        Raises:
            RunError: another worker holds the slot.
        """
        try:
            self.lock.acquire(timeout=2)
        except Timeout as error:
            raise RunError(f"Worker slot {self.number} of this home is taken by another worker.") from error
        self._presence = Presence(Path(self.lock.lock_file))
        remove_scratch(self.status_file)

    def is_gone(self) -> bool:
        """Whether the home was removed or moved, even if another home has its path now."""
        return self._presence is not None and self._presence.is_gone()

    def write_status(self, state: str, run_id: str | None = None) -> None:
        """Write the status that launcher and page read: starting, idle or busy; a full disk does not end the worker."""
        status = {"slot": self.number, "state": state, "run": run_id, "since": time.time(), "version": self.code}
        try:
            with replacing(self.status_file) as part:
                part.write_text(json.dumps(status | Owner.this_process().__dict__), "utf-8")
        except MachineError as error:
            log.error("%s", error)

    def clear_status(self) -> None:
        """Remove the status file if this process wrote it."""
        with contextlib.suppress(OSError, ValueError):  # no status file, or a damaged one
            status = from_json(self.status_file.read_bytes())
            if isinstance(status, dict) and status.get("pid") == os.getpid():
                self.status_file.unlink()

    def leave(self) -> None:
        """Remove the status file and unlock the slot."""
        self.clear_status()
        self.lock.release()
