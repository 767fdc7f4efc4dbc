"""The suite ``curve``: one training for five λ against five trainings, and against five of the authors' procedure.

Every training has the same number of steps and of rows × λ per step, except for larger steps. Both curves of a row are
tested on the same rows, and their hypervolumes are compared on the same resamples of them; seeds are averaged.

Notation: n rows, b bootstrap draws.
"""

import tempfile
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import count
from pathlib import Path
from typing import Literal, NamedTuple, get_args

import numpy as np
import torch
from numpy.typing import NDArray

from fairprog_core.classifiers.predict import predict
from fairprog_core.cli.machine.bench.ratios.authors import authors_training
from fairprog_core.cli.machine.bench.ratios.cases import COMMENTS, FACES, BenchCase, RatioSize, make_cases
from fairprog_core.cli.machine.bench.ratios.rows import BenchRow
from fairprog_core.cli.machine.bench.ratios.sides import BenchClock, BenchSide, BlockOfWork, sides
from fairprog_core.common.records import Front
from fairprog_core.common.types import Floats, Predictions
from fairprog_core.data.base import Split, SplitName
from fairprog_core.metrics.comparison import ResampledRows
from fairprog_core.metrics.counts import cell_weight
from fairprog_core.metrics.intervals import Estimate, percentile_interval
from fairprog_core.pipeline.jobs.context import StudyContext
from fairprog_core.pipeline.jobs.curve import CurveJob
from fairprog_core.pipeline.jobs.environment import warm_up
from fairprog_core.pipeline.jobs.front import GapMeasure

SUITE = "curve"
LARGE_STEPS: dict[str, object] = {
    "lam_groups": 16,
    "per_cell": 8,
    "learning_rate": 0.1,
    "discriminator_steps": 4,
}  # a quarter of the steps, for devices that compute eight times as many rows in little more time
SPLITS: tuple[SplitName, ...] = ("tune", "val", "test")
Mode = Literal["amortised", "separate"]


class CurveSide:
    """Learns the curves of all seeds, one per block; in a side's process."""

    def __init__(self, case: BenchCase, name: str, n_seeds: int, *, mode: Mode = "amortised") -> None:
        warm_up()
        study = case.study.model_copy(update={"mode": mode, "seeds": tuple(range(n_seeds))})
        classifier, dataset = case.classifier(), case.dataset
        splits: dict[str, Split] = {name: classifier.prepare(dataset.split(name)) for name in SPLITS}
        base = {name: predict(classifier, splits[name]) for name in ("val", "test")}
        folder = case.home.run(name)
        self.context = StudyContext(study, dataset, classifier, splits, base, folder, torch.device(case.device), {})
        _ = self.context.quick_validation  # once per study
        self.plans, self.jobs = iter(study.plan()), list[CurveJob]()

    def __call__(self) -> None:
        """Learn the curve of the next seed, validations included."""
        self.jobs.append(CurveJob(self.context, next(self.plans)))
        deque(self.jobs[-1].learn(), maxlen=0)


class CurveOnTest(NamedTuple):
    """The predictions of a curve on the test split: of the base, and by λ."""

    base: Predictions
    by_lam: list[NDArray[np.int64]]


_curves: list[CurveSide] = []  # of this process


def curve_rows(clock: BenchClock, size: RatioSize) -> Iterator[BenchRow]:
    """The rows of faces, against five trainings, the authors' procedure and larger steps, and that of comments.

    Args:
        clock: device and threads.
        size: how much is measured.
    """
    with tempfile.TemporaryDirectory(prefix="fairprog-bench-") as folder:
        for case in make_cases(Path(folder), clock.device, size, FACES, COMMENTS, splits=SPLITS):
            yield from _case_rows(case, clock, size)


