"""Interrupted and resumed studies give the numbers of uninterrupted ones: the real computation.

Wherever a run is stopped, also by SIGKILL, it goes on from what its folder holds.
"""

import os
import shutil
import signal
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file

from fairprog_core.common.home import Home
from fairprog_core.common.records import Record
from fairprog_core.metrics.point import Point
from fairprog_core.results.result import Result
from fairprog_core.runs import Owner, Run, Store, launcher
from fairprog_core.runs.heartbeat import Patience
from fairprog_core.runs.recorder import StopRequest, record_run
from fairprog_core.study import Study
from tests.conftest import Finished
from tests.core.run_help import eventually, reaches


@pytest.fixture
def prepared(home: Home, finished: Finished) -> Home:
    """A home that has the data of the finished study already."""
    shutil.copytree(finished.home.cache, home.cache)
    return home


@pytest.fixture
def store(prepared: Home) -> Iterator[Store]:
    with Store(prepared, patience=Patience(lost=3.0)) as store:
        yield store


def until(store: Store, run: Run, is_enough: Callable[[Record], bool] = lambda _: False) -> Run:
    """Carry out a run in this process, up to and with the first record that is enough."""
    from fairprog_core.pipeline.execute import execute

    stop = StopRequest("cancelled")
    for record in record_run(store, run, execute, stop):
        if is_enough(record):
            stop.event.set()
    return store.get(run.id)


def same_numbers(store: Store, run: Run, finished: Finished) -> None:
    """Compare with the study that was never interrupted: points, triggers, the live curve, no record twice."""
    once, again = Result.open(finished.folder), Result.open(store.home.run(run.id))
    assert again.is_complete
    assert [without_paths(point) for point in again.points] == [without_paths(point) for point in once.points]
    for ours, theirs in zip(again.curves, once.curves, strict=True):
        assert ours.chosen_lam == theirs.chosen_lam
        assert ours.explain == theirs.explain
        assert ours.probe == theirs.probe
        left, right = load_file(ours.artifact), load_file(theirs.artifact)
        assert left.keys() == right.keys()
        assert all(np.array_equal(left[name], right[name]) for name in left)
    records = store.records(run.id)
    study = Study.parse(run.study)
    train = [record["step"] for record in records if record["kind"] == "train"]
    validation = [record["step"] for record in records if record["kind"] == "validation"]
    assert train == list(range(1, study.budget.steps + 1))
    assert validation == list(range(study.budget.validate_every, study.budget.steps + 1, study.budget.validate_every))


def without_paths(point: Point) -> Point:
    return replace(point, artifacts={})


def at(kind: str, **wanted: Any) -> Callable[[Record], bool]:
    return lambda record: record["kind"] == kind and all(record.get(key) == value for key, value in wanted.items())


@pytest.mark.parametrize(
    "moment",
    [
        pytest.param(at("base", step=2), id="while the base is trained"),
        pytest.param(at("train", step=3), id="between validations"),
        pytest.param(at("train", step=6), id="right before a validation"),
        pytest.param(at("validation", step=6), id="right after a validation"),
        pytest.param(at("train", step=12), id="right before the last validation"),
        pytest.param(at("validation", step=12), id="right after the last validation"),
        pytest.param(at("stage", stage="evaluation"), id="in the evaluation"),
        pytest.param(at("stage", stage="explain"), id="in the look inside"),
    ],
)
def test_run_stopped_anywhere_goes_on_with_the_same_numbers(
    store: Store, finished: Finished, moment: Callable[[Record], bool]
) -> None:
    run = store.begin(finished.study, Owner.this_process())
    assert until(store, run, moment).state == "cancelled"
    store.resume(run.id)
    again = store.claim(Owner.this_process())
    assert again
    run = until(store, again)
    assert (run.state, run.error, run.attempt) == ("done", None, 2)
    same_numbers(store, run, finished)


def test_run_stopped_again_and_again_goes_on_with_the_same_numbers(store: Store, finished: Finished) -> None:
    run = store.begin(finished.study, Owner.this_process())
    for step in (2, 5, 9):
        assert until(store, run, at("train", step=step)).state == "cancelled"
        store.resume(run.id)
        claimed = store.claim(Owner.this_process())
        assert claimed
        run = claimed
    run = until(store, run)
    assert run.state == "done"
    same_numbers(store, run, finished)


def test_run_whose_checkpoint_is_damaged_starts_its_curve_anew_with_the_same_numbers(
    store: Store, finished: Finished, caplog: pytest.LogCaptureFixture
) -> None:
    run = store.begin(finished.study, Owner.this_process())
    assert until(store, run, at("train", step=8)).state == "cancelled"
    (checkpoint,) = (store.home.run(run.id) / "curves").glob("*/checkpoint.safetensors")
    content = checkpoint.read_bytes()
    checkpoint.write_bytes(content[:-40] + bytes(40))
    store.resume(run.id)
    again = store.claim(Owner.this_process())
    assert again
    run = until(store, again)
    assert (run.state, run.error, run.attempt) == ("done", None, 2)
    assert [message for message in caplog.messages if message.endswith("and this training starts anew.")]
    same_numbers(store, run, finished)


def test_records_are_in_the_store_before_the_checkpoint_behind_them(
    store: Store, finished: Finished, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run that is killed goes on behind its checkpoint: what was not written by then would be lost."""
    monkeypatch.setattr("fairprog_core.runs.recorder.FLUSH_SECONDS", 3600.0)
    run = store.begin(finished.study, Owner.this_process())
    seen: list[tuple[bool, list[int]]] = []

    def look(record: Record) -> bool:
        if record["kind"] == "validation":
            is_there = any((store.home.run(run.id) / "curves").glob("*/checkpoint*"))
            kept = [each["step"] for each in store.records(run.id) if each["kind"] in ("train", "validation")]
            seen.append((is_there, kept))
        return record["kind"] == "validation"

    assert until(store, run, look).state == "cancelled"
    assert seen == [(False, [1, 2, 3, 4, 5, 6, 6])]


def test_killed_worker_is_replaced_and_the_run_goes_on_with_the_same_numbers(
    store: Store, finished: Finished, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SIGKILL in the middle of training: the run is lost, resumed by another worker, and equals the other one."""
    monkeypatch.setenv("FAIRPROG_SLOTS", "1")
    long = finished.study.model_copy(update={"name": "to be killed"})
    run_id = store.submit(long)
    [first] = launcher.ensure_workers(store.home)
    try:
        eventually(lambda: any(record["kind"] == "train" for record in store.records(run_id)), seconds=120)
        os.kill(first.owner.pid, signal.SIGKILL)
        lost = reaches(store, run_id, "lost")
        assert lost.error
        store.resume(run_id)
        [second] = launcher.ensure_workers(store.home)
        assert second.owner != first.owner
        run = reaches(store, run_id, "done", seconds=120)
    finally:
        launcher.stop_workers(store.home)
    assert run.attempt == 2
    same_numbers(store, run, finished)
