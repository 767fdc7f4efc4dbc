"""The home is read-only, full, gone, moved or locked: one sentence, nothing is lost, nothing is brought back."""

import contextlib
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from sqlalchemy.exc import DatabaseError
from streamlit.testing.v1 import AppTest

from fairprog_core import cli
from fairprog_core.cli.run import _stopping
from fairprog_core.common.errors import ArtifactError, MachineError
from fairprog_core.common.errors.machine import machine_error
from fairprog_core.common.home import Home, making_once, replacing
from fairprog_core.runs import Owner, Run, Store, launcher
from fairprog_core.runs.recorder import StopRequest, record_run
from fairprog_core.runs.slot import Slot
from fairprog_core.runs.worker import Worker
from tests.conftest import Finished
from tests.core.counting import execute as counter
from tests.core.counting import last_value
from tests.core.run_help import ROOT, counting, steps_of
from tests.resilience.faults import digests, ended_process, mounted, quick_store

MAIN = ROOT / "app" / "main.py"
COMMANDS = (("run", "faces-quick"), ("runs", "list"), ("runs", "show", "1"), ("runs", "remove", "1"), ("worker",))


@pytest.fixture
def read_only(finished: Finished, tmp_path: Path) -> Iterator[Home]:
    """A home with a finished run, on a disk that is read-only."""
    writable = tmp_path / "writable"
    shutil.copytree(finished.home.path, writable)
    with mounted(tmp_path / "read-only", "--bind", str(writable)) as folder:
        subprocess.run(["mount", "-o", "remount,ro,bind", str(folder)], check=True)
        yield Home(folder)


def fill(disk: Path) -> None:
    with (disk / "filler").open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(4096))
        except OSError:
            pass


def assert_sentence(text: str, *words: str) -> None:
    assert [word for word in words if word not in text] == []
    assert len(text) <= 300
    assert "\n" not in text
    assert text.endswith(".")


def goes_on_to_the_same_end(store: Store, run: Run) -> None:
    """A run of 40 steps that was interrupted goes on, and its result is that of an undisturbed one."""
    run = store.take_over(run.id, ended_process())
    for _ in record_run(store, run, counter, StopRequest("cancelled")):
        pass
    assert store.get(run.id).state == "done"
    assert f'"value":{last_value(40)}' in (store.home.run(run.id) / "result.json").read_text()


