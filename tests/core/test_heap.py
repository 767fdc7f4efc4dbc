"""Memory that is freed and asked for again: it does not come back page by page."""

import platform
import subprocess
import sys

import pytest

ROUNDS, MEGABYTES, PAGE = 20, 40, 4096  # blocks this large are given back at once by default

FAULTS = f"""
import resource
import numpy as np
from fairprog_core.common.process import memory
{{call}}
np.ones({MEGABYTES} * 2**20, dtype=np.uint8)
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range({ROUNDS}):
    np.ones({MEGABYTES} * 2**20, dtype=np.uint8)
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def faults(call: str) -> int:
    """Pages that a process was given anew in all rounds."""
    script = [sys.executable, "-c", FAULTS.format(call=call)]
    return int(subprocess.run(script, capture_output=True, text=True, check=True).stdout)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="another C library")
def test_freed_memory_is_kept_while_a_study_runs() -> None:
    assert faults("memory.keep_freed()") < ROUNDS * MEGABYTES * 2**20 / PAGE / 100
    assert faults("memory.share_one()") > ROUNDS  # a page server gives it back
