"""Pausing: a run waits after a record, stays running, and goes on with the same numbers; later it frees its worker."""

import threading
from collections.abc import Generator, Iterator
from typing import Any, cast

import pytest

from fairprog_core.common.errors import RunError
from fairprog_core.common.home import Home
from fairprog_core.runs import Owner, Run, Store, recorder
from fairprog_core.runs.recorder import StopRequest, record_run
from tests.core.counting import execute, last_value
from tests.core.run_help import counting, steps_of

STEPS = 20

pytestmark = pytest.mark.usefixtures("each_database")


@pytest.fixture
def store(home: Home) -> Iterator[Store]:
    with Store(home) as store:
        yield store


@pytest.fixture
def run(store: Store) -> Run:
    """A run that a worker has claimed."""
    store.submit(counting(steps=STEPS, pause=0))
    claimed = store.claim(Owner.this_process())
    assert claimed is not None
    return claimed


def records_of(store: Store, run: Run) -> Generator[dict[str, Any]]:
    return cast(Generator[dict[str, Any]], record_run(store, run, execute, StopRequest("lost", "A sentence.")))


def test_paused_run_waits_stays_running_and_goes_on(store: Store, run: Run) -> None:
    records = records_of(store, run)
    next(records)
    assert store.pause(run.id).is_paused
    is_on, seen = threading.Event(), list[dict[str, Any]]()

    def read() -> None:
        seen.append(next(records))
        is_on.set()

    reader = threading.Thread(target=read)
    reader.start()
    assert not is_on.wait(0.5)
    assert store.get(run.id).state == "running"
    assert not store.resume(run.id).is_paused
    assert is_on.wait(10)
    reader.join()
    for _ in records:
        pass
    assert store.get(run.id).state == "done"
    assert store.get(run.id).attempt == 1
    assert steps_of(store, run.id) == list(range(1, STEPS + 1))


def test_paused_run_is_cancelled(store: Store, run: Run) -> None:
    records = records_of(store, run)
    next(records)
    store.pause(run.id)
    store.cancel(run.id)
    assert list(records) == []
    found = store.get(run.id)
    assert (found.state, found.is_paused) == ("cancelled", False)


def test_long_pause_frees_the_worker_and_the_run_goes_on_from_its_checkpoint(
    store: Store, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recorder, "PAUSE_SECONDS", 0.3)
    records = records_of(store, run)
    next(records)
    store.pause(run.id)
    assert list(records) == []
    freed = store.get(run.id)
    assert (freed.state, freed.is_paused, freed.error) == ("cancelled", True, recorder.PAUSED)
    assert (store.resume(run.id).state, store.get(run.id).paused) == ("queued", None)
    again = store.claim(Owner.this_process())
    assert again is not None
    for _ in records_of(store, again):
        pass
    assert store.get(run.id).state == "done"
    assert f'"value":{last_value(STEPS)}' in (store.home.run(run.id) / "result.json").read_text()
    assert steps_of(store, run.id) == list(range(1, STEPS + 1))


def test_only_a_running_run_is_paused(store: Store) -> None:
    run_id = store.submit(counting())
    with pytest.raises(RunError, match="is queued; only a running run can be paused"):
        store.pause(run_id)


def test_run_that_is_being_cancelled_is_not_paused(store: Store, run: Run) -> None:
    store.cancel(run.id)
    with pytest.raises(RunError, match="is being cancelled; resume it afterwards"):
        store.pause(run.id)


def test_run_that_is_resumed_while_its_worker_is_freed_is_queued_again(
    store: Store, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It writes its checkpoint, which may take seconds, when the user lets it go on."""
    monkeypatch.setattr(recorder, "PAUSE_SECONDS", 0.3)

    def slow_end(*args: Any, **places: Any) -> Iterator[dict[str, Any]]:
        try:
            yield from execute(*args, **places)
        finally:
            store.resume(run.id)

    records = record_run(store, run, slow_end, StopRequest("lost", "A sentence."))
    next(iter(records))
    store.pause(run.id)
    assert list(records) == []
    found = store.get(run.id)
    assert (found.state, found.is_paused, found.error) == ("queued", False, None)
