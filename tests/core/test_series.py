"""Several studies that fill the places of one machine: the numbers of each alone, and nothing lost when one ends."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from multiprocessing import Pipe
from pathlib import Path
from typing import Any

import psutil
import pytest

from fairprog_core.common.errors import FairprogError
from fairprog_core.common.home import Home
from fairprog_core.common.records import Record
from fairprog_core.pipeline.series.pool import PlacePool
from fairprog_core.pipeline.tasks.places import WANTED, StudyPlaces
from fairprog_core.runs import Run, Store
from fairprog_core.study import Study
from tests.conftest import TINY, Finished
from tests.core.many_curves import MANY, files
from tests.core.run_help import ROOT, eventually, numbers

SMALL = TINY | {"explain": {"gallery": 0, "rows": 0, "probe": False}}
LONG = SMALL | {"budget": {"steps": 4000, "validate_every": 6}}
Watch = Callable[[PlacePool, str, Record], None]


def compute(
    studies: Sequence[dict[str, Any]], home: Home, *, n: int, jobs: int | None, watch: Watch | None = None
) -> list[str | None]:
    """Compute studies in a pool, in the folders named after them; what each says in the end, None where all is well."""

    def follow(pool: PlacePool, place: int, study: Study) -> str | None:
        try:
            for record in pool.execute(study, home=home, folder=home.run(study.name), place=place):
                if watch is not None:
                    watch(pool, study.name, record)
        except FairprogError as error:
            return str(error)
        return None

    with PlacePool(n, jobs=jobs, on=None) as pool, ThreadPoolExecutor(len(studies)) as threads:
        ended = []
        for study in map(Study.parse, studies):
            if (place := pool.next_place()) is None:
                break
            ended.append(threads.submit(follow, pool, place, study))
        said = [each.result() for each in ended]
        assert sorted(pool._free) == list(range(n)), "a place was lost"
    return said


def test_studies_in_one_pool_have_the_numbers_of_each_alone(one_by_one: Finished, home: Home) -> None:
    """Never are more places filled than there are; the second study begins while the first is at work."""
    most, at_work = 0, set[str]()

    def watch(pool: PlacePool, study: str, record: Record) -> None:
        nonlocal most
        with pool._changed:
            held = [place for leader in pool._leaders for place in leader.held]
            assert len(held) == len(set(held))
            assert not {*held} & {*pool._free}
            most = max(most, sum(bool(leader.held) for leader in pool._leaders))
        at_work.add(study)

    other = SMALL | {"name": "other", "triggers": [{"kind": "patch"}], "seeds": [0, 1, 2]}
    assert compute([MANY, other], home, n=2, jobs=None, watch=watch) == [None, None]
    assert most == 2
    assert numbers(home.run("many")) == numbers(one_by_one.folder)
    assert files(home.run("many")) == files(one_by_one.folder)
    assert compute([other | {"name": "alone"}], home, n=1, jobs=1) == [None]
    assert files(home.run("alone")) == files(home.run("other"))


def test_places_are_asked_for_and_given_back() -> None:
    here, there = Pipe()
    places = StudyPlaces(here, 3)
    assert places.take() == 3
    assert places.take() is None
    assert places.take() is None
    assert there.recv() == WANTED
    assert not there.poll(), "it was asked for twice"
    there.send(1)
    assert places.take() == 1
    places.give_back(3)
    assert there.recv() == 3
    there.send(0)
    places.give_back_unused()
    assert there.recv() == 0
    assert places.take() is None


def test_place_of_a_killed_helper_stays_empty_unless_it_is_the_only_one() -> None:
    """Memory may be short; but a study goes on."""
    here, there = Pipe()
    places = StudyPlaces(here, 0)
    there.send(1)
    assert {places.take(), places.take()} == {0, 1}
    places.lose(1)
    places.give_back_unused()
    assert not there.poll()
    places.lose(0)
    assert places.take() == 0
    assert not there.poll()


def test_place_that_nobody_begins_in_goes_to_the_next_study() -> None:
    with PlacePool(1, jobs=1, on=None) as pool:
        assert pool.next_place() == 0
        pool.forgo(0)
        assert pool.next_place() == 0
        pool.close()
        assert pool.next_place() is None


def test_killed_leader_fails_its_study_and_no_other(home: Home) -> None:
    """The other one comes to its end, no further one begins, and the study that was killed goes on later."""
    killed: list[int] = []

    def watch(pool: PlacePool, study: str, record: Record) -> None:
        if study == "first" and record["kind"] == "train" and record["step"] >= 7 and not killed:
            process = pool._leaders[0].process
            killed.append(process.pid)
            process.kill()

    first, second, third = (SMALL | {"name": name, "seeds": [0, 1]} for name in ("first", "second", "third"))
    said = compute([first, second, third], home, n=2, jobs=1, watch=watch)
    assert killed
    assert said[0] is not None
    assert "The process that led this study ended (signal SIGKILL)" in said[0]
    assert said[1:] == [None]
    assert (home.run("second") / "result.json").is_file()
    assert compute([first], home, n=1, jobs=1) == [None]
    assert files(home.run("first")) == files(home.run("second"))


def test_error_of_a_study_is_told_as_if_it_were_alone(home: Home) -> None:
    """And no further study begins."""
    bad = SMALL | {"name": "bad", "dataset": {"kind": "celeba", "root": str(home.path / "none")}}
    (said,) = compute([bad, SMALL], home, n=1, jobs=1)
    assert said is not None
    assert said.startswith("CelebA: ")


def started(file: Path, home: Home, *options: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "fairprog_core", "run", str(file), "--home", str(home.path), *options]
    return subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
    )


def is_training(store: Store, run: Run) -> bool:
    return any(record["kind"] == "train" for record in store.records(run.id))


@pytest.fixture
def two_long(tmp_path: Path) -> Path:
    """The file of a series of two studies."""
    file = tmp_path / "series.json"
    members = [{"name": "one", "set": []}, {"name": "two", "set": []}]
    file.write_text(json.dumps({key: value for key, value in LONG.items() if key != "name"} | {"studies": members}))
    return file


def both_train(store: Store) -> list[Run] | None:
    """The two runs, as soon as both train."""
    runs = store.list()
    return runs if len(runs) == 2 and all(is_training(store, run) for run in runs) else None


def test_study_that_is_cancelled_takes_no_other_with_it(two_long: Path, home: Home) -> None:
    with started(two_long, home, "--jobs", "2", "--set", "budget.steps=300") as process, Store(home) as store:
        try:
            two, one = eventually(lambda: both_train(store))
            store.cancel(two.id)
            out, _ = process.communicate(timeout=120)
        finally:
            process.kill()
        assert [store.get(run.id).state for run in (one, two)] == ["done", "cancelled"], out
        assert process.returncode == 130


@pytest.mark.parametrize("to_all", [False, True])
@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_interrupted_series_goes_on_and_leaves_no_process(
    end: signal.Signals, to_all: bool, two_long: Path, home: Home
) -> None:
    """However it ends: both runs that are at work keep what they have, and all processes end."""
    file = two_long
    with started(file, home, "--jobs", "2") as process, Store(home) as store:
        try:
            eventually(lambda: both_train(store))
            below = psutil.Process(process.pid).children(recursive=True)
            os.killpg(process.pid, end) if to_all else process.send_signal(end)
            out, _ = process.communicate(timeout=90)
        finally:
            process.kill()
        assert process.returncode == (130 if end != signal.SIGKILL else -end), out
        _, alive = psutil.wait_procs(below, timeout=20)
        assert alive == []
        runs = store.list()
        if end != signal.SIGKILL:
            assert [run.state for run in runs] == ["cancelled", "cancelled"]
            assert all(list(home.run(run.id).glob("curves/*/checkpoint.safetensors")) for run in runs)
        shorter = ["--set", "budget.steps=12"]
        with started(file, home, "--jobs", "2", *shorter) as again:
            out, _ = again.communicate(timeout=300)
        assert again.returncode == 0, out
        assert [run.state for run in store.list()[:2]] == ["done", "done"]
