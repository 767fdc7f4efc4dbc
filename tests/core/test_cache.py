"""The cache of columns: filled once, whole or not at all, by a generator that tells how far it is."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator

import numpy as np
import psutil
import pytest

from fairprog_core.common.errors import DataError, size
from fairprog_core.common.home import Home
from fairprog_core.data.base import Progress
from fairprog_core.data.cache import Array, CacheEntry, Columns

EXPECTED = {"x": Array((3,), np.int64)}
FILL_SLOWLY = """
import sys, time
from pathlib import Path
import numpy as np
from fairprog_core.common.home import Home
from fairprog_core.data.cache import Array, CacheEntry

def fill(out):
    column = out.create("x", (3,), np.int64)
    for row in range(3):
        column[row] = row
        time.sleep(0.1)
        yield row + 1, 3

entry = CacheEntry.of(Home(Path(sys.argv[1])), "key", {"x": Array((3,), np.int64)}, fill)
print(len(list(entry.prepare())), entry.open()["x"].tolist())
"""


def fill(out: Columns) -> Iterator[Progress]:
    column = out.create("x", (3,), np.int64)
    for row in range(3):
        column[row] = row
        yield row + 1, 3


def fill_and_fail(out: Columns) -> Iterator[Progress]:
    yield from fill(out)
    raise DataError("no such folder")


def test_filling_tells_how_far_it_is_and_is_done_once(home: Home) -> None:
    entry = CacheEntry.of(home, "key", EXPECTED, fill)
    assert list(entry.prepare()) == [(1, 3), (2, 3), (3, 3)]
    assert list(entry.prepare()) == []
    assert entry.open()["x"].tolist() == [0, 1, 2]


def test_entry_that_is_missing_is_filled_when_opened(home: Home) -> None:
    assert CacheEntry.of(home, "key", EXPECTED, fill).open()["x"].tolist() == [0, 1, 2]


def test_closing_the_generator_leaves_nothing_and_frees_the_entry(home: Home) -> None:
    entry = CacheEntry.of(home, "key", EXPECTED, fill)
    filling = entry.prepare()
    assert next(filling) == (1, 3)
    filling.close()  # type: ignore[attr-defined]
    assert [path.name for path in (home.cache / "data").iterdir()] == ["key.lock"]
    assert list(entry.prepare()) == [(1, 3), (2, 3), (3, 3)]


def test_error_of_the_filling_comes_after_its_reports_and_leaves_nothing(home: Home) -> None:
    filling = CacheEntry.of(home, "key", EXPECTED, fill_and_fail).prepare()
    assert [next(filling) for _ in range(3)] == [(1, 3), (2, 3), (3, 3)]
    with pytest.raises(DataError, match="no such folder"):
        next(filling)
    assert [path.name for path in (home.cache / "data").iterdir()] == ["key.lock"]


def test_two_processes_fill_an_entry_once(home: Home) -> None:
    """One of them reports three rows; the other waits for it and finds the same column."""
    command = [sys.executable, "-c", FILL_SLOWLY, str(home.path)]
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    assert sorted(process.communicate(timeout=60)[0] for process in processes) == ["0 [0, 1, 2]\n", "3 [0, 1, 2]\n"]


def test_column_is_read_whole_only_after_its_stamp_has_changed(home: Home) -> None:
    n = 4_000_000

    def fill(out: Columns) -> Iterator[Progress]:
        out.create("x", (n,), np.uint8)[:] = 7
        yield 1, 1

    entry = CacheEntry.of(home, "key", {"x": Array((n,), np.uint8)}, fill)
    entry.open()

    def n_read() -> int:
        before = psutil.Process().io_counters().read_chars
        entry.open()
        return int(psutil.Process().io_counters().read_chars - before)

    assert n_read() < n / 10
    os.utime(entry.folder / "x.npy")
    assert n_read() >= n
    assert n_read() < n / 10


def test_data_that_do_not_fit_on_the_disk_are_one_sentence(home: Home) -> None:
    def fill_too_much(out: Columns) -> Iterator[Progress]:
        out.create("x", (10**13,), np.uint8)
        yield 1, 1

    with pytest.raises(DataError) as caught:
        CacheEntry.of(home, "key", {"x": Array((10**13,), np.uint8)}, fill_too_much).open()
    sentence = str(caught.value)
    place, free = re.escape(str(home.cache / "data")), r"[\d.]+ [kMGT]?B"
    assert re.match(
        rf"The data set does not fit on the disk of {place}: it needs {free} more than the {free}", sentence
    )


@pytest.mark.parametrize(
    ("n_bytes", "text"),
    [
        (0, "0 bytes"), (999, "999 bytes"), (1000, "1 kB"), (1264, "1.26 kB"), (999_700, "1 MB"),
        (12_640_000, "12.6 MB"), (2.5e9, "2.5 GB"), (3e12, "3 TB"), (4e15, "4,000 TB"),
    ],
)  # fmt: skip
def test_size_has_the_unit_that_fits(n_bytes: float, text: str) -> None:
    assert size(n_bytes) == text
