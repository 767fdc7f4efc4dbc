"""The trainings of a curve: a single one for all λ, or one per reported λ."""

from collections.abc import Callable, Generator, Sequence
from pathlib import Path
from typing import NotRequired

from typing_extensions import TypedDict

from fairprog_core.common.records import Fit, Front, TrainingRecord
from fairprog_core.training.budget import Budget
from fairprog_core.training.loop import Learner, fit


class Cost(TypedDict):
    """Total steps and seconds of a curve's trainings, and the best step of the last one."""

    steps: int
    seconds: float
    best_step: int
    queries: NotRequired[int]  # rows sent to learn, where only answers are known


def fit_one(
    learner: Learner,
    budget: Budget,
    *,
    validate: Callable[[], Front],
    checkpoint: Path | None,
    done: int = 0,
    in_all: int = 1,
) -> Generator[TrainingRecord, None, Fit]:
    """Run one of the trainings of a curve: ``fit``, with steps counted over all of them.

    Args:
        learner: trained in place.
        budget: of this training.
        validate: see ``fit``.
        checkpoint: file for its state; None: no checkpoints.
        done: number of finished trainings.
        in_all: number of trainings.

    Returns:
        Steps, seconds, best_step, and the validation front of the best iterate.
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
        raise RuntimeError("the training ended without a fitted record")
    return summary


def sum_costs(summaries: Sequence[Fit]) -> Cost:
    """The total cost of several trainings."""
    cost = Cost(
        steps=sum(each["steps"] for each in summaries),
        seconds=sum(each["seconds"] for each in summaries),
        best_step=summaries[-1]["best_step"],
    )
    if any("queries" in each for each in summaries):
        cost["queries"] = sum(each.get("queries", 0) for each in summaries)
    return cost
