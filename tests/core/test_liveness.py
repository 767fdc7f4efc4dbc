"""Cancelling runs, and telling which ones are lost; with real processes."""

import signal
import subprocess
import sys
import time
from collections.abc import Iterator

import psutil
import pytest
from sqlalchemy import text

from fairprog_core.common.errors import RunError
from fairprog_core.common.home import Home
from fairprog_core.runs import Owner, Run, Store
from fairprog_core.runs.timing.heartbeat import Patience
from fairprog_core.study import Study

pytestmark = pytest.mark.usefixtures("each_database")


@pytest.fixture
def store(home: Home) -> Iterator[Store]:
    store = Store(home)
    yield store
    store.close()


@pytest.fixture
def study() -> Study:
    return Study(name="a study")


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    """A process that does nothing but exist, and ignores the wish to end."""
    code = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(flush=True); time.sleep(60)"
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as process:
        assert process.stdout
        process.stdout.readline()  # the signal is ignored from here on
        yield process
        process.kill()


def owner_of(process: subprocess.Popen[bytes]) -> Owner:
    return Owner(Owner.this_process().host, process.pid, psutil.Process(process.pid).create_time())


def claimed(store: Store, study: Study, owner: Owner | None = None) -> Run:
    store.submit(study)
    run = store.claim(owner or Owner.this_process())
    assert run
    return run


def test_cancel_of_a_queued_run_is_at_once(store: Store, study: Study) -> None:
    run = store.cancel(store.submit(study))
    assert run.state == "cancelled"
    assert store.claim(Owner.this_process()) is None


def test_cancel_of_a_run_that_is_over_is_refused(store: Store, study: Study) -> None:
    run = claimed(store, study)
    store.finish(run, "done")
    with pytest.raises(RunError, match="done already"):
        store.cancel(run.id)


def test_cancel_raises_the_flag_that_the_worker_reads(store: Store, study: Study) -> None:
    run = claimed(store, study)
    assert not store.should_stop(run)
    assert store.cancel(run.id).is_cancelling
    assert store.should_stop(run)
    assert store.finish(run, "cancelled")
    assert not store.get(run.id).is_cancelling


def test_cancel_of_a_process_that_does_not_react_ends_it_within_two_seconds(
    store: Store, study: Study, sleeper: subprocess.Popen[bytes]
) -> None:
    run = claimed(store, study, owner_of(sleeper))
    start = time.monotonic()
    assert store.cancel(run.id, wait=True).state == "cancelled"
    assert time.monotonic() - start < 2.0
    assert sleeper.wait(60) == -signal.SIGKILL


def test_cancel_asks_before_it_ends_a_process(store: Store, study: Study) -> None:
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]) as process:
        run = claimed(store, study, owner_of(process))
        store.cancel(run.id)
        assert process.wait(60) == -signal.SIGTERM
        assert store.get(run.id).terminated


def test_cancel_never_ends_a_process_that_is_somebodys_own(
    home: Home, study: Study, sleeper: subprocess.Popen[bytes]
) -> None:
    store = Store(home, patience=Patience(terminate=0.1, kill=0.2))
    run = store.begin(study, owner_of(sleeper))
    assert store.cancel(run.id, wait=True).is_cancelling
    assert sleeper.poll() is None
    sleeper.kill()
    sleeper.wait()
    assert store.get(run.id).state == "cancelled"
    store.close()


def test_cancel_without_a_thread_is_carried_out_by_whoever_looks(
    home: Home, study: Study, sleeper: subprocess.Popen[bytes]
) -> None:
    store = Store(home, patience=Patience(terminate=0.1, kill=0.2))
    run = claimed(store, study, owner_of(sleeper))
    with store.database.writing() as connection:
        connection.execute(text("UPDATE runs SET cancel_requested = :at"), {"at": time.time() - 10})
    assert store.list()[0].state == "cancelled"
    assert store.get(run.id).state == "cancelled"
    store.close()


def test_silent_run_whose_process_is_gone_is_lost(home: Home, study: Study, sleeper: subprocess.Popen[bytes]) -> None:
    store = Store(home, patience=Patience(lost=0.3))
    run = claimed(store, study, owner_of(sleeper))
    sleeper.kill()
    sleeper.wait()
    assert store.get(run.id).state == "running"  # not yet silent for long enough
    time.sleep(0.4)
    lost = store.get(run.id)
    assert lost.state == "lost"
    assert lost.error
    assert "resume" in lost.error
    assert lost.finished == lost.heartbeat
    assert store.resume(run.id).state == "queued"
    store.close()


def test_silent_run_whose_process_lives_is_not_lost(home: Home, study: Study, sleeper: subprocess.Popen[bytes]) -> None:
    store = Store(home, patience=Patience(lost=0.0))
    run = claimed(store, study, owner_of(sleeper))
    time.sleep(0.05)
    assert store.get(run.id).state == "running"
    store.close()


def test_process_number_used_again_does_not_keep_a_run_alive(home: Home, study: Study) -> None:
    store = Store(home, patience=Patience(lost=0.0))
    me = Owner.this_process()
    run = claimed(store, study, Owner(me.host, me.pid, me.process_started - 1000))
    time.sleep(0.05)
    assert store.get(run.id).state == "lost"
    store.close()


def test_run_of_another_machine_is_lost_after_longer_silence(home: Home, study: Study) -> None:
    patient, hasty = Store(home), Store(home, patience=Patience(lost=0.0, elsewhere=0.01))
    run = claimed(patient, study, Owner("elsewhere", 1, 0.0))
    time.sleep(0.05)
    assert patient.get(run.id).state == "running"
    assert hasty.get(run.id).state == "lost"
    patient.close()
    hasty.close()
