"""How the C library's heap treats memory that was freed, where it is glibc's; elsewhere nothing changes.

Source: mallopt(3). Training frees and asks again for the same megabytes at every step. Whether they are given back to
the system each time, and come back page by page, depends on what was freed before: some processes got 1,400 pages anew
at every step of a small network and took a fifth longer, others hardly any. A page server lives long and should stay
small.
"""

import contextlib
import ctypes

TRIM_THRESHOLD, MMAP_THRESHOLD, ARENA_MAX = -1, -3, -8  # the parameters' numbers in malloc.h


def keep_freed() -> None:
    """Keep what is freed for what is asked for next."""
    _set((MMAP_THRESHOLD, 2**30), (TRIM_THRESHOLD, 2**30))


def share_one() -> None:
    """Let all threads share one heap, and give back what is free at its end: a tenth less memory.

    Streamlit draws every visit in a thread of its own. By default each gets a heap, which keeps what was freed.
    """
    _set((ARENA_MAX, 1), (TRIM_THRESHOLD, 128 * 1024))


def _set(*values: tuple[int, int]) -> None:
    with contextlib.suppress(OSError, TypeError, AttributeError):  # Windows, macOS, musl
        mallopt = ctypes.CDLL(None).mallopt
        for parameter, value in values:
            mallopt(parameter, value)
