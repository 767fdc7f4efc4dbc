"""Starting detached workers: one per slot, whoever asks, and they outlive the one who asked."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
import torch

from fairprog_core.common.errors import ConfigError
from fairprog_core.common.home import Home
from fairprog_core.common.records import Record
from fairprog_core.runs import Owner, Store, launcher, restart, wakeup, worker
from fairprog_core.study import Study
from tests.core.run_help import ROOT, eventually

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals")


@pytest.fixture
def launched(home: Home, monkeypatch: pytest.MonkeyPatch) -> Iterator[Home]:
    """A home whose workers are ended after the test."""
    monkeypatch.setenv("FAIRPROG_SLOTS", "1")
    Store(home).close()
    yield home
    launcher.stop_workers(home)
    assert launcher.workers(home) == []


def wait_until_warm(home: Home) -> None:
    """Until a worker has imported what it needs."""
    eventually(lambda: any(worker.state != "starting" for worker in launcher.workers(home)), seconds=60)


def test_worker_is_detached_gets_warm_and_is_there_once(launched: Home) -> None:
    first = launcher.ensure_workers(launched)
    assert len(first) == 1
    assert [worker.owner for worker in launcher.ensure_workers(launched)] == [first[0].owner]
    pid = first[0].owner.pid
    assert os.getsid(pid) == pid != os.getsid(0)
    wait_until_warm(launched)
    [worker] = launcher.workers(launched)
    assert (worker.slot, worker.state, worker.run, worker.owner.pid) == (0, "idle", None, pid)
    assert launcher.stop_workers(launched) == 1
    assert eventually(lambda: not psutil.pid_exists(pid))


def test_launchers_at_once_start_one_worker(launched: Home) -> None:
    code = (
        "import sys; from fairprog_core.common.home import Home; from fairprog_core.runs import launcher; "
        "print(*[w.owner.pid for w in launcher.ensure_workers(Home.find(sys.argv[1]))])"
    )
    command = [sys.executable, "-c", code, str(launched.path)]
    starters = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    pids = {starter.communicate(timeout=60)[0].strip() for starter in starters}
    assert len(pids) == 1
    assert pids != {""}


def test_worker_survives_the_sudden_end_of_its_starter(launched: Home) -> None:
    code = (
        "import sys, time; from fairprog_core.common.home import Home; from fairprog_core.runs import launcher; "
        "launcher.ensure_workers(Home.find(sys.argv[1])); print('started', flush=True); time.sleep(60)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(launched.path)], stdout=subprocess.PIPE, cwd=ROOT
    ) as starter:
        assert starter.stdout
        starter.stdout.readline()
        starter.send_signal(signal.SIGKILL)
    [worker] = launcher.workers(launched)
    wait_until_warm(launched)
    assert launcher.workers(launched)[0].owner == worker.owner


def test_killed_worker_is_replaced(launched: Home) -> None:
    [first] = launcher.ensure_workers(launched)
    os.kill(first.owner.pid, signal.SIGKILL)
    eventually(lambda: not launcher.workers(launched))
    [second] = launcher.ensure_workers(launched)
    assert second.owner != first.owner
    wait_until_warm(launched)


def test_worker_writes_a_log_and_a_long_one_is_set_aside(launched: Home) -> None:
    log = launched.path / "logs" / "slot-0.log"
    log.parent.mkdir()
    log.write_bytes(b"x" * (launcher.LOG_BYTES + 1))
    launcher.ensure_workers(launched, idle_seconds=0.1)
    eventually(lambda: "Leaving: idle." in log.read_text(), seconds=120)
    assert log.with_suffix(".1.log").stat().st_size > launcher.LOG_BYTES


def test_slots_follow_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAIRPROG_SLOTS", "3")
    assert launcher.slots() == 3
    monkeypatch.delenv("FAIRPROG_SLOTS")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "4,5")
    assert launcher.slots() == 2
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    assert launcher.slots() == 1


@pytest.mark.parametrize("text", ["0", "65", "many", "-1", "1.5"])
def test_bad_number_of_slots_is_one_sentence(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("FAIRPROG_SLOTS", text)
    with pytest.raises(ConfigError, match="from 1 to 64"):
        launcher.slots()


def test_every_slot_has_a_gpu_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FAIRPROG_SLOTS", raising=False)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "4,5")
    assert [launcher._environment(slot)["CUDA_VISIBLE_DEVICES"] for slot in range(3)] == ["4", "5", "4"]
    assert launcher._environment(1)["FAIRPROG_SLOTS"] == "2"  # the worker sees one GPU, and shares the cores
    monkeypatch.setenv("FAIRPROG_SLOTS", "1")
    assert launcher._environment(0)["CUDA_VISIBLE_DEVICES"] == "4,5"  # all for one study
    monkeypatch.setenv("FAIRPROG_SLOTS", "2")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "7")
    assert launcher._environment(1)["CUDA_VISIBLE_DEVICES"] == "7"


@pytest.mark.parametrize(("slots", "device", "jobs"), [("2", "cpu", 4), ("2", "cuda", None), ("1", "cpu", None)])
def test_workers_share_the_cores_and_a_gpu_computes_one_curve(
    slots: str, device: str, jobs: int | None, home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int | None] = []

    def execute(study: Study, *, jobs: int | None, **_: object) -> Iterator[Record]:
        asked.append(jobs)
        yield {"kind": "result"}

    monkeypatch.setenv("FAIRPROG_SLOTS", slots)
    monkeypatch.setattr(worker, "n_cores", lambda: 8)
    monkeypatch.setattr("fairprog_core.pipeline.execute.execute", execute)
    monkeypatch.setattr("fairprog_core.pipeline.jobs.environment.choose_device", lambda name: torch.device(device))
    execute_here, _ = worker._pipeline(home)
    list(execute_here(Study(), home=home, folder=home.run("x")))
    assert asked == [jobs]


# ---- workers that die while they start


@pytest.fixture
def deaths(launched: Home, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file that says how many of the next workers die while they start, by a plug-in that ends their process."""
    file = launched.path / "deaths"
    monkeypatch.setenv("FAIRPROG_TEST_DEATHS", str(file))
    monkeypatch.setenv("FAIRPROG_PLUGINS", "tests.plugin.deadly")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    return file


