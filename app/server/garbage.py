"""When the page server collects garbage: seldom and for all visitors at once, not after every redraw.

Streamlit would search the whole heap for garbage after every redraw of every visitor, while no other redraw can go on:
with twelve visitors this took more than half of the server's time. What cycles do not hold is freed at once anyway.
"""

import gc
import threading

SECONDS = 120.0  # between two searches of the whole heap, each of which stops all pages for some tenths of a second
YOUNG = 20_000  # new objects until the young ones are searched


def tend(stop: threading.Event, *, seconds: float = SECONDS) -> None:
    """Collect now and then, until ``stop`` is set; what is alive then is left out of the searches in between."""
    gc.set_threshold(YOUNG, 20, 20)
    while not stop.is_set():
        gc.unfreeze()
        gc.collect()
        gc.freeze()
        stop.wait(seconds)


def start_tending(*, seconds: float = SECONDS) -> threading.Event:
    """Do so in a thread of its own, which ends with the process; set the event to end it before."""
    stop = threading.Event()
    threading.Thread(target=tend, args=(stop,), kwargs={"seconds": seconds}, name="garbage", daemon=True).start()
    return stop
