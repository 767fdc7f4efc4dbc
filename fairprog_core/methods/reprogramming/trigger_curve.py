"""The curve of a trigger: learned in one training for all λ, or in one per reported λ and merged."""

from collections.abc import Generator
from functools import cached_property
from pathlib import Path
from typing import ClassVar

from fairprog_core.common.files.json_values import Header, parse_header
from fairprog_core.common.files.model_file import RUN_AGAIN, TrainingCosts, TrainingSummary, find_damage
from fairprog_core.common.home import is_whole
from fairprog_core.common.records import Fit, TrainingRecord
from fairprog_core.methods import LearnedTriggerOptions
from fairprog_core.methods.base import FitContext, Method, ValidateFn
from fairprog_core.methods.reprogramming.trigger_training import FittedTrigger, TriggerTraining
from fairprog_core.training.per_lam import Cost, sum_costs
from fairprog_core.triggers.base import Trigger, load_trigger


class PartHeader(Header):
    """The part of a description that only a trigger for a single λ has."""

    summary: TrainingSummary


class TriggerCurve(Method[LearnedTriggerOptions]):
    """Learns the trigger of one curve; the classifier is not changed.

    Attributes:
        trigger: its options.
    """

    def __init__(self, options: LearnedTriggerOptions, context: FitContext) -> None:
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

    kind: ClassVar[type[TriggerTraining]] = TriggerTraining

    @cached_property
    def training(self) -> TriggerTraining:
        """The training, in memory."""
        context = self.context
        return self.kind(
            self.options, self.trigger, classifier=context.classifier, split=context.split,
            validation=context.validation, groups=context.groups, criterion=context.criterion, lam=context.lam,
            seed=context.seed, budget=self.budget, device=context.device, identity_words=context.identity_words,
        )  # fmt: skip

    def learn(self, validate: ValidateFn) -> Generator[TrainingRecord, None, None]:
        if is_whole(self.file, find_damage):
            return
        context = self.context
        if context.mode == "amortised":
            trigger = self.training.for_every_lam()
            self.in_training = FittedTrigger(trigger, context.classifier)
            cost: Fit | Cost = yield from self.training.fit(
                trigger, validate, checkpoint=context.folder / "checkpoint.safetensors"
            )
            self.in_training = None
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
            if is_whole(file, find_damage):
                parts.append(load_trigger(file))
                parse_header(PartHeader, parts[-1].about, path=file, remedy=f"remove it, and {RUN_AGAIN}")
                summaries.append(parts[-1].about["summary"])
                continue
            trigger = self.training.with_anchors(lam)
            summary = yield from self.training.fit(
                trigger, validate, lam=lam, before=summaries,
                checkpoint=self.context.folder / f"checkpoint-{lam:g}.safetensors",
            )  # fmt: skip
            trigger.cpu().save(file, summary=summary)
            parts.append(trigger)
            summaries.append(summary)
        whole = type(parts[0]).merged(parts).to(self.context.device).attach_to(self.context.classifier)
        return whole, sum_costs(summaries)