def test_worker_that_dies_while_starting_is_started_again_and_its_run_is_told(launched: Home, deaths: Path) -> None:
    deaths.write_text("1")
    with Store(launched) as store:
        run_id = store.submit(Study(name="waits"))
        launcher.ensure_workers(launched)
        begun = time.monotonic()
        told = eventually(lambda: store.get(run_id).error)
        assert time.monotonic() - begun < 15
        assert told == "The worker ended while starting (exit code 7); started again."
        assert store.get(run_id).state == "queued"
        [record] = store.records(run_id)
        assert (record["kind"], record["error"]) == ("worker", "The worker ended while starting (exit code 7)")
        eventually(lambda: launcher.workers(launched))  # nobody asked for it
    assert deaths.read_text() == "0"
    assert "The worker ended while starting (exit code 7)." in (launched.path / "logs" / "slot-0.log").read_text()


def test_run_fails_when_no_worker_can_start_and_the_next_one_stays_queued(home: Home) -> None:
    log = home.path / "logs" / "slot-0.log"
    with Store(home) as store:
        first, second = store.submit(Study(name="first")), store.submit(Study(name="second"))
        for _ in range(3):
            assert store.get(first).state == "queued"
            store.tell_next("The worker ended while starting (exit code 7)", log=log)
        failed = store.get(first)
        assert failed.error
        sentence = "The worker ended while starting (exit code 7), 3 times in a row; the log says more: "
        assert (failed.state, failed.error[: len(sentence)]) == ("failed", sentence)
        assert len(failed.error) <= 300
        assert "slot-0.log" in failed.error
        assert (store.get(second).state, store.get(second).error) == ("queued", None)
        again = store.resume(first)
        assert (again.state, again.error) == ("queued", None)
        store.cancel(second)
        store.tell_next("The worker ended", log=log)  # counted from 1 again
        assert store.get(first).error == "The worker ended; started again."
        run = store.claim(Owner.this_process())
        assert run
        assert (run.id, run.error) == (first, None)


def test_system_that_starts_no_process_is_told_to_the_run_and_to_nobody_else(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAIRPROG_SLOTS", "1")
    monkeypatch.setattr(sys, "executable", str(home.path / "no-python"))
    with Store(home) as store:
        run_id = store.submit(Study(name="waits"))
        assert launcher.ensure_workers(home) == []
        assert store.get(run_id).error == "The start of a worker failed (No such file or directory); started again."


def test_dashboard_starts_the_worker_that_is_missing(launched: Home) -> None:
    stop = threading.Event()
    keeper = threading.Thread(target=restart.keep, args=(launched,), kwargs={"stop": stop, "seconds": 0.05})
    keeper.start()
    with Store(launched) as store:
        assert launcher.workers(launched) == []
        store.submit(Study(name="waits"))  # by a program that starts no worker
        eventually(lambda: launcher.workers(launched))
    stop.set()
    keeper.join()


def test_what_a_killed_worker_was_writing_is_removed_when_workers_are_stopped(launched: Home) -> None:
    launcher.ensure_workers(launched)
    left = wakeup.folder(launched) / ".slot-0.json.abcd_123"
    left.mkdir()
    (left / "slot-0.json").write_text("{")
    other = wakeup.folder(launched) / ".slot-1.json.abcd_123"
    other.mkdir()
    launcher.stop_workers(launched, seconds=0.1)
    assert not left.exists()
    assert other.exists()