def _case_rows(case: BenchCase, clock: BenchClock, size: RatioSize) -> Iterator[BenchRow]:
    lams, steps = case.plan.lam.grid, case.study.budget.steps
    large = case.changed(steps=max(steps // 4, 1), **LARGE_STEPS)
    makers: dict[str, Callable[[], BlockOfWork]] = {
        mode: partial(curve_side, case, mode, size.seeds, mode=mode) for mode in get_args(Mode)
    }
    if case.name == FACES:
        makers |= {"authors": partial(_authors, case), "large": partial(curve_side, large, "large", size.seeds)}
    seconds: dict[str, list[float]] = {name: [] for name in makers}
    tested: dict[str, list[CurveOnTest]] = {name: [] for name in makers if name != "authors"}
    with sides(clock, *makers.values()) as opened:
        named = dict(zip(makers, opened, strict=True))
        for _ in range(size.seeds):
            for name, side in named.items():
                seconds[name].append(side.measure())
            for name, found in tested.items():
                found.append(on_test(named[name]))
    shown = ", ".join(f"{lam:g}" for lam in lams)
    work = f"a curve for λ {shown}, learned in one training of {steps} steps of {case.work()}, validations included"
    yield BenchRow.paired(
        f"{SUITE}/{case.name}-separate", "s", seconds["amortised"], seconds["separate"],
        work=f"{work}; reference: a training of as many steps and rows for each λ",
        hypervolume_ratio=hypervolume_ratio(tested["amortised"], tested["separate"], case),
    )  # fmt: skip
    if case.name == FACES:
        yield BenchRow.paired(
            f"{SUITE}/{case.name}-authors", "s", seconds["amortised"], seconds["authors"],
            work=f"{work}; reference: a training of as many steps and rows for each λ, by the authors' procedure",
        )  # fmt: skip
        yield BenchRow.paired(
            f"{SUITE}/{case.name}-large-steps", "s", seconds["large"], seconds["amortised"],
            work=f"the same curve in {large.study.budget.steps} steps of {large.work()}; reference: {work}",
            hypervolume_ratio=hypervolume_ratio(tested["large"], tested["amortised"], case),
        )  # fmt: skip


def hypervolume_ratio(ours: Sequence[CurveOnTest], reference: Sequence[CurveOnTest], case: BenchCase) -> Estimate:
    """Hypervolume of fairprog's curves / that of the reference's, means over seeds.

    Args:
        ours: by seed.
        reference: by seed.
        case: whose groups and criterion count.

    Returns:
        The ratio with its 95 % interval over test rows, paired; not estimable where the reference has no hypervolume.
    """
    base, groups, gap = ours[0].base, case.dataset.groups, case.plan.criterion.gap
    shape = {"n_patterns": len(groups.patterns), "n_classes": len(case.dataset.labels)}
    weight = cell_weight(base.y, base.z, base.weight, **shape)
    rows = ResampledRows.drawn(base.y, base.z, weight, groups, is_stratified=base.is_stratified)
    corner = rows.reference(base.y_pred, gap)

    def volume(curve: CurveOnTest) -> Floats:
        attained = rows.attained(curve.by_lam, gap, np.zeros(len(curve.by_lam)), base=corner.counts)
        return attained.hypervolume(corner)

    own, theirs = (sum(map(volume, curves), np.zeros(len(rows.repeats))) for curves in (ours, reference))
    if not theirs[0] > 0:
        return Estimate(None, None)
    ratios = np.divide(own, theirs, out=np.full_like(own, np.nan), where=theirs > 0)
    return Estimate(float(ratios[0]), percentile_interval(ratios[1:]))


def curve_side(case: BenchCase, name: str, n_seeds: int, *, mode: Mode = "amortised") -> BlockOfWork:
    """Learns the curves of a case in this process, a seed per block.

    Args:
        case: with its data and base.
        name: of the folder that the curves are written to; no other side has it.
        n_seeds: blocks, at most.
        mode: one training for all λ, or one for each.
    """
    _curves[:] = [CurveSide(case, name, n_seeds, mode=mode)]
    return _curves[0]


def front_on_test() -> Front:
    """The front on the test split of the curve that was learned last in this process."""
    side = _curves[0]
    job, context = side.jobs[-1], side.context
    measure = GapMeasure(job.plan.criterion.gap, context.dataset.groups, context.dataset.labels, "test")
    return measure.front(job.method.open(), job.plan.lam.grid, context.splits["test"], context.base["test"])


def on_test(side: BenchSide) -> CurveOnTest:
    """The predictions of the curve that a side learned last."""
    found: CurveOnTest = side.ask(_predict_test)
    return found


def _predict_test() -> CurveOnTest:
    side = _curves[0]
    job, context = side.jobs[-1], side.context
    found = job.method.open().predict_many(context.splits["test"], job.plan.lam.grid)
    return CurveOnTest(context.base["test"], [predictions.y_pred for predictions in found])


def _authors(case: BenchCase) -> BlockOfWork:
    """The authors' procedure for every λ, a seed per block; validated as often and on as many rows."""
    warm_up()
    training, budget, seeds = authors_training(case), case.study.budget, count()
    rows = training.prepared(case.dataset.split("val").evenly(budget.validate_rows))

    def block() -> None:
        seed = next(seeds)
        for lam in case.plan.lam.grid:
            training.begin(lam, seed)
            for step in range(1, budget.steps + 1):
                training.step()
                if step % budget.validate_every == 0 or step == budget.steps:
                    training.predict(rows)

    return block
