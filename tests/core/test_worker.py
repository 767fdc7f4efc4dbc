"""Workers as real processes: carrying out, failing, cancelling, dying, resuming, leaving."""

import shutil
import signal
import time
from collections.abc import Generator, Iterator
from typing import Any, cast

import pytest

from fairprog_core.common.errors import RunError
from fairprog_core.common.home import Home
from fairprog_core.runs import Owner, Store, wakeup
from fairprog_core.runs.launcher import workers
from fairprog_core.runs.recorder import StopRequest, record_run
from fairprog_core.runs.slot import Slot
from fairprog_core.runs.timing.heartbeat import Patience
from fairprog_core.runs.worker import Worker
from tests.core.counting import GO_ON, last_value
from tests.core.counting import execute as counter
from tests.core.run_help import CountingWorker, counting, eventually, reaches, steps_of

pytestmark = pytest.mark.usefixtures("each_database")


@pytest.fixture
def store(home: Home) -> Iterator[Store]:
    store = Store(home, patience=Patience(lost=3.0))
    yield store
    store.close()


def value_of(home: Home, run_id: str) -> str:
    return (home.run(run_id) / "result.json").read_text()


# ---- carrying out


def test_worker_carries_out_one_run_after_the_other(home: Home, store: Store) -> None:
    first, second = store.submit(counting(steps=30)), store.submit(counting(steps=5))
    with CountingWorker(home) as worker:
        done = reaches(store, first, "done"), reaches(store, second, "done")
    assert {run.pid for run in done} == {worker.process.pid}
    assert [run.fraction for run in done] == [1.0, 1.0]
    assert done[0].finished
    assert done[1].started
    assert done[0].finished <= done[1].started
    assert steps_of(store, first) == list(range(1, 31))
    assert f'"value":{last_value(30)}' in value_of(home, first)


def test_records_arrive_while_the_run_goes_on(home: Home, store: Store) -> None:
    run_id = store.submit(counting(steps=500))
    with CountingWorker(home):
        seen = eventually(lambda: steps_of(store, run_id))
        run = store.get(run_id)
        assert run.state == "running"
        assert (run.stage, run.label) == ("triggers", "Counting")
        assert 0 < run.fraction < 1
        assert eventually(lambda: steps_of(store, run_id)[len(seen) :])
        times = {record["time"] for record in store.records(run_id)}
        store.cancel(run_id, wait=True)
    assert len(times) < 10  # in batches, not one by one


def test_submitted_run_starts_at_once_on_a_waiting_worker(home: Home, store: Store) -> None:
    with CountingWorker(home):
        eventually(lambda: [worker for worker in workers(home) if worker.state == "idle"])
        time.sleep(0.2)
        runs = [reaches(store, store.submit(counting(steps=3)), "done") for _ in range(3)]
    waited = [run.started - run.created for run in runs if run.started]
    assert min(waited) < 0.5  # far below the two seconds between looks


def test_two_workers_on_one_home_never_run_a_run_twice(home: Home, store: Store) -> None:
    ids = [store.submit(counting(steps=3)) for _ in range(12)]
    with CountingWorker(home, slot=0) as one, CountingWorker(home, slot=1) as two:
        for run_id in ids:
            reaches(store, run_id, "done")
    runs = store.list()
    assert {run.attempt for run in runs} == {1}
    assert {run.pid for run in runs} <= {one.process.pid, two.process.pid}
    for run_id in ids:
        assert len((home.run(run_id) / "attempts.txt").read_text().splitlines()) == 1


# ---- failing


def test_error_of_the_user_becomes_the_sentence_of_the_run(home: Home, store: Store) -> None:
    run_id = store.submit(counting(data_error_at=3))
    with CountingWorker(home):
        run = reaches(store, run_id, "failed")
    assert run.error == "The data are not there; put them there."


def test_unexpected_error_is_told_in_the_log_and_the_worker_goes_on(home: Home, store: Store) -> None:
    failing, good = store.submit(counting(error_at=3)), store.submit(counting(steps=3))
    with CountingWorker(home) as worker:
        run = reaches(store, failing, "failed")
        assert reaches(store, good, "done").pid == worker.process.pid
    assert run.error
    assert "unexpected ZeroDivisionError" in run.error
    assert str(worker.log) in run.error
    assert "secret" not in run.error
    assert "secret detail" in worker.log.read_text()
    assert run.log == "logs/slot-0.log"


def test_study_that_this_version_does_not_know_fails_with_a_sentence(home: Home, store: Store) -> None:
    run_id = store.submit(counting())
    with store.database.writing() as connection:
        connection.exec_driver_sql("UPDATE runs SET study = '{\"future\": 1}'")
    with CountingWorker(home):
        run = reaches(store, run_id, "failed")
    assert run.error
    assert "future" in run.error