@pytest.mark.parametrize("arguments", COMMANDS, ids=" ".join)
def test_command_on_a_read_only_home_is_one_sentence(
    read_only: Home, arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    before = digests(read_only)
    with pytest.raises(SystemExit) as ended:
        cli.main([*arguments, "--home", str(read_only.path)])
    assert ended.value.code == 2
    [line] = capsys.readouterr().err.splitlines()
    assert_sentence(line.removeprefix("fairprog: "), "read-only", str(read_only.path), "--home")
    assert digests(read_only) == before


def test_command_on_a_full_disk_is_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with mounted(tmp_path / "disk", "-t", "tmpfs", "-o", "size=1m", "tmpfs") as disk:
        fill(disk)
        for arguments in (("runs", "list"), ("run", "faces-quick")):
            with pytest.raises(SystemExit) as ended:
                cli.main([*arguments, "--home", str(disk)])
            assert ended.value.code == 2
            [line] = capsys.readouterr().err.splitlines()
            assert_sentence(line.removeprefix("fairprog: "), "full", str(disk), "free some space")
        (disk / "filler").unlink()
        with Store(Home(disk)) as store:
            assert store.list() == []


def test_disk_without_room_for_a_further_file_is_told_so(tmp_path: Path) -> None:
    with mounted(tmp_path / "disk", "-t", "tmpfs", "-o", "size=8m,nr_inodes=4", "tmpfs") as disk:
        for number in range(2):
            (disk / str(number)).touch()
        with pytest.raises(MachineError) as refused, replacing(disk / "last") as part:
            part.touch()
        assert_sentence(str(refused.value), "no room for a further file", "MB are free", str(disk))


def test_log_that_cannot_be_written_is_one_sentence(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    (home.path / "logs" / "run.log").mkdir(parents=True)
    with pytest.raises(SystemExit):
        cli.main(["run", "faces-quick", "--home", str(home.path)])
    [line] = capsys.readouterr().err.splitlines()
    assert_sentence(line, "run.log", "Is a directory", "--home")
    with Store(home) as store:
        assert store.list() == []


@pytest.mark.parametrize("moves", [False, True], ids=["removed", "moved"])
def test_home_that_goes_away_ends_the_run_and_is_not_brought_back(home: Home, tmp_path: Path, moves: bool) -> None:
    aside = tmp_path / "aside"
    study = counting(steps=40, pause=0)
    with quick_store(home) as store:
        run = store.begin(study, ended_process())
        try:
            for number, _ in enumerate(record_run(store, run, counter, StopRequest("cancelled"))):
                if number == 30:
                    home.path.rename(aside) if moves else shutil.rmtree(home.path)
        except (DatabaseError, MachineError) as error:
            problem = str(machine_error(error, home.path))
        else:
            problem = store.get(run.id).error or ""
        assert_sentence(problem, f"The home {home.path} is gone", "put it back")
        assert not home.path.exists()
    if moves:
        aside.rename(home.path)
        with quick_store(home) as store:
            goes_on_to_the_same_end(store, run)


def test_home_that_was_removed_is_not_made_again_by_what_is_written_next(home: Home) -> None:
    shutil.rmtree(home.path)
    for write in (replacing, making_once):
        with pytest.raises(MachineError, match="is gone"), write(home.cache / "entry"):
            pass
    assert not home.path.exists()
    assert Home.find(home.path) == home
    with replacing(home.cache / "entry") as part:
        part.write_text("")


def test_run_whose_folder_may_not_be_written_fails_with_a_sentence_and_goes_on_later(home: Home) -> None:
    with quick_store(home) as store:
        run = store.begin(counting(steps=40, pause=0), ended_process())
        folder = home.run(run.id)
        folder.mkdir(parents=True)
        if subprocess.run(["chattr", "+i", str(folder)], capture_output=True, check=False).returncode:
            pytest.skip("this user may not make a folder immutable, or the file system cannot")
        try:
            for _ in record_run(store, run, counter, StopRequest("cancelled")):
                pass
        finally:
            subprocess.run(["chattr", "-i", str(folder)], check=True)
        failed = store.get(run.id)
        assert failed.state == "failed"
        assert_sentence(failed.error or "", "may not read or write", str(folder), "resume the run")
        run = store.take_over(run.id, ended_process())
        for _ in record_run(store, run, counter, StopRequest("cancelled")):
            pass
        assert store.get(run.id).state == "done"


# ---- the run table


@contextlib.contextmanager
def locked(home: Home) -> Iterator[None]:
    """Another program holds the run table."""
    with contextlib.closing(sqlite3.connect(home.database, isolation_level=None, check_same_thread=False)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("COMMIT")


@pytest.fixture
def lock_seconds(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> float:
    """How long the table is locked: longer than SQLite waits, which is half a minute unless this fixture changes it."""
    seconds: float | None = request.config.getoption("--lock-seconds")
    if seconds is None:
        monkeypatch.setattr("fairprog_core.runs.table.engine.BUSY_SECONDS", 0.2)
        return 1.0
    return seconds


@pytest.mark.parametrize("step", [1, 40], ids=["in the middle", "at the end"])
def test_run_waits_for_a_table_that_is_locked_for_longer_than_the_database_waits(
    home: Home, step: int, lock_seconds: float
) -> None:
    with quick_store(home) as store, contextlib.ExitStack() as lock:
        run = store.begin(counting(steps=40, pause=0), Owner.this_process())
        for record in record_run(store, run, counter, StopRequest("cancelled")):
            if record["kind"] == "train" and record["step"] == step:
                lock.enter_context(locked(home))
                threading.Timer(lock_seconds, lock.close).start()
        done = store.get(run.id)
        assert (done.state, done.error) == ("done", None)
        assert steps_of(store, run.id) == list(range(1, 41))


@pytest.mark.usefixtures("lock_seconds")
def test_worker_goes_on_when_the_table_is_locked_while_it_looks_for_a_run(home: Home) -> None:
    with Store(home) as store:
        run_id = store.submit(counting())
        worker = Worker(store, Slot(home, 0), StopRequest("lost"), counter)
        with locked(home):
            assert worker.claim() is None
        claimed = worker.claim()
        assert claimed
        assert claimed.id == run_id


def test_table_that_is_damaged_in_mid_run_is_one_sentence_and_the_run_goes_on_with_a_copy(
    home: Home, tmp_path: Path
) -> None:
    copy = tmp_path / "copy.sqlite"
    files = [home.database.with_name(home.database.name + end) for end in ("", "-wal", "-shm")]
    with quick_store(home) as store:
        run = store.begin(counting(steps=40, pause=0.02), ended_process())
        try:
            for record in record_run(store, run, counter, StopRequest("cancelled")):
                if record["kind"] == "train" and record["step"] == 20:
                    with contextlib.closing(sqlite3.connect(home.database)) as source:
                        source.execute("VACUUM INTO ?", (str(copy),))
                    store.database.close()  # an open connection would write back what it remembers
                    for file in files:
                        file.unlink(missing_ok=True)
                    home.database.write_bytes(b"no table" * 16_384)
            store.get(run.id)
        except DatabaseError as error:
            assert_sentence(str(machine_error(error)), "damaged", str(home.path), "put back a copy")
        else:
            pytest.fail("the damaged table was read")
    for file in files:
        file.unlink(missing_ok=True)
    copy.rename(home.database)
    with quick_store(home) as store:
        assert store.get(run.id).state == "lost"
        goes_on_to_the_same_end(store, run)


def test_table_that_a_newer_version_takes_over_in_mid_run_does_not_end_the_run(home: Home) -> None:
    with Store(home) as store:
        run = store.begin(counting(steps=40, pause=0), Owner.this_process())
        for number, _ in enumerate(record_run(store, run, counter, StopRequest("cancelled"))):
            if number == 20:
                with store.database.writing() as connection:
                    connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
        assert store.get(run.id).state == "done"
    with pytest.raises(ArtifactError, match="newer fairprog") as refused:
        Store(home)
    assert_sentence(str(refused.value), "update fairprog", "another home")


# ---- memory and streams


@pytest.mark.parametrize(
    "ask",
    [
        pytest.param(lambda: torch.empty(2**46, dtype=torch.uint8), id="torch"),
        pytest.param(lambda: np.empty(2**46, np.uint8), id="numpy"),
        pytest.param(lambda: bytearray(2**46), id="python"),
    ],
)
def test_lack_of_memory_is_one_sentence(ask: Callable[[], object]) -> None:
    try:
        ask()
    except (MemoryError, RuntimeError) as error:
        assert_sentence(str(machine_error(error)), "not enough memory", "ulimit -v")
    else:
        pytest.skip("this machine grants 64 TiB")


def test_limit_of_memory_that_torch_exceeds_is_one_sentence(home: Home) -> None:
    line = f"ulimit -v 1500000; exec {sys.executable} -m fairprog_core run faces-quick --home {home.path}"
    done = subprocess.run(["bash", "-c", line], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert_sentence(done.stderr.strip().removeprefix("fairprog: "), "not enough memory", "ulimit -v")


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_signal_asks_a_run_in_the_foreground_to_stop_after_a_checkpoint(name: str) -> None:
    number = getattr(signal, name)
    usual = signal.default_int_handler if name == "SIGINT" else signal.SIG_DFL
    before, stop = signal.signal(number, usual), StopRequest("cancelled")  # the tests themselves may run under nohup
    try:
        with _stopping(stop):
            signal.raise_signal(number)
            assert stop.event.is_set()
        assert signal.getsignal(number) == usual
    finally:
        signal.signal(number, before)


def test_run_that_was_started_with_nohup_goes_on_without_its_terminal() -> None:
    before, stop = signal.signal(signal.SIGHUP, signal.SIG_IGN), StopRequest("cancelled")
    try:
        with _stopping(stop):
            signal.raise_signal(signal.SIGHUP)
            assert not stop.event.is_set()
    finally:
        signal.signal(signal.SIGHUP, before)


def test_closed_standard_streams_end_no_command(home: Home) -> None:
    line = f"exec {sys.executable} -m fairprog_core runs list --home {home.path} <&- >&- 2>&-"
    assert subprocess.run(["bash", "-c", line], cwd=ROOT, check=False).returncode == 0


# ---- pages


def shown(page: str) -> tuple[list[str], list[str]]:
    """The errors and the unexpected exceptions that a page shows."""
    app = AppTest.from_file(str(MAIN), default_timeout=60)
    app.switch_page(f"views/{page}.py").run()
    return [error.value for error in app.error], [error.value for error in app.exception]


@pytest.fixture
def full(finished: Finished, tmp_path: Path) -> Iterator[Home]:
    """A home with a finished run, on a disk that is full."""
    with mounted(tmp_path / "full", "-t", "tmpfs", "-o", "size=16m", "tmpfs") as disk:
        shutil.copytree(finished.home.path, disk, dirs_exist_ok=True)
        fill(disk)
        yield Home(disk)


@pytest.mark.parametrize("page", ["start", "train", "tradeoff", "saliency", "runs"])
@pytest.mark.parametrize(("fault", "word"), [("read_only", "read-only"), ("full", "is full")])
def test_page_of_a_home_that_cannot_be_written_shows_what_it_can_or_one_sentence(
    fault: str, word: str, page: str, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    home: Home = request.getfixturevalue(fault)
    monkeypatch.setattr(launcher, "ensure_workers", lambda home, **_: [])
    monkeypatch.setenv("FAIRPROG_HOME", str(home.path))
    before = digests(home)
    errors, exceptions = shown(page)
    assert exceptions == []
    assert len(errors) <= 1
    for error in errors:
        assert_sentence(error.replace("\\", ""), word, str(home.path))
    if fault == "read_only" and page in ("train", "runs"):
        assert errors
    assert digests(home) == before


@pytest.mark.usefixtures("lock_seconds")
def test_page_that_cannot_queue_a_study_shows_one_sentence(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(launcher, "ensure_workers", lambda home, **_: [])
    app = AppTest.from_file(str(MAIN), default_timeout=60)
    app.switch_page("views/train.py").run()
    with locked(home):
        app.button(key="train").click().run()
        assert not app.exception
        [error] = app.error
        assert_sentence(error.value.replace("\\", ""), "locked", str(home.path), "try again")
    app.button(key="train").click().run()
    assert not app.exception
    with Store(home) as store:
        assert len(store.list()) == 1


def test_pages_of_a_removed_home_show_the_new_one(home: Home) -> None:
    with Store(home) as store:
        store.submit(counting())
    assert shown("runs") == ([], [])
    shutil.rmtree(home.path)
    assert shown("runs") == ([], [])
    with Store(home) as store:
        assert store.list() == []
