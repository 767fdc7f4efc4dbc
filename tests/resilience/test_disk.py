"""The disk gets full while a study runs: nothing finished is lost, one sentence says it, and the run can go on."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy.exc import DatabaseError

from fairprog_core.common.errors import MachineError
from fairprog_core.common.errors.machine import machine_error
from fairprog_core.common.home import Home
from fairprog_core.results.result import Result
from tests.conftest import Finished
from tests.core.test_resume import same_numbers
from tests.resilience.faults import (
    Instant,
    at,
    carry_out,
    digests,
    ended_process,
    is_scratch,
    mounted,
    quick_store,
    run_once,
    with_caches,
)

INSTANTS: dict[str, tuple[Instant, int]] = {  # per name: the record at which it happens, and the bytes that stay free
    "after a validation": (at("validation", step=4), 0),
    "when a curve is finished": (at("curve"), 16_384),
    "in the explanations": (at("stage", stage="explain"), 49_152),
    "before the first checkpoint": (at("train", step=2), 0),
    "between two checkpoints": (at("train", step=6), 8_192),
    "after the last validation": (at("validation", step=12), 0),
    "in the evaluation": (at("stage", stage="evaluation"), 8_192),
    "while data are drawn": (at("stage", stage="data"), 65_536),
    "while the base is trained": (at("base"), 16_384),
    "when the base is ready": (at("stage", label="The base classifier is ready"), 0),
}
WITHOUT_CACHES = ("while data are drawn", "while the base is trained")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "instant" in metafunc.fixturenames:
        n = metafunc.config.getoption("--disk-instants")
        metafunc.parametrize("instant", list(INSTANTS)[:n])


@pytest.fixture(scope="module")
def undisturbed(session_folder: Path) -> Finished:
    return run_once(session_folder)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    with mounted(tmp_path / "disk", "-t", "tmpfs", "-o", "size=24m", "tmpfs") as folder:
        yield folder


def fill(disk: Path, left: int) -> Path:
    """Fill a disk up to some bytes; the file that fills it."""
    filler = disk / "filler"
    with filler.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(bytes(4096))
    os.truncate(filler, filler.stat().st_size - left)
    return filler


def test_run_on_a_full_disk_keeps_what_is_finished_and_goes_on_with_the_same_numbers(
    undisturbed: Finished, small_disk: Path, instant: str
) -> None:
    home = Home.find(small_disk / "home")
    if instant not in WITHOUT_CACHES:
        with_caches(undisturbed, home)
    when, left = INSTANTS[instant]
    before: dict[str, str] = {}

    def strike() -> None:
        before.update(digests(home))
        fill(small_disk, left)

    with quick_store(home) as store:
        run = store.begin(undisturbed.study, ended_process())
        sentence = None
        try:
            carry_out(store, run, when, strike)
        except (DatabaseError, MachineError) as error:
            sentence = str(machine_error(error, home.path))
        check_folder(home, before)
        (small_disk / "filler").unlink()

        stopped = store.get(run.id)
        if sentence is None:
            assert stopped.state == "failed"
            sentence = stopped.error or ""
        else:  # the table was on the full disk too: the process ends with the sentence, and its run is lost
            assert stopped.state == "lost"
        assert_one_sentence(sentence, home)

        again = store.take_over(run.id, ended_process())
        carry_out(store, again)
        done = store.get(run.id)
        assert (done.state, done.error, done.attempt) == ("done", None, 2)
        same_numbers(store, done, undisturbed)
        check_folder(home, before)


def check_folder(home: Home, before: dict[str, str]) -> None:
    """Nothing that was finished is missing or damaged, and no part of a file is left."""
    now = digests(home)
    rewritten = (
        "result.json",
        "curve.json",
        "seconds.json",
        "study.json",
        "checkpoint.safetensors",
        "checksums.json",
        "speed.json",
    )
    changed = [name for name, content in before.items() if now.get(name) not in (content, None)]
    assert {Path(name).name for name in changed} <= set(rewritten)
    assert {Path(name).name for name in before.keys() - now.keys()} <= {"checkpoint.safetensors"}
    names = (str(file.relative_to(home.path)) for file in home.path.rglob("*"))
    assert [name for name in names if is_scratch(name) and name != ".migrate.lock"] == []
    for file in home.runs.glob("*/result.json"):
        Result.open(file.parent)


def assert_one_sentence(sentence: str, home: Home) -> None:
    assert "full" in sentence or "are free" in sentence
    assert "free some space" in sentence or "delete some files" in sentence
    assert str(home.path)[:30] in sentence
    assert len(sentence) <= 300
    assert "\n" not in sentence
