"""Trainings that make up a curve: the only one, or one per reported λ after another."""

from collections.abc import Callable, Generator, Sequence
from pathlib import Path

from typing_extensions import TypedDict

from fairprog_core.common.records import Fit, Front, TrainingRecord
from fairprog_core.training.budget import Budget
from fairprog_core.training.loop import Learner, fit


class Cost(TypedDict):
    """Steps and seconds of the trainings of a curve, and the best step of the last."""

    steps: int
    seconds: float
    best_step: int


def fit_one(
    learner: Learner,
    budget: Budget,
    *,
    validate: Callable[[], Front],
    checkpoint: Path,
    done: int = 0,
    in_all: int = 1,
) -> Generator[TrainingRecord, None, Fit]:
    """One of the trainings of a curve; ``fit`` with its steps counted over all of them.

    Args:
        learner: trained in place.
        budget: of this training.
        validate: see ``fit``.
        checkpoint: where its state is kept.
        done: trainings that are finished.
        in_all: how many there are.

    Returns:
        Steps, seconds, best_step and validation of the best iterate.
    """
    records = fit(learner, budget, validate=validate, checkpoint=checkpoint)
    summary: Fit | None = None
    try:
        for record in records:
            if record["kind"] == "fitted":
                summary = Fit(
                    steps=record["steps"], seconds=record["seconds"], best_step=record["best_step"],
                    validation=record["validation"],
                )  # fmt: skip
                continue
            record["step"] += done * budget.steps
            record["steps"] = budget.steps * in_all
            yield record
    finally:
        records.close()
    if summary is None:
        raise RuntimeError("the training ended without its last record")
    return summary


def sum_costs(summaries: Sequence[Fit]) -> Cost:
    """Steps and seconds of several trainings."""
    return Cost(
        steps=sum(each["steps"] for each in summaries),
        seconds=sum(each["seconds"] for each in summaries),
        best_step=summaries[-1]["best_step"],
    )
