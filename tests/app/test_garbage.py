"""The page server collects garbage for all visitors at once, and still collects it."""

import gc
import subprocess
import sys
import threading
import weakref

from app.server import serve
from app.server.garbage import start_tending

FREEZES = """
import gc, threading
from app.server import garbage
class Turn(threading.Event):
    def wait(self, timeout=None):
        print(gc.get_freeze_count() > 1000, gc.isenabled(), gc.get_threshold()[0] == garbage.YOUNG)
        self.set()
garbage.tend(Turn())
"""


class Node:
    """Part of a cycle."""

    def __init__(self) -> None:
        self.me = self


def test_streamlit_does_not_collect_after_every_redraw():
    assert serve.server_options("127.0.0.1", 1, is_shared=True)["runner.postScriptGC"] is False


def test_what_lives_between_two_collections_is_left_out_of_searches():
    done = subprocess.run([sys.executable, "-c", FREEZES], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.split() == ["True"] * 3


def test_cycles_are_freed_though_they_were_alive_at_the_collection_before():
    before, turned = gc.get_threshold(), threading.Event()
    gone = threading.Event()
    node = Node()
    weakref.finalize(node, gone.set)
    try:
        stop = start_tending(seconds=0.01)
        gc.callbacks.append(lambda phase, _info: turned.set() if phase == "stop" else None)
        assert turned.wait(30)
        del node
        assert gone.wait(30)
        stop.set()
    finally:
        gc.callbacks.pop()
        gc.unfreeze()
        gc.set_threshold(*before)
