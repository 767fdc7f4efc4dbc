"""Several visitors at the explain process: turns, places, and one request that fails without the others."""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import CancelledError, ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import numpy as np
import psutil
import pytest

from fairprog_core.common.errors import DataError, RunError
from fairprog_core.explain.live.fair_queue import FairQueue
from fairprog_core.explain.live.process import ExplainProcess, Request
from fairprog_core.explain.live.ticket import Place, Ticket
from fairprog_core.explain.live.warm_process import Allowance
from tests.core.test_live import PHOTO, files, is_gone_within, pid  # noqa: F401
from tests.hindrances import Gate, Hindrance, light_process

LONG = 60.0  # seconds after which a test gives up
SHORT = Allowance(seconds=0.5)
SERVER = """
import sys, threading
from pathlib import Path
from tests.hindrances import Hindrance, light_process

process = light_process()
process.submit(Hindrance("note", Path(sys.argv[1]))).result()
process.submit(Hindrance("spin"))
print(process.pid, flush=True)
if sys.argv[2] == "stays":
    threading.Event().wait()
"""


@pytest.fixture(scope="module")
def shared() -> Iterator[ExplainProcess]:
    with closing(light_process()) as process:
        yield process


@pytest.fixture
def gate(shared: ExplainProcess, tmp_path: Path) -> Iterator[Gate]:
    """A request that is being computed; what is submitted now waits."""
    gate = Gate(shared, tmp_path)
    yield gate
    gate.open()
    gate.ticket.result(LONG)


def numbers(path: Path) -> list[int]:
    return [int(line) for line in path.read_text().split()] if path.exists() else []


def send(process: ExplainProcess, path: Path, visitor: str, *numbers: int) -> list[Ticket]:
    return [process.submit(Hindrance("note", path, number), visitor=visitor) for number in numbers]


# --- The queue alone ---------------------------------------------------------------------


def test_every_visitor_has_a_turn():
    queue: FairQueue[str] = FairQueue()
    for item in ("a1", "a2", "a3", "b1", "c1", "c2"):
        queue.add(item[0], item)
    assert list(queue) == ["a1", "b1", "c1", "a2", "c2", "a3"]
    assert [queue.pop() for _ in range(3)] == ["a1", "b1", "c1"]
    queue.add("b", "b2")
    assert (list(queue), len(queue), queue.n_of("a")) == (["a2", "c2", "b2", "a3"], 4, 2)


def test_item_of_two_visitors_has_the_earlier_turn_and_leaves_both_lines():
    queue: FairQueue[str] = FairQueue()
    for visitor, item in (("a", "a1"), ("a", "both"), ("b", "both"), ("b", "b2")):
        queue.add(visitor, item)
    assert list(queue) == ["a1", "both", "b2"]
    queue.remove("both", "b")
    assert list(queue) == ["a1", "b2", "both"]
    queue.remove("both")
    assert list(queue) == ["a1", "b2"]
    queue.remove("both")
    assert [queue.pop(), queue.pop(), queue.pop()] == ["a1", "b2", None]


# --- Turns -------------------------------------------------------------------------------


def test_visitor_who_sends_one_does_not_wait_for_five_of_another(shared: ExplainProcess, gate: Gate, tmp_path: Path):
    path = tmp_path / "order"
    many, one = send(shared, path, "many", 1, 2, 3, 4, 5), send(shared, path, "one", 100)
    assert gate.ticket.place == Place(0, is_computing=True)
    assert [ticket.place.n_before for ticket in (*many, *one)] == [1, 3, 4, 5, 6, 2]
    gate.open()
    for ticket in (*many, *one):
        ticket.result(LONG)
    assert numbers(path) == [1, 100, 2, 3, 4, 5]


def test_cancelled_request_is_never_computed_and_others_move_up(shared: ExplainProcess, gate: Gate, tmp_path: Path):
    path = tmp_path / "order"
    _, second, third = send(shared, path, "a", 1, 2, 3)
    second.cancel()
    assert second.is_over
    assert second.is_dropped
    assert third.place.n_before == 2
    with pytest.raises(CancelledError):
        second.result()
    gate.open()
    third.result(LONG)
    assert numbers(path) == [1, 3]


