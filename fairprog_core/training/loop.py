"""The training loop: a generator of records. No callbacks: whoever iterates sees and stops it."""

import time
from collections.abc import Callable, Generator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol, TypeAlias

from fairprog_core.common.errors import ArtifactError
from fairprog_core.common.files.checkpoint import load_state, save_state, unusable
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
from fairprog_core.training.resuming import check_alike, check_number, entry

State: TypeAlias = dict[str, Any]  # nested dicts, lists, numbers and tensors, as a checkpoint keeps them


class Learner(Protocol):
    """What `fit` trains."""

    def step(self, step: int) -> Losses:
        """One step; its losses."""

    def state(self) -> State:
        """All that the next step depends on."""

    def load_state(self, state: State) -> None:
        """Go on from `state`.

        Raises:
            ValueError: it is the state of another training, or damaged.
        """


@dataclass
class TrainingProgress:
    """How far a training is; saved with every checkpoint.

    Attributes:
        step: steps done.
        seconds: time spent, interruptions not counted.
        best_step: after which step the best front was seen, 0 before any.
        best: its validation record.
        stale: validations since one was better than all before, counted once a front covers anything.
        validated: after which step the last validation was.
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
    """Train, validate now and then, and leave the learner at its best iterate.

    The best iterate has the largest hypervolume on the validation split: the last one is noisy, and
    looking at fairness alone would choose a collapsed one. Every validation writes a checkpoint, and so does
    closing the generator; called again with the same checkpoint it goes on with the same numbers.

    Args:
        learner: trained in place; what is kept of its best iterate is its state's "learned".
        budget: steps, time limit, early stop.
        validate: the validation front as a record with ``hypervolume``.
        checkpoint: where to keep the state; None: nowhere.

    Yields:
        "train" records for every step, "validation" records as the budget says, at last one
        "fitted" record with steps, seconds, best_step and the best validation.
    """
    progress, best = TrainingProgress(), learner.state()["learned"]
    if checkpoint is not None and checkpoint.exists():
        progress, best = _resume(learner, checkpoint, best)

    def keep() -> None:
        if checkpoint is not None:
            save_state(checkpoint, {"learner": learner.state(), "progress": asdict(progress), "best": best})

    try:
        while True:
            if _is_due(progress, budget):  # first: the interruption may have come right before a validation
                started = time.perf_counter()
                found = validate()
                before = progress.best["hypervolume"] if progress.best else 0.0
                is_best = found["hypervolume"] >= before  # of two alike the later one: it has learned longer
                progress.stale = 0 if found["hypervolume"] > before or not before else progress.stale + 1
                if is_best:
                    best = {name: value.clone() for name, value in learner.state()["learned"].items()}
                    progress.best, progress.best_step = found, progress.step
                progress.validated = progress.step
                progress.seconds += time.perf_counter() - started
                yield validation_record(found, step=progress.step, is_best=is_best)
                keep()  # behind the record, which is taken by now: a process that is killed goes on from here
            if _is_over(progress, budget):
                break
            started = time.perf_counter()
            losses = learner.step(progress.step)
            progress.step += 1
            progress.seconds += time.perf_counter() - started
            yield train_record(losses, step=progress.step, steps=budget.steps)
    except GeneratorExit:  # only here: after an error inside a step the state would be half a step ahead
        keep()
        raise
    learner.load_state(learner.state() | {"learned": best})
    yield {
        "kind": "fitted",
        "steps": progress.step,
        "seconds": progress.seconds,
        "best_step": progress.best_step,
        "validation": progress.best,
    }


def _resume(learner: Learner, checkpoint: Path, fresh: State) -> tuple[TrainingProgress, State]:
    """Set a learner to a checkpoint; how far it was, and its best iterate so far, which is like its ``fresh`` one.

    Raises:
        ArtifactError: the checkpoint is damaged, or of another training.
    """
    saved = load_state(checkpoint)
    try:
        found = entry(saved, "progress")
        progress = asdict(TrainingProgress())
        check_alike({**found, "best": None} if isinstance(found, dict) else found, progress, "progress")
        found["best"] = found["best"] or None  # an early version had an empty record before any validation
        if not isinstance(found["best"], dict | None):
            raise ValueError("progress.best is no record")
        if found["best"]:
            check_number(entry(found["best"], "hypervolume"), "progress.best.hypervolume")
        for name in ("step", "best_step", "stale", "validated"):
            if not isinstance(found[name], int) or found[name] < 0:
                raise ValueError(f"progress.{name} is no number of steps")
        check_alike(entry(saved, "best"), dict(fresh), "best")
        learner.load_state(entry(saved, "learner"))
    except ValueError as error:
        raise ArtifactError(unusable(checkpoint, error)) from error
    return TrainingProgress(**found), saved["best"]


def _is_due(progress: TrainingProgress, budget: Budget) -> bool:
    """Whether the last step is to be validated and has not been."""
    is_time = progress.step % budget.validate_every == 0 or _is_over(progress, budget)
    return is_time and progress.step > progress.validated


def _is_over(progress: TrainingProgress, budget: Budget) -> bool:
    """Whether steps, time or patience are used up."""
    return (
        progress.step >= budget.steps
        or (budget.seconds is not None and progress.seconds >= budget.seconds)
        or (budget.patience is not None and progress.stale >= budget.patience)
    )
