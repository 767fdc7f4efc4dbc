"""Measures how long commits to the run table and reads of it take while several processes use it at once.

Writers append a record per commit, as a worker does, each to a run of its own; readers ask for what a page shows. Each
is a process of its own, on a temporary home, and where ``FAIRPROG_DB_URL`` names a PostgreSQL server on tables of their
own there. At a pace, a late commit delays no later one: each has its own due time.
"""

import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from multiprocessing import get_context
from multiprocessing.synchronize import Barrier
from pathlib import Path

import numpy as np

from fairprog_core.cli.machine.bench.ratios.rows import BenchRow
from fairprog_core.cli.machine.bench.scratch_database import scratch_database
from fairprog_core.common.home import Home
from fairprog_core.runs.store import Store
from fairprog_core.runs.table.run import Owner
from fairprog_core.study import Study

SUITE = "store"
WRITERS, READERS = 4, 2
COMMITS = 500  # of each writer
COMMITS_PER_SECOND = 20.0  # of each writer, at the pace
READS_PER_SECOND = 5.0  # of each reader
GOAL_MS = 100.0  # 99 of 100 commits at the pace take at most so long, on a quiet machine
HEAD = (
    "| database | pace | action | times | per second | p50 ms | p95 ms | p99 ms | longest ms |",
    "| --- | --- | --- | --- | --- | --- | --- | --- | --- |",
)


@dataclass(frozen=True)
class Latency:
    """How long one kind of action took, in milliseconds.

    Attributes:
        pace: commits per second of each writer; None: as fast as it can.
        action: "commit" or "read".
        n: how often it was done.
        per_second: how often per second, by all processes together.
        p50, p95, p99: percentiles.
        longest: the longest time.
        database: "SQLite" or "PostgreSQL".
    """

    pace: float | None
    action: str
    n: int
    per_second: float
    p50: float
    p95: float
    p99: float
    longest: float
    database: str


@dataclass(frozen=True)
class Load:
    """How much is done at once."""

    writers: int = WRITERS
    readers: int = READERS
    commits: int = COMMITS


def store_latencies(
    *, load: Load | None = None, paces: tuple[float | None, ...] = (COMMITS_PER_SECOND, None)
) -> Iterator[Latency]:
    """Measure commits and reads at every pace; None: flat out."""
    load = load or Load()
    for pace in paces:
        with tempfile.TemporaryDirectory(prefix="fairprog-bench-") as folder, scratch_database() as database:
            Store(Home(Path(folder))).close()  # makes the tables
            commits, reads = _measure(Path(folder), load, pace)
        yield _latency(pace, "commit", commits, database)
        yield _latency(pace, "read", reads, database)


def table_row(latency: Latency) -> str:
    """A row of the table that `HEAD` begins."""
    pace = "flat out" if latency.pace is None else f"{latency.pace:g} commits/s each"
    times = " | ".join(f"{value:.1f}" for value in (latency.p50, latency.p95, latency.p99, latency.longest))
    return f"| {latency.database} | {pace} | {latency.action} | {latency.n:,} | {latency.per_second:.0f} | {times} |"


def bench_rows(latencies: list[Latency]) -> list[BenchRow]:
    """A row of every kind of action: the time that 99 of 100 take at most."""
    return [
        BenchRow.alone(
            f"{SUITE}/{each.action}-{'flat-out' if each.pace is None else 'paced'}", "ms", each.p99, n=each.n,
            work=f"99 of 100 {each.action}s take at most so long, {WRITERS} writers and {READERS} readers at once",
        )
        for each in latencies
    ]  # fmt: skip


def details(latencies: list[Latency]) -> dict[str, object]:
    """All figures as JSON values."""
    settings = {"writers": WRITERS, "readers": READERS, "commits_of_each": COMMITS, "goal_ms": GOAL_MS}
    return {**settings, "latencies": [asdict(each) for each in latencies]}


Spans = list[tuple[float, float]]  # begin and end of each action, in seconds since 1970


def _measure(folder: Path, load: Load, pace: float | None) -> tuple[Spans, Spans]:
    """When each commit and each read began and ended."""
    context = get_context("spawn")
    n = load.writers + load.readers
    together = context.Barrier(n)  # as many as processes: each of them gets one task
    with ProcessPoolExecutor(n, mp_context=context, initializer=_remember, initargs=(together,)) as pool:
        writers = [pool.submit(_write, folder, load.commits, pace) for _ in range(load.writers)]
        readers = [pool.submit(_read, folder) for _ in range(load.readers)]
        commits = [span for writer in writers for span in writer.result()]
        (folder / "over").touch()
        return commits, [span for reader in readers for span in reader.result()]


_together: list[Barrier] = []


def _remember(together: Barrier) -> None:
    _together[:] = [together]


def _write(folder: Path, n: int, pace: float | None) -> Spans:
    """Append to a run of its own; runs in a process."""
    with Store(Home(folder)) as store:
        run = store.begin(Study(name="bench"), Owner.this_process())
        _together[0].wait()
        begun, pause, took = time.perf_counter(), threading.Event(), Spans()
        for number in range(n):
            if pace is not None:
                pause.wait(max(begun + number / pace - time.perf_counter(), 0.0))
            record = {"kind": "base", "step": number, "steps": n, "loss": 0.5, "accuracy": 0.5}
            took.append(_span_of(lambda: store.append(run.id, [record], token=run.token)))  # type: ignore[list-item]  # noqa: B023
        return took


def _read(folder: Path) -> Spans:
    """Read the list of runs and the newest records, as a page does, until the writers are done; runs in a process."""
    with Store(Home(folder)) as store:
        _together[0].wait()
        pause, took, last = threading.Event(), Spans(), 0

        def read() -> None:
            nonlocal last
            newest = store.list(limit=20)[0]
            store.records(newest.id, after=last)
            last = newest.last_seq

        while not (folder / "over").exists():
            took.append(_span_of(read))
            pause.wait(1 / READS_PER_SECOND)
        return took


def _span_of(action: Callable[[], object]) -> tuple[float, float]:
    at, begun = time.time(), time.perf_counter()
    action()
    return at, at + time.perf_counter() - begun


def _latency(pace: float | None, action: str, spans: Spans, database: str) -> Latency:
    begun, ended = np.array(spans).T
    p50, p95, p99, longest = (float(value) for value in np.percentile((ended - begun) * 1e3, [50, 95, 99, 100]))
    per_second = len(spans) / float(ended.max() - begun.min())
    return Latency(pace, action, len(spans), per_second, p50, p95, p99, longest, database)
