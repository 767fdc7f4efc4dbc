"""The training loop: a generator of records, without callbacks; closing the generator stops the training."""

import time
from collections.abc import Callable, Generator
from copy import deepcopy
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Protocol

from fairprog_core.common.files.checkpoint import load_state, save_state
from fairprog_core.common.files.json_values import short
from fairprog_core.common.home import set_aside
from fairprog_core.common.records import (
    FittedRecord,
    Front,
    Losses,
    TrainRecord,
    ValidationRecord,
    train_record,
    validation_record,
)
from fairprog_core.training.budget import Budget
from fairprog_core.training.resuming import TrainingState, check_alike, check_number, entry


class Learner(Protocol):
    """A training that `fit` runs step by step."""

    def step(self, step: int) -> Losses:
        """Take one step and return its losses."""

    def state(self) -> TrainingState:
        """Everything that the next step depends on."""

    def load_state(self, state: TrainingState) -> None:
        """Restore what `state` returned.

        Raises:
            ValueError: it is the state of another training, or damaged.
        """


@dataclass
class TrainingProgress:
    """Progress of a training; saved with every checkpoint.

    Attributes:
        step: number of finished steps.
        seconds: time spent training and validating, without interruptions.
        best_step: step of the best validation; 0 before the first.
        best: the best validation front.
        stale: validations since the last improvement; stays 0 until a front has a positive hypervolume.
        validated: step of the last validation.
    """

    step: int = 0
    seconds: float = 0.0
    best_step: int = 0
    best: Front | None = None
    stale: int = 0
    validated: int = 0


def fit(
    learner: Learner, budget: Budget, *, validate: Callable[[], Front], checkpoint: Path | None = None
) -> Generator[TrainRecord | ValidationRecord | FittedRecord, None, None]:
    """Train, validate at intervals, and leave the learner at its best iterate.

    The best iterate has the largest hypervolume on the validation split: the last iterate is noisy, and
    fairness alone would select a collapsed one. Every validation writes a checkpoint, and so does closing the
    generator; called again with the same checkpoint, the training resumes with identical numbers.

    Args:
        learner: trained in place; the "learned" entry of its state is kept from the best iterate.
        budget: steps, time limit, early stop.
        validate: returns the current validation front.
        checkpoint: file for the state; None: no checkpoints.

    Yields:
        A "train" record for every step, "validation" records as the budget says, and finally one
        "fitted" record with steps, seconds, best_step and the best validation.
    """
    progress, best = TrainingProgress(), learner.state()["learned"]
    if checkpoint is not None and checkpoint.exists():
        progress, best = _resume(learner, checkpoint, best)

    def save_checkpoint() -> None:
        if checkpoint is not None:
            save_state(checkpoint, {"learner": learner.state(), "progress": asdict(progress), "best": best})

    try:
        while True:
            if _is_due(progress, budget):  # checked first: the interruption may have come right before a validation
                started = time.perf_counter()
                front = validate()
                before = progress.best["hypervolume"] if progress.best else 0.0
                is_best = front["hypervolume"] >= before  # on ties the later one: it was trained longer
                progress.stale = 0 if front["hypervolume"] > before or not before else progress.stale + 1
                if is_best:
                    best = {name: value.clone() for name, value in learner.state()["learned"].items()}
                    progress.best, progress.best_step = front, progress.step
                progress.validated = progress.step
                progress.seconds += time.perf_counter() - started
                yield validation_record(front, step=progress.step, is_best=is_best)
                save_checkpoint()  # after the record was consumed: a killed process resumes from here
            if _is_over(progress, budget):
                break
            started = time.perf_counter()
            losses = learner.step(progress.step)
            progress.step += 1
            progress.seconds += time.perf_counter() - started
            yield train_record(losses, step=progress.step, steps=budget.steps)
    except GeneratorExit:  # not after other errors: the state could be in the middle of a step
        save_checkpoint()
        raise
    learner.load_state(learner.state() | {"learned": best})
    yield {
        "kind": "fitted",
        "steps": progress.step,
        "seconds": progress.seconds,
        "best_step": progress.best_step,
        "validation": progress.best,
    }


def _resume(learner: Learner, checkpoint: Path, fresh: TrainingState) -> tuple[TrainingProgress, TrainingState]:
    """Restore a learner from a checkpoint; returns its progress and its best iterate so far.

    A checkpoint that is damaged or of another training is renamed, and the training starts anew.

    Args:
        learner: its state is replaced.
        checkpoint: an existing file.
        fresh: the learner's own "learned" state, whose structure the best iterate must have.
    """
    before = deepcopy(learner.state())
    try:
        return _restore(learner, load_state(checkpoint), fresh)
    except ValueError as error:
        learner.load_state(before)  # it may hold a part of the checkpoint
        set_aside(checkpoint, short(error).rstrip("."), "this training starts anew")
        return TrainingProgress(), before["learned"]


def _restore(learner: Learner, saved: object, fresh: TrainingState) -> tuple[TrainingProgress, TrainingState]:
    """Load what a checkpoint holds.

    Raises:
        ValueError: it is damaged, or of another training.
    """
    found = entry(saved, "progress")
    progress = asdict(TrainingProgress())
    check_alike({**found, "best": None} if isinstance(found, dict) else found, progress, "progress")
    found["best"] = found["best"] or None  # an early version had an empty record before any validation
    if not isinstance(found["best"], dict | None):
        raise ValueError("progress.best is no validation front")
    if found["best"]:
        check_number(entry(found["best"], "hypervolume"), "progress.best.hypervolume")
    for name in ("step", "best_step", "stale", "validated"):
        if not isinstance(found[name], int) or found[name] < 0:
            raise ValueError(f"progress.{name} is no step count")
    best = entry(saved, "best")
    check_alike(best, dict(fresh), "best")
    learner.load_state(entry(saved, "learner"))
    return TrainingProgress(**found), best


def _is_due(progress: TrainingProgress, budget: Budget) -> bool:
    """Whether a validation is due after the last step and has not been done."""
    is_time = progress.step % budget.validate_every == 0 or _is_over(progress, budget)
    return is_time and progress.step > progress.validated


def _is_over(progress: TrainingProgress, budget: Budget) -> bool:
    """Whether steps, time or patience are used up."""
    return (
        progress.step >= budget.steps
        or (budget.seconds is not None and progress.seconds >= budget.seconds)
        or (budget.patience is not None and progress.stale >= budget.patience)
    )
