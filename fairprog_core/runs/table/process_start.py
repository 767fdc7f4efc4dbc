"""When a process started, on a clock that setting the clock of the machine does not change."""

import os
from functools import cache
from pathlib import Path

import psutil

ACCURACY = 2.0  # seconds: the system may correct the clock of start times by about one


def process_start(process: psutil.Process) -> float:
    """A number that tells a process from a later one with the same id.

    On Linux, the start time since 1970 changes whenever the clock is set: the system only knows the start time since it
    booted. So that is taken, and a number that belongs to this boot is added. Elsewhere the time since 1970 does not
    change.

    Raises:
        psutil.NoSuchProcess: it has ended.
    """
    boot = _boot()
    if boot is None:
        return process.create_time()
    try:
        fields = Path(f"/proc/{process.pid}/stat").read_text("utf-8", errors="replace").rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError) as error:
        raise psutil.NoSuchProcess(process.pid) from error
    return boot + int(fields[19]) / os.sysconf("SC_CLK_TCK")


def is_start(process: psutil.Process, started: float) -> bool:
    """Whether a process is the one that started at ``started``: as `process_start` gives it, or since 1970.

    Raises:
        psutil.NoSuchProcess: it has ended.
    """
    found = (process_start(process), process.create_time())  # early versions stored the second
    return any(abs(one - started) < ACCURACY for one in found)


@cache
def _boot() -> float | None:
    """A number for the time since the machine booted, another one after every boot; None: not on Linux."""
    try:
        return float(int(Path("/proc/sys/kernel/random/boot_id").read_text("ascii")[:8], 16))
    except (OSError, ValueError):
        return None
