"""Work that reports by calling back, turned into something to iterate over."""

import threading
from collections.abc import Callable, Iterator
from queue import SimpleQueue

Told = tuple[int, int]  # done, in all
Tell = Callable[[int, int], None]


class _Stopped(BaseException):
    """Raised inside the work when nobody listens any more."""


def told(work: Callable[[Tell], object]) -> Iterator[Told]:
    """Do the work in a thread and yield what it reports; closing the generator ends it at its next report.

    Args:
        work: called with a function to report (done, in all).

    Raises:
        Exception: what the work raises.
    """
    reports: SimpleQueue[Told | None] = SimpleQueue()
    is_over = threading.Event()
    failures: list[BaseException] = []

    def tell(done: int, total: int) -> None:
        if is_over.is_set():
            raise _Stopped
        reports.put((done, total))

    def body() -> None:
        try:
            work(tell)
        except _Stopped:
            pass
        except BaseException as error:  # noqa: BLE001 - raised again where it is waited for
            failures.append(error)
        finally:
            reports.put(None)

    thread = threading.Thread(target=body, name="telling")
    thread.start()
    try:
        while (report := reports.get()) is not None:
            yield report
    finally:
        is_over.set()
        thread.join()
    if failures:
        raise failures[0]
