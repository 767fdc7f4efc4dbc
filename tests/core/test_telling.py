import threading

import pytest

from fairprog_core.common.errors import DataError
from fairprog_core.common.telling import Tell, told


def test_reports_come_in_order() -> None:
    def work(tell: Tell) -> None:
        for done in range(4):
            tell(done, 3)

    assert list(told(work)) == [(0, 3), (1, 3), (2, 3), (3, 3)]


def test_error_of_the_work_reaches_the_listener_after_its_reports() -> None:
    def work(tell: Tell) -> None:
        tell(1, 2)
        raise DataError("no such folder")

    reports = told(work)
    assert next(reports) == (1, 2)
    with pytest.raises(DataError, match="no such folder"):
        next(reports)


def test_closing_ends_the_work_at_its_next_report() -> None:
    went_on, listened = [], threading.Event()

    def work(tell: Tell) -> None:
        tell(0, 9)
        listened.wait(10)
        for done in range(1, 9):
            tell(done, 9)
            went_on.append(done)

    reports = told(work)
    next(reports)
    threading.Timer(0.05, listened.set).start()
    reports.close()
    assert len(went_on) <= 8
    assert not any(thread.name == "telling" for thread in threading.enumerate())