def test_request_of_two_visitors_stays_until_both_have_left(shared: ExplainProcess, gate: Gate, tmp_path: Path):
    path = tmp_path / "order"
    (mine,), (other,) = send(shared, path, "a", 1), send(shared, path, "b", 1)
    assert mine.answer is other.answer
    mine.cancel()
    assert (mine.is_over, other.is_over) == (True, False)
    other.cancel()
    assert mine.answer.cancelled()
    (again,) = send(shared, path, "b", 1)
    gate.open()
    assert again.result(LONG) == {"number": 1}
    assert numbers(path) == [1]


def test_request_of_a_visitor_who_has_gone_is_dropped(shared: ExplainProcess, gate: Gate, tmp_path: Path):
    path = tmp_path / "order"
    is_there = threading.Event()
    is_there.set()
    request = Hindrance("note", path, 1)
    gone = shared.submit(request, visitor="a", is_needed=is_there.is_set)
    (stays,) = send(shared, path, "b", 2)
    assert (gone.place.n_before, stays.place.n_before) == (1, 2)
    is_there.clear()
    assert stays.place.n_before == 1
    assert gone.is_dropped
    gate.open()
    stays.result(LONG)
    assert numbers(path) == [2]


def test_so_many_may_wait_and_no_more(shared: ExplainProcess, gate: Gate, tmp_path: Path, monkeypatch):
    path = tmp_path / "order"
    monkeypatch.setenv("FAIRPROG_MAX_EXPLANATIONS_PER_VISITOR", "2")
    send(shared, path, "a", 1, 2)
    with pytest.raises(RunError, match="2 explanations wait for you already; at most 2 are allowed"):
        send(shared, path, "a", 3)
    monkeypatch.setenv("FAIRPROG_MAX_EXPLANATIONS_WAITING", "3")
    (last,) = send(shared, path, "b", 4)
    with pytest.raises(RunError, match="3 explanations wait already"):
        send(shared, path, "c", 5)
    gate.open()
    last.result(LONG)
    shared.submit(Hindrance("note", path, 2), visitor="a").result(LONG)
    assert sorted(numbers(path)) == [1, 2, 4]


# --- One fails, the others do not --------------------------------------------------------


def test_first_of_six_hangs_and_five_get_their_answers(files: tuple[Path, Path]):  # noqa: F811
    """With real pictures; expected are the answers to the same requests one by one, when nobody else is there."""
    requests = [Request(PHOTO, *files, lam=float(lam)) for lam in range(5)]
    with closing(ExplainProcess()) as process, ThreadPoolExecutor(5) as callers:
        hung = process.submit(Hindrance("spin"), visitor="slow", allowance=SHORT)
        before = pid_once_started(process)
        found = list(callers.map(lambda i: process.explain(requests[i], visitor=f"v{i}"), range(5)))
        with pytest.raises(RunError, match="was stopped after 0.5 seconds of computing, .* or give a smaller picture"):
            hung.result(LONG)
        assert is_gone_within(before, 10)
        process._jobs.clear()  # no answer comes from the cache
        expected = [process.explain(request) for request in requests]
    for one, same in zip(found, expected):
        assert one.keys() == same.keys()
        for name, values in one.items():
            np.testing.assert_array_equal(values, same[name], err_msg=name)


def test_time_counts_from_the_beginning_of_the_computing(shared: ExplainProcess, gate: Gate, tmp_path: Path):
    """The second request waits longer for its turn than it may compute."""
    (quick,) = [shared.submit(Hindrance("note", tmp_path / "order", 1), allowance=SHORT)]
    assert not quick.wait(2 * SHORT.seconds)
    gate.open()
    assert quick.result(LONG) == {"number": 1}


