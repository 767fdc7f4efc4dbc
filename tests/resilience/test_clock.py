"""The clock of the machine is set while a study runs, or is wrong from the start: states and durations stay true."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import psutil
import pytest

from fairprog_core.common.home import Home
from fairprog_core.runs import Owner, Store
from fairprog_core.runs.launcher import workers
from fairprog_core.runs.table import process_start
from fairprog_core.runs.timing.heartbeat import Patience
from tests.core.counting import last_value
from tests.core.run_help import ROOT, counting, eventually, reaches, steps_of

HOURS = 3600.0
LIBRARIES = ("/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1", "/usr/lib/faketime/libfaketimeMT.so.1")


@dataclass
class SetClock:
    """A clock that processes see instead of the machine's, by libfaketime; the monotonic one stays as it is."""

    file: Path
    library: str

    def set(self, offset: str) -> None:
        """Set it: "+5h" is five hours ahead, "-0" is right; a date is allowed too, "@1971-01-01 00:00:00"."""
        part = self.file.with_suffix(".part")
        part.write_text(offset)
        part.replace(self.file)

    @property
    def environment(self) -> dict[str, str]:
        return {
            **os.environ, "LD_PRELOAD": self.library, "FAKETIME_TIMESTAMP_FILE": str(self.file),
            "FAKETIME_NO_CACHE": "1", "FAKETIME_DONT_FAKE_MONOTONIC": "1", "DONT_FAKE_MONOTONIC": "1",
        }  # fmt: skip


@pytest.fixture
def clock(tmp_path: Path) -> SetClock:
    library = next((name for name in LIBRARIES if Path(name).is_file()), None)
    if library is None:
        pytest.skip("libfaketime is not installed")
    clock = SetClock(tmp_path / "clock", library)
    clock.set("-0")
    return clock


@pytest.fixture
def store(home: Home) -> Iterator[Store]:
    with Store(home, patience=Patience(lost=1.0)) as store:
        yield store


class CountingProcess:
    """A worker process that counts and sees a clock that is set."""

    def __init__(self, home: Home, clock: SetClock) -> None:
        code = f"from tests.core.counting import work; work({str(home.path)!r}, 0, 600.0)"
        self.log = home.path / "worker.log"
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-c", code], cwd=ROOT, stdout=log, stderr=log, env=clock.environment
            )

    def __enter__(self) -> "CountingProcess":
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()


@pytest.mark.parametrize("offset", ["+5h", "-5h"])
def test_clock_that_is_set_while_a_run_goes_on_changes_neither_its_state_nor_its_duration(
    home: Home, store: Store, clock: SetClock, offset: str
) -> None:
    run_id = store.submit(counting(steps=120))
    start = time.monotonic()
    with CountingProcess(home, clock) as worker:
        seen = eventually(lambda: steps_of(store, run_id))
        clock.set(offset)
        eventually(lambda: steps_of(store, run_id)[len(seen) + 20 :])
        # this process has another clock than the worker by hours, as right after the clock was set
        assert store.get(run_id).state == "running"
        assert [one.owner.pid for one in workers(home)] == [worker.process.pid]
        run = reaches(store, run_id, "done")
    assert run.attempt == 1
    assert 0 < run.seconds <= time.monotonic() - start
    assert f'"value":{last_value(120)}' in (home.run(run_id) / "result.json").read_text()


def test_run_of_a_killed_process_is_lost_though_its_last_heartbeat_lies_ahead(
    home: Home, store: Store, clock: SetClock
) -> None:
    clock.set("+5h")
    run_id = store.submit(counting(steps=10_000))
    with CountingProcess(home, clock):
        eventually(lambda: steps_of(store, run_id))
        beat = store.get(run_id).heartbeat
        assert beat
        assert beat > time.time() + 4 * HOURS
    lost = reaches(store, run_id, "lost", seconds=10)
    assert lost.can_resume
    assert 0 <= lost.seconds < HOURS


def test_run_that_starts_at_a_wrong_date_goes_on_when_the_clock_is_right(
    home: Home, store: Store, clock: SetClock
) -> None:
    clock.set("@1971-03-01 12:00:00")
    run_id = store.submit(counting(steps=80))
    start = time.monotonic()
    with CountingProcess(home, clock):
        eventually(lambda: steps_of(store, run_id))
        assert store.get(run_id).state == "running"
        clock.set("-0")
        run = reaches(store, run_id, "done")
    assert 0 < run.seconds <= time.monotonic() - start
    assert f'"value":{last_value(80)}' in (home.run(run_id) / "result.json").read_text()


@pytest.mark.parametrize("ahead", [5 * HOURS, -5 * HOURS])
def test_cancel_ends_a_process_whatever_the_clock_says(
    home: Home, ahead: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The clock is set between the request to cancel and the moment when the process has to end."""
    with (
        Store(home, patience=Patience(terminate=0.1, kill=0.2)) as store,
        subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]) as process,
    ):
        store.submit(counting())
        run = store.claim(Owner.of(process.pid))
        assert run
        with store.database.writing() as connection:
            at = time.time() + ahead
            connection.exec_driver_sql("UPDATE runs SET cancel_requested = ?, heartbeat = ?", (at, at))
        assert eventually(lambda: store.get(run.id).state == "cancelled", seconds=5)
        assert process.wait(5) < 0


@pytest.mark.skipif(sys.platform != "linux", reason="the start of a process moves with the clock on Linux only")
def test_process_is_recognised_after_the_clock_was_set(monkeypatch: pytest.MonkeyPatch) -> None:
    """When the clock is set, Linux tells another time of the boot, and so of the start of every process."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        before = Owner.of(process.pid)
        created, boot = psutil.Process(process.pid).create_time(), psutil.boot_time()
        monkeypatch.setattr("psutil._pslinux.boot_time", lambda: boot + 5 * HOURS)
        assert psutil.Process(process.pid).create_time() == pytest.approx(created + 5 * HOURS, abs=2)
        assert before.is_alive()
        assert Owner.of(process.pid) == before
        process.communicate(b"\n")
    assert not before.is_alive()
    own = Owner.this_process()
    reused = replace(own, process_started=own.process_started - 1000)
    assert not reused.is_alive()


def test_early_versions_stored_when_a_process_started_since_1970() -> None:
    own = psutil.Process()
    assert Owner(Owner.this_process().host, own.pid, own.create_time()).is_alive()
    assert process_start.process_start(own) == Owner.this_process().process_started
