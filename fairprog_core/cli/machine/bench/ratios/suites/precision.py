"""The suite ``precision``: a trigger learned in bfloat16 against one learned in float32.

Time alone does not decide: whether the gap is the same is tested. Both curves of a seed have the same first values,
batches and λ, and are tested on the same rows in float32; the means of their gaps over λ are compared over seeds.
"""

import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np

from fairprog_core.cli.machine.bench.ratios.cases import COMMENTS, FACES, RESNET, BenchCase, RatioSize, make_cases
from fairprog_core.cli.machine.bench.ratios.equality import Equality
from fairprog_core.cli.machine.bench.ratios.rows import BenchRow
from fairprog_core.cli.machine.bench.ratios.sides import BenchClock, in_turns, sides
from fairprog_core.cli.machine.bench.ratios.suites.curve import (
    SPLITS,
    CurveOnTest,
    curve_side,
    front_on_test,
    hypervolume_ratio,
    on_test,
)
from fairprog_core.cli.machine.bench.ratios.suites.step import steps_of

SUITE = "precision"
MARGIN = 0.01  # of the gap: a smaller difference is none
PRECISIONS = ("bfloat16", "float32")


def precision_rows(clock: BenchClock, size: RatioSize) -> Iterator[BenchRow]:
    """A row of steps of ResNet-18, then the curves of faces and comments with the test of their gaps.

    Args:
        clock: device and threads.
        size: how much is measured.
    """
    with tempfile.TemporaryDirectory(prefix="fairprog-bench-") as folder:
        for case in make_cases(Path(folder), clock.device, size, RESNET):
            yield _step_row(case, clock, size)
        for case in make_cases(Path(folder), clock.device, size, FACES, COMMENTS, splits=SPLITS):
            yield _curve_row(case, clock, size)


def _step_row(case: BenchCase, clock: BenchClock, size: RatioSize) -> BenchRow:
    n = case.steps_per_block(size)
    with sides(clock, *(partial(steps_of, case.changed(precision=precision), n) for precision in PRECISIONS)) as opened:
        ours, reference = ([1e3 * seconds / n for seconds in found] for found in in_turns(opened, size.rounds))
    work = f"a step of {case.work()} in bfloat16; reference: in float32"
    return BenchRow.paired(f"{SUITE}/{case.name}-step", "ms", ours, reference, work=work)


def _curve_row(case: BenchCase, clock: BenchClock, size: RatioSize) -> BenchRow:
    n = size.precision_seeds[case.name]
    seconds: list[list[float]] = [[], []]
    gaps: list[list[float]] = [[], []]
    tested: list[list[CurveOnTest]] = [[], []]
    with sides(
        clock, *(partial(curve_side, case.changed(precision=precision), precision, n) for precision in PRECISIONS)
    ) as opened:
        for _ in range(n):
            for i, side in enumerate(opened):
                seconds[i].append(side.measure())
                gaps[i].append(float(np.mean(side.ask(front_on_test)["gap"])))
                tested[i].append(on_test(side))
    work = (
        f"a curve for λ {', '.join(f'{lam:g}' for lam in case.plan.lam.grid)}, learned in bfloat16 in "
        f"{case.study.budget.steps} steps of {case.work()}; reference: in float32. The gap is the mean over λ, on "
        f"{case.study.dataset.n_test} test rows"
    )
    return BenchRow.paired(
        f"{SUITE}/{case.name}", "s", seconds[0], seconds[1], work=work,
        hypervolume_ratio=hypervolume_ratio(tested[0], tested[1], case),
        gap=Equality.tested(np.subtract(gaps[0], gaps[1]), margin=MARGIN),
    )  # fmt: skip
