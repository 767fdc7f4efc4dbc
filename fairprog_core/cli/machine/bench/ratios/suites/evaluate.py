"""The suite ``evaluate``: test rows predicted at all λ in batched passes against one λ after the other."""

import tempfile
from collections import deque
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import torch

from fairprog_core.cli.machine.bench.ratios.cases import COMMENTS, FACES, RESNET, BenchCase, RatioSize, make_cases
from fairprog_core.cli.machine.bench.ratios.rows import BenchRow
from fairprog_core.cli.machine.bench.ratios.sides import BenchClock, BlockOfWork, in_turns, sides
from fairprog_core.methods.reprogramming.trigger_training import FittedTrigger

SUITE = "evaluate"


def evaluate_rows(clock: BenchClock, size: RatioSize) -> Iterator[BenchRow]:
    """A row of every case.

    Args:
        clock: device and threads.
        size: how much is measured.
    """
    with tempfile.TemporaryDirectory(prefix="fairprog-bench-") as folder:
        names = (RESNET, FACES, COMMENTS)
        for case in make_cases(Path(folder), clock.device, size, *names, splits=("tune", "test")):
            n, n_lams = size.evaluated[case.name], len(case.plan.lam.grid)
            with sides(clock, *(partial(_predicting, case, n, is_batched) for is_batched in (True, False))) as opened:
                both = [[1e6 * seconds / (n * n_lams) for seconds in found] for found in in_turns(opened, size.rounds)]
            work = (
                f"prediction of {n} rows × {n_lams} λ, per 1,000 rows × λ; all λ in batched passes; "
                "reference: one λ after the other"
            )
            yield BenchRow.paired(f"{SUITE}/{case.name}", "ms/1000 rows", *both, work=work)


def _predicting(case: BenchCase, n: int, is_batched: bool) -> BlockOfWork:
    """Predict n test rows at every λ."""
    classifier = case.classifier()
    split = classifier.prepare(case.dataset.split("test").evenly(n))
    training = case.training(classifier, classifier.prepare(case.dataset.split("tune")))
    trigger = training.for_every_lam()
    with torch.no_grad():
        trigger.anchors.normal_(generator=torch.Generator().manual_seed(0))
    model, lams = FittedTrigger(trigger.to(classifier.device), classifier), case.plan.lam.grid

    def all_at_once() -> None:
        deque(model.predict_many(split, lams), maxlen=0)

    def one_by_one() -> None:
        for lam in lams:
            model.predict(split, lam)

    return all_at_once if is_batched else one_by_one
