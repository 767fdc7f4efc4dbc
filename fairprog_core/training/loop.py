"""The training loop: a generator of records, without callbacks; closing the generator stops the training."""

import time
from collections import deque
from collections.abc import Callable, Generator, Iterator
from copy import deepcopy
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Protocol, TypeAlias

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

LateLosses: TypeAlias = Callable[[], Losses]  # waits until the device has computed the losses of a step
MOST_AHEAD = 8  # steps that are begun before the losses of the first of them are read: the device never waits for us


class Learner(Protocol):
    """A training that `fit` runs step by step."""

    def step(self, step: int) -> Losses | LateLosses:
        """Take one step; its losses, or from every step what reads them later."""

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
        untold: losses of the last steps, oldest first, whose records were not consumed yet.
    """

    step: int = 0
    seconds: float = 0.0
    best_step: int = 0
    best: Front | None = None
    stale: int = 0
    validated: int = 0
    untold: list[Losses] = field(default_factory=list)


class _TakenSteps:
    """The steps of a training, and the records of those whose losses are there."""

    def __init__(self, learner: Learner, progress: TrainingProgress, *, steps: int) -> None:
        self.learner, self.progress, self.steps = learner, progress, steps
        self.unread = deque[LateLosses]()  # of the steps after those of `progress.untold`

    def next(self) -> None:
        """Take the next step."""
        started = time.perf_counter()
        losses = self.learner.step(self.progress.step)
        self.progress.step += 1
        self.progress.seconds += time.perf_counter() - started
        if callable(losses):
            self.unread.append(losses)
        else:
            self.progress.untold.append(losses)

    def read(self, *, ahead: int = 0) -> None:
        """Read late losses, but for those of the last ``ahead`` steps, which may not be computed yet."""
        while len(self.unread) > ahead:
            started = time.perf_counter()
            self.progress.untold.append(self.unread.popleft()())
            self.progress.seconds += time.perf_counter() - started

    def records(self, *, ahead: int = 0) -> Iterator[TrainRecord]:
        """`read`, and a record of every step whose losses are there and that has none yet."""
        self.read(ahead=ahead)
        untold = self.progress.untold
        while untold:
            step = self.progress.step - len(self.unread) - len(untold) + 1
            yield train_record(untold.pop(0), step=step, steps=self.steps)


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
    taken = _TakenSteps(learner, progress, steps=budget.steps)

    def save_checkpoint() -> None:
        if checkpoint is not None:
            taken.read()
            save_state(checkpoint, {"learner": learner.state(), "progress": asdict(progress), "best": best})

    try:
        while True:
            yield from taken.records(ahead=MOST_AHEAD)
            if _is_due(progress, budget):  # checked first: the interruption may have come right before a validation
                yield from taken.records()
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
            taken.next()
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
    if isinstance(found, dict):
        found.setdefault("untold", [])  # early versions told every step at once
    varying: dict[str, object] = {"best": None, "untold": []}  # checked below
    check_alike({**found, **varying} if isinstance(found, dict) else found, asdict(TrainingProgress()), "progress")
    found["best"] = found["best"] or None  # an early version had an empty record before any validation
    if not isinstance(found["best"], dict | None):
        raise ValueError("progress.best is no validation front")
    if found["best"]:
        check_number(entry(found["best"], "hypervolume"), "progress.best.hypervolume")
    for name in ("step", "best_step", "stale", "validated"):
        if not isinstance(found[name], int) or found[name] < 0:
            raise ValueError(f"progress.{name} is no step count")
    _check_untold(found["untold"], most=found["step"])
    best = entry(saved, "best")
    check_alike(best, dict(fresh), "best")
    learner.load_state(entry(saved, "learner"))
    return TrainingProgress(**found), best


def _check_untold(found: object, *, most: int) -> None:
    """Refuse anything but a list of losses, of ``most`` steps at most.

    Raises:
        ValueError: it is anything else.
    """
    needed, known = Losses.__required_keys__, Losses.__required_keys__ | Losses.__optional_keys__
    if not isinstance(found, list) or len(found) > most:
        raise ValueError("progress.untold is no list of losses")
    for losses in found:
        if not isinstance(losses, dict) or not needed <= losses.keys() <= known:
            raise ValueError("progress.untold has other entries than the losses of a step")
        for name, value in losses.items():
            check_number(value, f"progress.untold.{name}")


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