@pytest.mark.parametrize("end", [SystemExit, KeyboardInterrupt, GeneratorExit])
def test_end_of_the_process_is_never_taken_for_the_end_of_the_run(store: Store, end: type[BaseException]) -> None:
    def execute(*_: object, **__: object) -> Iterator[dict[str, Any]]:
        yield {"kind": "train", "step": 1}
        raise end

    run = store.begin(counting(), Owner.this_process())
    with pytest.raises(end):
        for _ in record_run(store, run, execute, StopRequest("lost", "A sentence.")):
            pass
    assert (store.get(run.id).state, store.get(run.id).error) == ("lost", "A sentence.")
    assert steps_of(store, run.id) == [1]


def test_reader_that_stops_early_cancels_the_run(store: Store) -> None:
    run = store.begin(counting(), Owner.this_process())
    records = cast(Generator[dict[str, Any]], record_run(store, run, counter, StopRequest("cancelled")))
    assert next(records)["step"] == 1
    records.close()
    assert store.get(run.id).state == "cancelled"
    assert (store.home.run(run.id) / "count.json").is_file()  # closed, so that it could write its checkpoint


# ---- cancelling and resuming


def test_cancelled_run_stops_within_two_seconds_and_goes_on_with_the_same_numbers(home: Home, store: Store) -> None:
    run_id = store.submit(counting(steps=400))
    with CountingWorker(home) as worker:
        eventually(lambda: steps_of(store, run_id))
        start = time.monotonic()
        assert store.cancel(run_id, wait=True).state == "cancelled"
        assert time.monotonic() - start < 2.0
        before = len(steps_of(store, run_id))
        assert 0 < before < 400
        store.resume(run_id)
        run = reaches(store, run_id, "done")
        assert run.pid == worker.process.pid  # it stays warm
    assert run.attempt == 2
    assert run.seconds_before > 0
    assert f'"value":{last_value(400)}' in value_of(home, run_id)
    assert steps_of(store, run_id) == list(range(1, 401))


def test_cancel_during_a_long_step_takes_less_than_two_seconds(home: Home, store: Store) -> None:
    run_id = store.submit(counting(steps=30, long_at=12))
    with CountingWorker(home) as worker:
        eventually(lambda: steps_of(store, run_id)[-1:] == [12])
        start = time.monotonic()
        store.cancel(run_id)
        run = reaches(store, run_id, "cancelled")
        assert time.monotonic() - start < 2.0
        assert worker.process.wait(60) == -signal.SIGKILL
    assert run.terminated  # it was asked first
    assert "[10, " in (home.run(run_id) / "count.json").read_text()  # the last checkpoint


def test_signal_that_was_meant_for_a_long_step_leaves_the_worker_warm(home: Home) -> None:
    with Store(home, patience=Patience(terminate=0.2, kill=30)) as store, CountingWorker(home) as worker:
        run_id = store.submit(counting(held_at=1))
        eventually(lambda: steps_of(store, run_id))
        store.cancel(run_id)
        eventually(lambda: store.get(run_id).terminated)  # the step is longer than the patience
        (home.run(run_id) / GO_ON).touch()
        assert reaches(store, run_id, "cancelled").terminated
        assert reaches(store, store.submit(counting(steps=2)), "done").pid == worker.process.pid


# ---- dying


def test_killed_worker_loses_the_run_which_can_be_resumed(home: Home, store: Store) -> None:
    run_id = store.submit(counting(steps=200, held_at=150))
    with CountingWorker(home) as worker:
        eventually(lambda: len(steps_of(store, run_id)) > 20)
        worker.process.send_signal(signal.SIGKILL)
        worker.process.wait()
        assert store.get(run_id).state == "running"  # not known yet
        lost = reaches(store, run_id, "lost")
    assert lost.error
    assert lost.finished
    assert lost.heartbeat == lost.finished
    (home.run(run_id) / GO_ON).touch()
    store.resume(run_id)
    with CountingWorker(home):
        run = reaches(store, run_id, "done")
    assert run.attempt == 2
    assert f'"value":{last_value(200)}' in value_of(home, run_id)
    seen = steps_of(store, run_id)
    assert seen == sorted(set(seen))  # what was done again took the old one's place
    # SIGKILL takes the records of the last half second along, which a checkpoint may already cover
    assert len(set(range(1, 201)) - set(seen)) < 60


