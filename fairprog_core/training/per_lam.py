"""Trainings that make up a curve: the only one, or one per reported λ after another."""

from collections.abc import Callable, Generator, Sequence
from pathlib import Path

from fairprog_core.training.budget import Budget
from fairprog_core.training.loop import Learner, Record, fit


def fit_one(
    learner: Learner,
    budget: Budget,
    *,
    validate: Callable[[], Record],
    checkpoint: Path,
    done: int = 0,
    in_all: int = 1,
) -> Generator[Record, None, Record]:
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
    summary: Record = {}
    try:
        for record in records:
            if record["kind"] == "fitted":
                summary = {name: value for name, value in record.items() if name != "kind"}
                continue
            yield record | {"step": record["step"] + done * budget.steps, "steps": budget.steps * in_all}
    finally:
        records.close()
    return summary


def sum_costs(summaries: Sequence[Record]) -> Record:
    """Steps and seconds of several trainings."""
    total = {name: sum(each[name] for each in summaries) for name in ("steps", "seconds")}
    return {**total, "best_step": summaries[-1]["best_step"]}