def test_request_that_needs_too_much_memory_fails_alone(shared: ExplainProcess, tmp_path: Path):
    hog = shared.submit(Hindrance("hog"), visitor="a", allowance=Allowance(megabytes=300))
    (other,) = send(shared, tmp_path / "order", "b", 1)
    with pytest.raises(RunError, match="needed more than 300 MB of memory"):
        hog.result(LONG)
    assert other.result(LONG) == {"number": 1}
    assert psutil.Process(pid(shared)).memory_info().rss < 300 * 2**20


def test_process_that_was_killed_computes_the_request_once_more(shared: ExplainProcess, tmp_path: Path):
    once = shared.submit(Hindrance("die_once", tmp_path / "deaths", 7), visitor="a")
    assert once.result(LONG) == {"number": 7}
    assert numbers(tmp_path / "deaths") == [7, 7]


@pytest.mark.parametrize("does", ["die", "leave"])
def test_request_that_ends_the_process_twice_fails_and_the_others_stay(does, shared: ExplainProcess, tmp_path: Path):
    deadly = shared.submit(Hindrance(does, tmp_path / "deaths", 7), visitor="a")
    others = send(shared, tmp_path / "order", "b", 1, 2)
    with pytest.raises(RunError, match="ended twice while it worked on this"):
        deadly.result(LONG)
    assert [ticket.result(LONG) for ticket in others] == [{"number": 1}, {"number": 2}]
    if does == "die":
        assert numbers(tmp_path / "deaths") == [7, 7]


def test_unexpected_error_is_a_sentence_and_the_process_stays(shared: ExplainProcess, tmp_path: Path):
    send(shared, tmp_path / "order", "a", 1)[0].result(LONG)
    before = pid(shared)
    with pytest.raises(RunError, match=r"failed \(ZeroDivisionError: a model of one's own divides by zero\)"):
        shared.submit(Hindrance("break_down")).result(LONG)
    with pytest.raises(DataError, match="The picture is no picture") as refused:
        shared.submit(Hindrance("refuse")).result(LONG)
    assert type(refused.value) is DataError
    assert pid(shared) == before


def test_running_request_that_nobody_wants_is_stopped(shared: ExplainProcess, tmp_path: Path):
    slow = shared.submit(Hindrance("spin", number=1), visitor="a")
    before = pid_once_started(shared)
    (other,) = send(shared, tmp_path / "order", "b", 1)
    slow.cancel()
    assert other.result(LONG) == {"number": 1}
    assert pid(shared) != before
    assert slow.is_dropped


def test_close_ends_process_and_queue_and_a_later_request_starts_anew(tmp_path: Path):
    process = light_process()
    slow = process.submit(Hindrance("spin"), visitor="a")
    waiting = process.submit(Hindrance("note", tmp_path / "order", 1), visitor="b")
    process.close()
    for ticket in (slow, waiting):
        with pytest.raises(CancelledError):
            ticket.result(LONG)
    assert process.pid is None
    with closing(process):
        assert process.submit(Hindrance("note", tmp_path / "order", 1)).result(LONG) == {"number": 1}


@pytest.mark.parametrize("server_is", ["killed", "at its end"])
def test_busy_process_ends_with_its_server(server_is: str, tmp_path: Path):
    """Killed in the middle of an explanation, or coming to its own end there."""
    root = Path(__file__).resolve().parents[2]
    script = tmp_path / "server.py"
    script.write_text(SERVER)
    command = [sys.executable, str(script), str(tmp_path / "order"), "stays" if server_is == "killed" else "ends"]
    environment = {**os.environ, "PYTHONPATH": str(root)}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    ) as server:
        try:
            assert server.stdout is not None
            child = int(server.stdout.readline())
            if server_is == "killed":
                assert psutil.pid_exists(child)
                server.kill()
            server.wait(LONG)
            assert server.stderr is not None
            assert server.stderr.read() == ""
        finally:
            server.kill()
    assert is_gone_within(child, 10)


def pid_once_started(process: ExplainProcess) -> int:
    """The number of the process, also where it is just being started."""
    deadline = threading.Event()
    while process.pid is None:
        assert not deadline.wait(0.01)
    return pid(process)
