"""The training of a trigger for one curve, in memory; `TriggerCurve` writes its results into a folder.

Notation: m reported values of λ.
"""

import time
from collections.abc import Generator, Hashable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NotRequired, cast

import torch
from typing_extensions import TypedDict, Unpack

from fairprog_core.classifiers.base import Classifier
from fairprog_core.classifiers.predict import predict, predict_at
from fairprog_core.common.lam_range import LamRange
from fairprog_core.common.records import Fit, Front, TrainingRecord
from fairprog_core.common.registry import build
from fairprog_core.common.types import Groups, Predictions
from fairprog_core.data.base import Split
from fairprog_core.methods import LearnedTriggerOptions
from fairprog_core.methods.base import FittedModel, ValidateFn
from fairprog_core.methods.pseudo_labels import pseudo_labelled
from fairprog_core.methods.reprogramming.reprogram import Reprogram
from fairprog_core.methods.reprogramming.word_search import WordSearch
from fairprog_core.training.budget import Budget
from fairprog_core.training.criteria import CriterionOptions
from fairprog_core.training.per_lam import fit_one
from fairprog_core.triggers import TRIGGERS, TriggerOptions
from fairprog_core.triggers.base import Trigger
from fairprog_core.triggers.hard import Hard


class LearnerArguments(TypedDict):
    """Arguments that a training and a search have in common; see `Reprogram`."""

    classifier: Classifier
    criterion: CriterionOptions
    groups: Groups
    split: Split
    seed: int
    lam: NotRequired[float | None]
    device: torch.device


class FittedTrigger(FittedModel):
    """A frozen classifier with a trigger."""

    def __init__(self, trigger: Trigger, classifier: Classifier, file: Path | None = None) -> None:
        self.trigger, self.classifier, self.file = trigger, classifier, file
        self.about = trigger.about
        self.n_parameters = trigger.n_parameters

    def predict(self, split: Split, lam: float) -> Predictions:
        return predict(self.trigger.before(self.classifier, lam), split)

    def predict_batch(self, split: Split, lams: Sequence[float]) -> list[Predictions]:
        return predict_at(self.trigger.before(self.classifier, lams[0]), split, lams)

    def cache_key(self, lam: float) -> Hashable:
        return self.trigger.cache_key(lam)

    def with_trigger(self, trigger: Trigger) -> "FittedTrigger":
        """A copy with another trigger."""
        return FittedTrigger(trigger, self.classifier, self.file)

    def files(self, lam: float) -> Mapping[str, Path]:
        return {"trigger": self.file} if self.file else {}


@dataclass(frozen=True)
class TriggerTraining:
    """Inputs and settings of the training of one trigger.

    Attributes:
        options: of the method.
        trigger: options of the trigger.
        classifier: frozen f*, on the device.
        split: tuning rows, prepared for the classifier, which was not trained on them.
        validation: prepared rows for a final selection.
        groups: the values of Z.
        criterion: which gap counts.
        lam: range of λ and the m reported values.
        seed: for all random numbers.
        budget: of one training.
        device: where to compute.
        identity_words: words that name a group, in lower case.
    """

    options: LearnedTriggerOptions
    trigger: TriggerOptions
    classifier: Classifier
    split: Split
    validation: Split
    groups: Groups
    criterion: CriterionOptions
    lam: LamRange
    seed: int
    budget: Budget
    device: torch.device
    identity_words: frozenset[str] = frozenset()

    def for_every_lam(self) -> Trigger:
        """A new trigger for the whole range of λ."""
        kind, lam = TRIGGERS[self.trigger.kind].load(), self.lam
        return self.with_anchors(*kind.anchor_lams(self.trigger, low=lam.low, high=lam.high, grid=lam.grid))

    def with_anchors(self, *anchor_lams: float) -> Trigger:
        """A new trigger with anchors at the given λ."""
        trigger: Trigger = build(
            TRIGGERS, self.trigger, anchor_lams=anchor_lams, seed=self.seed, **self.classifier.input_spec
        )
        return trigger.attach_to(self.classifier)

    def new_learner(self, trigger: Trigger, lam: float | None) -> Reprogram | WordSearch:
        """The learner that trains a trigger in place, for one λ or (None) for all of them."""
        return make_learner(
            self.options, classifier=self.classifier, trigger=trigger, criterion=self.criterion, groups=self.groups,
            split=self.split, steps=self.budget.steps, seed=self.seed, lam=lam, device=self.device,
            identity_words=self.identity_words,
        )  # fmt: skip

    def fit(
        self,
        trigger: Trigger,
        validate: ValidateFn,
        *,
        lam: float | None = None,
        before: Sequence[Fit] = (),
        checkpoint: Path | None = None,
    ) -> Generator[TrainingRecord, None, Fit]:
        """Train a trigger in place; yields its records, returns its summary.

        Args:
            trigger: untrained, attached to the classifier.
            validate: computes the front of a "validation" record.
            lam: train for this λ only; None: for the trigger's whole range.
            before: with ``lam``: the summaries of the trainings for smaller λ.
            checkpoint: file for the state; None: nothing is written.
        """
        learner = self.new_learner(trigger, lam)
        model, done = FittedTrigger(trigger, self.classifier), _last_front(before)
        lams = self.lam.grid if lam is None else (lam,)
        summary = yield from fit_one(
            learner, self.budget, validate=lambda: validate(model, lams, done), checkpoint=checkpoint,
            done=len(before), in_all=1 if lam is None else len(self.lam.grid),
        )  # fmt: skip
        started = time.perf_counter()
        self.classifier.send_for("validation")
        learner.finish(self.validation)
        summary["seconds"] += time.perf_counter() - started
        if learner.n_queries is not None:
            summary["queries"] = learner.n_queries
        return summary


def make_learner(
    options: LearnedTriggerOptions,
    *,
    trigger: Trigger,
    steps: int,
    identity_words: frozenset[str] = frozenset(),
    **setting: Unpack[LearnerArguments],
) -> Reprogram | WordSearch:
    """A `WordSearch` for triggers that are searched, else a `Reprogram`.

    Args:
        options: of the method.
        trigger: untrained; learned in place.
        steps: length of the learning rate schedule; a search has none.
        identity_words: words that name a group, in lower case; used by a search only.
        setting: arguments of both.
    """
    if options.pseudo_labels:
        setting["split"] = pseudo_labelled(setting["split"], setting["classifier"])
    if trigger.is_searched:
        return WordSearch(trigger=cast(Hard, trigger), identity_words=identity_words, **setting)
    return Reprogram(options, trigger=trigger, steps=steps, **setting)


def _last_front(before: Sequence[Fit]) -> Front | None:
    return before[-1]["validation"] if before else None
