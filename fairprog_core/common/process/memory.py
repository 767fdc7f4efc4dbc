"""Settings of glibc's heap for freed memory; no effect with other C libraries.

Source: mallopt(3), malloc_trim(3). Training frees and allocates the same megabytes at every step. Whether glibc returns
them to the system each time depends on earlier allocations: some processes faulted in 1,400 pages at every step of a
small network and took a fifth longer, others hardly any. A page server runs for long and should stay small.
"""

import contextlib
import ctypes

TRIM_THRESHOLD, MMAP_THRESHOLD, ARENA_MAX = -1, -3, -8  # the parameters' numbers in malloc.h


def keep_freed() -> None:
    """Keep freed memory in the process for the next allocation."""
    _set((MMAP_THRESHOLD, 2**30), (TRIM_THRESHOLD, 2**30))


def return_freed() -> None:
    """Return all freed memory to the system, between two parts of a work that need different things."""
    with contextlib.suppress(OSError, TypeError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)


def share_one() -> None:
    """Let all threads share one heap, and return free memory at its end to the system: a tenth less memory.

    Streamlit runs every session in a thread of its own. By default each thread gets a heap, which keeps freed memory.
    """
    _set((ARENA_MAX, 1), (TRIM_THRESHOLD, 128 * 1024))


def _set(*values: tuple[int, int]) -> None:
    with contextlib.suppress(OSError, TypeError, AttributeError):  # Windows, macOS, musl
        mallopt = ctypes.CDLL(None).mallopt
        for parameter, value in values:
            mallopt(parameter, value)