def test_worker_that_is_asked_to_end_writes_a_checkpoint(home: Home, store: Store) -> None:
    run_id = store.submit(counting(steps=1000))
    with CountingWorker(home) as worker:
        eventually(lambda: len(steps_of(store, run_id)) > 12)
        worker.process.terminate()
        assert worker.process.wait(60) == 0
    run = store.get(run_id)
    assert run.state == "lost"
    assert run.error
    assert "resume" in run.error
    step = int((home.run(run_id) / "count.json").read_text()[1:].split(",")[0])
    assert steps_of(store, run_id)[-1] == step  # up to the very last step


def test_heartbeat_goes_on_during_a_long_step(home: Home, store: Store) -> None:
    run_id = store.submit(counting(long_at=2))
    with CountingWorker(home):
        eventually(lambda: steps_of(store, run_id) == [1, 2])
        time.sleep(4)
        run = store.get(run_id)
        assert run.heartbeat
        assert time.time() - run.heartbeat < 3
        assert run.state == "running"


def test_worker_stops_when_another_one_has_its_run(home: Home, store: Store) -> None:
    run_id = store.submit(counting(steps=100_000))
    with CountingWorker(home) as worker:
        eventually(lambda: steps_of(store, run_id))
        with store.database.writing() as connection:
            connection.exec_driver_sql("UPDATE runs SET state = 'lost', token = NULL")
        store.resume(run_id)
        again = reaches(store, run_id, "running")
        assert again.attempt == 2  # the same worker dropped its claim and took the next one
        assert again.pid == worker.process.pid
        store.cancel(run_id, wait=True)


# ---- leaving


def test_idle_worker_leaves(home: Home, store: Store) -> None:
    with CountingWorker(home, idle_seconds=1.0) as worker:
        assert worker.process.wait(60) == 0
    assert not list(wakeup.folder(home).glob("*.json"))


def test_worker_leaves_when_its_home_is_gone_and_does_not_bring_it_back(home: Home, store: Store) -> None:
    store.close()
    with CountingWorker(home) as worker:
        eventually(lambda: workers(home))
        time.sleep(0.5)
        shutil.rmtree(home.path)
        worker.process.wait(60)
    assert not home.path.exists()


def test_computing_worker_ends_when_its_home_is_gone(home: Home, store: Store) -> None:
    run_id = store.submit(counting(long_at=2))
    with CountingWorker(home) as worker:
        eventually(lambda: steps_of(store, run_id) == [1, 2])
        store.close()
        shutil.rmtree(home.path)
        assert worker.process.wait(60) == 1
    assert not home.path.exists()


def test_second_worker_of_a_slot_is_refused(home: Home, store: Store) -> None:
    with CountingWorker(home):
        eventually(lambda: workers(home))
        with pytest.raises(RunError, match="taken"):
            Slot(home, 0).take()
    Slot(home, 0).take()  # a killed worker leaves no lock


def test_worker_of_another_version_leaves_the_queue_to_its_successor(home: Home, store: Store) -> None:
    read_version = f"lambda: '2' if Path({str(home.path / 'new')!r}).exists() else '1'"
    with CountingWorker(home, read_version=read_version) as worker:
        reaches(store, store.submit(counting(steps=2)), "done")
        (home.path / "new").touch()
        waiting = store.submit(counting(steps=2))
        assert worker.process.wait(60) == 0
    assert store.get(waiting).state == "queued"
    assert store.claim(Owner.this_process())


# ---- what happens to a run right after its end


@pytest.mark.parametrize("change", ["resume", "remove"])
def test_worker_stays_when_a_cancelled_run_is_resumed_or_removed_at_once(
    change: str, home: Home, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was ended by a signal during a long step: the signal was meant for the run."""
    stop = StopRequest("lost", "A sentence.")

    def execute(*args: Any, **places: Any) -> Iterator[dict[str, Any]]:
        yield {"kind": "train", "step": 1}
        with store.database.writing() as connection:
            connection.exec_driver_sql("UPDATE runs SET cancel_requested = 1, terminated = 1")
        stop.event.set()
        yield {"kind": "train", "step": 2}

    def patiently(look: Any) -> Any:
        getattr(store, change)(run.id)  # before the worker looks how the run has ended
        return look()

    store.submit(counting())
    run = store.claim(Owner.this_process())
    assert run is not None
    monkeypatch.setattr("fairprog_core.runs.worker.patiently", patiently)
    slot = Slot(home, 0)
    slot.pipe.parent.mkdir(parents=True, exist_ok=True)
    Worker(store, slot, stop, execute).execute_run(run)
    assert not stop.event.is_set()
    assert [run.state for run in store.list()] == (["queued"] if change == "resume" else [])
