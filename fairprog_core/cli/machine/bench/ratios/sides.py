"""The sides of a comparison: a process each, which measures one block of work whenever it is asked.

The sides take turns (A B A B), so that a load that comes and goes meets both. While one measures, the other waits.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from typing import Any, ParamSpec

import torch

from fairprog_core.common.process import memory
from fairprog_core.pipeline.jobs.environment import make_deterministic

P = ParamSpec("P")
BlockOfWork = Callable[[], object]  # done once per measurement
_work: list[BlockOfWork] = []  # of this process
_clock: list["BenchClock"] = []  # of this process


@dataclass(frozen=True)
class BenchClock:
    """How time is measured, and on what.

    Attributes:
        device: "cpu" or "cuda".
        threads: that torch computes with on the CPU.
    """

    device: str
    threads: int

    @property
    def counts_cpu(self) -> bool:
        """Whether CPU seconds of the process are counted, which other programs lengthen least: with one CPU thread."""
        return self.device == "cpu" and self.threads == 1

    @property
    def name(self) -> str:
        """What is counted, in words."""
        return "CPU seconds of the process" if self.counts_cpu else "wall time"

    def seconds(self, work: BlockOfWork) -> float:
        """Time of one block of work; waits for the GPU to finish."""
        now = time.process_time if self.counts_cpu else time.perf_counter
        self._wait()
        start = now()
        work()
        self._wait()
        return now() - start

    def _wait(self) -> None:
        if self.device == "cuda":
            torch.cuda.synchronize()


class BenchSide:
    """One side: a process with its work."""

    def __init__(self, pool: ProcessPoolExecutor) -> None:
        self._pool = pool

    def measure(self) -> float:
        """Seconds of one block."""
        return self._pool.submit(_measure).result()

    def ask(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """The result of a function in this side's process."""
        return self._pool.submit(function, *arguments).result()


@contextmanager
def sides(clock: BenchClock, *makers: Callable[[], BlockOfWork]) -> Iterator[list[BenchSide]]:
    """A side for each maker, a function that can be pickled and returns the block of work; all end with the block."""
    with ExitStack() as stack:
        pools = [stack.enter_context(ProcessPoolExecutor(1, mp_context=get_context("spawn"))) for _ in makers]
        begun = [pool.submit(_begin, clock, make) for pool, make in zip(pools, makers, strict=True)]
        for future in begun:
            future.result()
        yield [BenchSide(pool) for pool in pools]


def in_turns(opened: Sequence[BenchSide], n: int) -> list[list[float]]:
    """n measurements of every side, in turns, after one block of each that is not counted."""
    for side in opened:
        side.measure()
    found: list[list[float]] = [[] for _ in opened]
    for _ in range(n):
        for side, seconds in zip(opened, found, strict=True):
            seconds.append(side.measure())
    return found


def clock_here() -> BenchClock:
    """The clock of the side whose process this is."""
    return _clock[0]


def _begin(clock: BenchClock, make: Callable[[], BlockOfWork]) -> None:
    """Settings as in a run, then the work; runs in the side's process."""
    memory.keep_freed()
    torch.set_num_threads(clock.threads)
    make_deterministic(torch.device(clock.device))
    _clock[:] = [clock]
    _work[:] = [make()]


def _measure() -> float:
    return _clock[0].seconds(_work[0])
