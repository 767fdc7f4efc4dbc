"""The suite ``step``: a training step of a trigger against the authors' procedure, and both against the floor.

All sides see the same number of rows × λ per step: fairprog spreads them over several λ, the authors' procedure trains
one λ with all of them.
"""

import tempfile
from collections.abc import Iterator
from functools import partial
from itertools import count
from pathlib import Path

from fairprog_core.cli.machine.bench.ratios.authors import authors_training
from fairprog_core.cli.machine.bench.ratios.cases import COMMENTS, FACES, RESNET, BenchCase, RatioSize, make_cases
from fairprog_core.cli.machine.bench.ratios.floor import NetAlone, peak_rates
from fairprog_core.cli.machine.bench.ratios.rows import BenchRow
from fairprog_core.cli.machine.bench.ratios.sides import BenchClock, BlockOfWork, clock_here, in_turns, sides

SUITE = "step"
_alone: list[NetAlone] = []  # of this process


def step_rows(clock: BenchClock, size: RatioSize) -> Iterator[BenchRow]:
    """Two rows of every case: the step, and the fused net alone, both against the authors' procedure.

    Args:
        clock: device and threads.
        size: how much is measured.
    """
    with tempfile.TemporaryDirectory(prefix="fairprog-bench-") as folder:
        for case in make_cases(Path(folder), clock.device, size, RESNET, FACES, COMMENTS):
            yield from _case_rows(case, clock, size)


def _case_rows(case: BenchCase, clock: BenchClock, size: RatioSize) -> Iterator[BenchRow]:
    n = case.steps_per_block(size)
    makers = [partial(make, case, n) for make in (steps_of, _authors, _net_alone)]
    with sides(clock, *makers) as opened:
        floor = opened[2].ask(_floor)
        ours, authors, alone = ([1e3 * seconds / n for seconds in found] for found in in_turns(opened, size.rounds))
    work = f"{case.work()}; reference: the authors' procedure, as many rows × 1 λ"
    yield BenchRow.paired(f"{SUITE}/{case.name}", "ms", ours, authors, work=f"a step: {work}", floor=1e3 * floor)
    yield BenchRow.paired(
        f"{SUITE}/{case.name}-floor", "ms", alone, authors,
        work=f"forward and input gradient of the fused net alone: {work}", floor=1e3 * floor,
    )  # fmt: skip


def steps_of(case: BenchCase, n: int) -> BlockOfWork:
    """n steps of fairprog's training."""
    learner, steps = case.learner(), count()

    def block() -> None:
        for _ in range(n):
            learner.step(next(steps))

    return block


def _authors(case: BenchCase, n: int) -> BlockOfWork:
    """n steps of the authors' procedure."""
    training = authors_training(case)
    training.begin(lam=1.0, seed=0)

    def block() -> None:
        for _ in range(n):
            training.step()

    return block


def _net_alone(case: BenchCase, n: int) -> BlockOfWork:
    """n times forward and input gradient."""
    _alone[:] = [NetAlone(case)]

    def block() -> None:
        for _ in range(n):
            _alone[0]()

    return block


def _floor() -> float:
    """Seconds of one step at the device's peak rates; in the process of `_net_alone`."""
    return _alone[0].count().seconds(peak_rates(clock_here()))
