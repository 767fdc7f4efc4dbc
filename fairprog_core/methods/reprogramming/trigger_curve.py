"""The curve of a trigger: learned in one training for all λ, or in one per reported λ and merged."""

import time
from collections.abc import Generator, Hashable, Mapping, Sequence
from pathlib import Path
from typing import NotRequired, cast

import torch
from typing_extensions import TypedDict, Unpack

from fairprog_core.classifiers.base import Classifier
from fairprog_core.classifiers.predict import predict, predict_at
from fairprog_core.common.files.json_values import Header, parse_header
from fairprog_core.common.files.model_file import RUN_AGAIN, TrainingCosts, TrainingSummary
from fairprog_core.common.records import Fit, TrainingRecord
from fairprog_core.common.registry import build
from fairprog_core.common.types import Groups, Predictions
from fairprog_core.data.base import Split
from fairprog_core.methods import ReprogramOptions
from fairprog_core.methods.base import FitContext, FittedModel, Method, ValidateFn
from fairprog_core.methods.pseudo_labels import pseudo_labelled
from fairprog_core.methods.reprogramming.reprogram import Reprogram
from fairprog_core.methods.reprogramming.word_search import WordSearch
from fairprog_core.training.criteria import CriterionOptions
from fairprog_core.training.per_lam import Cost, fit_one, sum_costs
from fairprog_core.triggers import TRIGGERS
from fairprog_core.triggers.base import Trigger, load_trigger
from fairprog_core.triggers.hard import Hard


class PartHeader(Header):
    """The part of a description that only a trigger for a single λ has."""

    summary: TrainingSummary


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
        return predict(self.trigger.wrap(self.classifier, lam=lam), split)

    def predict_batch(self, split: Split, lams: Sequence[float]) -> list[Predictions]:
        return predict_at(self.trigger.wrap(self.classifier, lam=lams[0]), split, lams)

    def cache_key(self, lam: float) -> Hashable:
        return self.trigger.cache_key(lam)

    def with_trigger(self, trigger: Trigger) -> "FittedTrigger":
        """A copy with another trigger."""
        return FittedTrigger(trigger, self.classifier, self.file)

    def files(self, lam: float) -> Mapping[str, Path]:
        return {"trigger": self.file} if self.file else {}


class TriggerCurve(Method[ReprogramOptions]):
    """Learns the trigger of one curve; the classifier is not changed.

    Attributes:
        trigger: its options.
    """

    def __init__(self, options: ReprogramOptions, context: FitContext) -> None:
        super().__init__(options, context)
        if context.trigger is None:
            raise ValueError("A curve of a trigger needs the options of a trigger.")
        self.trigger = context.trigger

    @property
    def file(self) -> Path:
        return self.context.folder / "trigger.safetensors"

    def open(self) -> FittedTrigger:
        trigger = load_trigger(self.file).to(self.context.device).attach_to(self.context.classifier)
        parse_header(TrainingCosts, trigger.about, path=self.file, remedy=RUN_AGAIN)
        return FittedTrigger(trigger, self.context.classifier, self.file)

    def untrained(self, *anchor_lams: float) -> Trigger:
        """A new trigger with anchors at the given λ."""
        context = self.context
        trigger: Trigger = build(
            TRIGGERS, self.trigger, anchor_lams=anchor_lams, seed=context.seed, **context.classifier.input_spec
        )
        return trigger.attach_to(context.classifier)

    def learn(self, validate: ValidateFn) -> Generator[TrainingRecord, None, None]:
        if self.file.exists():
            return
        context = self.context
        if context.mode == "amortised":
            kind, lam = TRIGGERS[self.trigger.kind].load(), context.lam
            trigger = self.untrained(*kind.anchor_lams(self.trigger, low=lam.low, high=lam.high, grid=lam.grid))
            cost: Fit | Cost = yield from self._fit(trigger, validate, "checkpoint", None, [])
        else:
            trigger, cost = yield from self._learn_separately(validate)
        trigger.cpu().save(self.file, mode=context.mode, **cost, **context.about)
        for rest in [*context.folder.glob("checkpoint*.safetensors"), *context.folder.glob("lam-*.safetensors")]:
            rest.unlink()

    def _learn_separately(self, validate: ValidateFn) -> Generator[TrainingRecord, None, tuple[Trigger, Cost]]:
        """Train once per reported λ, each with the whole budget, and merge the results into one trigger."""
        parts: list[Trigger] = []
        summaries: list[Fit] = []
        for lam in self.context.lam.grid:
            file = self.context.folder / f"lam-{lam:g}.safetensors"
            if file.exists():
                parts.append(load_trigger(file))
                parse_header(PartHeader, parts[-1].about, path=file, remedy=f"remove it, and {RUN_AGAIN}")
                summaries.append(parts[-1].about["summary"])
                continue
            trigger = self.untrained(lam)
            summary = yield from self._fit(trigger, validate, f"checkpoint-{lam:g}", lam, summaries)
            trigger.cpu().save(file, summary=summary)
            parts.append(trigger)
            summaries.append(summary)
        whole = type(parts[0]).merged(parts).to(self.context.device).attach_to(self.context.classifier)
        return whole, sum_costs(summaries)

    def _fit(
        self, trigger: Trigger, validate: ValidateFn, checkpoint: str, lam: float | None, before: list[Fit]
    ) -> Generator[TrainingRecord, None, Fit]:
        """Train one trigger; yields its records, returns its summary."""
        context = self.context
        learner = make_learner(
            self.options, classifier=context.classifier, trigger=trigger, criterion=context.criterion,
            groups=context.groups, split=context.split, steps=self.steps, seed=context.seed, lam=lam,
            device=context.device, identity_words=context.identity_words,
        )  # fmt: skip
        model, done = FittedTrigger(trigger, context.classifier), before[-1]["validation"] if before else None
        lams = context.lam.grid if lam is None else (lam,)
        summary = yield from fit_one(
            learner, self.budget, validate=lambda: validate(model, lams, done),
            checkpoint=context.folder / f"{checkpoint}.safetensors",
            done=len(before), in_all=1 if lam is None else len(context.lam.grid),
        )  # fmt: skip
        started = time.perf_counter()
        learner.finish(context.validation)
        summary["seconds"] += time.perf_counter() - started
        return summary


def make_learner(
    options: ReprogramOptions,
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
