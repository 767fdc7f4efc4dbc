"""Child processes that run neither the program's main script nor longer than the process that started them."""

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import context, get_context, parent_process
from types import ModuleType
from typing import Any


class SpawnedProcess(context.SpawnProcess):
    """A fresh interpreter."""

    @staticmethod
    def _Popen(process_obj: Any) -> Any:
        with _empty_main(), _without_ctrl_c():
            return context.SpawnProcess._Popen(process_obj)


if sys.platform == "linux":

    class CopiedProcess(context.ForkServerProcess):
        """A copy of a process that has imported torch: there in milliseconds, and it shares the memory of the imports.

        Elsewhere than on Linux, where libraries of the system may not survive being copied, it is a fresh interpreter.
        """

        @staticmethod
        def _Popen(process_obj: Any) -> Any:
            with _empty_main(), _without_ctrl_c():
                return context.ForkServerProcess._Popen(process_obj)

    def prepare_copies(*modules: str) -> None:
        """Import modules in the process that is copied; without effect once it runs."""
        get_context("forkserver").set_forkserver_preload([*modules])

else:
    CopiedProcess = SpawnedProcess

    def prepare_copies(*modules: str) -> None:
        """Nothing is copied here."""


@contextmanager
def _empty_main() -> Iterator[None]:
    """Hide the program's main script, which a child would run again: the page itself, or a user's script."""
    main, empty = sys.modules["__main__"], ModuleType("__main__")
    sys.modules["__main__"] = empty
    try:
        yield
    finally:
        if sys.modules["__main__"] is empty:  # the page server may have begun another script meanwhile
            sys.modules["__main__"] = main


@contextmanager
def _without_ctrl_c() -> Iterator[None]:
    """Start a process that Ctrl-C in the terminal does not reach, not even while it still imports; this one gets it."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def belong_to_parent() -> None:
    """In a child: leave Ctrl-C in the terminal to the parent, and end when it ends, however it does."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, name="end-with-parent", daemon=True).start()


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        parent.join()
    os._exit(0)
