"""Adversarial training of a classifier's weights: the methods that the paper compares triggers with.

min over weights of  CE(Y, f(x)) + λ · max over φ of −CE(Z, d(f(x) [, Y]; φ)), one training per λ.

Source: AdvIn and AdvPost (section 4.1 of the paper; Zhang et al. 2018). As for triggers, and unlike the
authors' code: batches even over the (z, y) cells, a replay for the discriminator, the best iterate on validation.

Notation: k rows, c classes.
"""

from abc import abstractmethod
from collections.abc import Generator, Mapping
from functools import partial
from pathlib import Path
from typing import TypeVar, cast

import numpy as np
import torch
import torch.nn.functional as F
from pydantic import Field
from torch import Tensor

from fairprog_core.classifiers import CLASSIFIERS, ClassifierOptions, TrainedOptions
from fairprog_core.classifiers.base import Classifier, Description, freeze, read_classifier, save_classifier
from fairprog_core.classifiers.predict import predict
from fairprog_core.common.errors import ArtifactError
from fairprog_core.common.files.json_values import Header, damaged, parse_header
from fairprog_core.common.files.model_file import RUN_AGAIN, TrainingSummary, find_damage
from fairprog_core.common.home import is_whole
from fairprog_core.common.records import Fit, Losses, TrainingRecord
from fairprog_core.common.types import Predictions
from fairprog_core.data.base import Split
from fairprog_core.data.sampling import MOST_CELLS, EvenSampler
from fairprog_core.methods import AdversarialTrainingOptions, AdvInOptions, AdvPostOptions
from fairprog_core.methods.base import FitContext, FittedModel, Method, ValidateFn, make_fairness_loss
from fairprog_core.methods.pseudo_labels import pseudo_labelled
from fairprog_core.training.base_classifier import optimizer_of
from fairprog_core.training.discriminator import chance
from fairprog_core.training.eager import EagerAdamW
from fairprog_core.training.per_lam import fit_one, sum_costs
from fairprog_core.training.resuming import TrainingState, check_alike, entry, load_optimizer, load_schedule

A_co = TypeVar("A_co", bound=AdversarialTrainingOptions, covariant=True)


class Adversarial:
    """One training of weights at one λ; `step` is called once per step, in order."""

    def __init__(
        self, options: AdversarialTrainingOptions, *, context: FitContext, classifier: Classifier, lam: float,
        optimizer: torch.optim.Optimizer, schedule: torch.optim.lr_scheduler.LRScheduler, is_augmented: bool = False,
    ) -> None:  # fmt: skip
        """Set up classifier and discriminator.

        Args:
            options: of the discriminator and the batches.
            context: criterion, groups, training rows, seed, device.
            classifier: trained in place, in its current mode (training or evaluation).
            lam: λ.
            optimizer: of the trainable weights.
            schedule: of the optimizer's learning rate, advanced after every step.
            is_augmented: whether to augment rows as in the training of a base.
        """
        self.classifier, self.lam, self.optimizer, self.schedule = classifier, lam, optimizer, schedule
        self.seed, self.is_augmented = context.seed, is_augmented
        self.conditions_on_label = context.criterion.conditions_on_label
        torch.manual_seed(context.seed)  # the discriminator's initial weights
        self.adversary, self.penalty = make_fairness_loss(
            options, n_classes=classifier.n_classes, groups=context.groups,
            conditions_on_label=self.conditions_on_label, device=context.device,
        )  # fmt: skip
        split = pseudo_labelled(context.split, context.classifier) if options.pseudo_labels else context.split
        self.sampler = EvenSampler(
            split, classifier.to_input, per_cell=options.per_cell, copies=1, seed=context.seed, device=context.device
        )
        self.chance = chance(context.groups, context.split.cell_share, conditions_on_label=self.conditions_on_label)
        self.trainable = [value for value in classifier.parameters() if value.requires_grad]

    def step(self, step: int) -> Losses:
        """Train discriminator and classifier on the batch of this step.

        Returns:
            utility_loss (nats), fairness_loss (in the penalty's unit), discriminator_accuracy, chance.
        """
        torch.manual_seed(self.seed * 1_000_003 + step)  # for dropout: a resumed training gives identical numbers
        batch = self.sampler(step)
        x = batch.x
        if self.is_augmented:
            x = self.classifier.augment(x, np.random.default_rng((self.seed, step, 1)))
        logits = self.classifier(x)
        weight = torch.ones_like(batch.weight) if self.conditions_on_label else batch.weight
        lam = torch.tensor([self.lam]).to(logits)
        y, z, weight = (value[None] for value in (batch.y, batch.z, weight))

        accuracy = self.adversary.learn(logits.detach()[None], y, z, lam, weight)

        utility_loss = (F.cross_entropy(logits, batch.y, reduction="none") * batch.weight).mean()
        fairness_loss = self.penalty(logits[None], y, z, lam, weight).mean()
        self._update_classifier(utility_loss + self.lam * fairness_loss)
        return {
            "utility_loss": utility_loss.item(),
            "fairness_loss": fairness_loss.item(),
            "discriminator_accuracy": accuracy.item(),
            "chance": self.chance,
        }

    def _update_classifier(self, loss: Tensor) -> None:
        self.optimizer.zero_grad(set_to_none=True)
        torch.autograd.backward(loss, inputs=self.trainable)  # not the discriminator
        torch.nn.utils.clip_grad_norm_(self.trainable, 1.0)
        self.optimizer.step()
        self.schedule.step()

    def state(self) -> TrainingState:
        """Everything that the next step depends on besides (seed, step), for checkpoints."""
        frozen = {name for name, value in self.classifier.named_parameters() if not value.requires_grad}
        weights = self.classifier.state_dict()
        return {
            "learned": {name: value for name, value in weights.items() if name not in frozen},
            "optimizer": self.optimizer.state_dict(),
            "schedule": self.schedule.state_dict(),
            **self.adversary.state(),
        }

    def load_state(self, state: TrainingState) -> None:
        """Restore what `state` returned.

        Raises:
            ValueError: it is the state of another training, or damaged.
        """
        learned = entry(state, "learned")
        check_alike(learned, self.state()["learned"], "learned")
        self.classifier.load_state_dict(learned, strict=False)
        load_optimizer(self.optimizer, entry(state, "optimizer"), "optimizer")
        load_schedule(self.schedule, entry(state, "schedule"), "schedule")
        self.adversary.load_state(state)


class WeightsFit(Fit):
    """A finished training of weights.

    Attributes:
        n_parameters: number of trained weights.
    """

    n_parameters: int


class UnfinishedClassifier(FittedModel):
    """A classifier during its training at one λ."""

    def __init__(self, classifier: Classifier) -> None:
        self.classifier, self.about, self.n_parameters = classifier, {}, 0

    def predict(self, split: Split, lam: float) -> Predictions:
        return predict(self.classifier, split)


class WeightsSummary(TrainingSummary):
    """The summary of a training of weights, as its file holds it.

    Attributes:
        n_parameters: number of trained weights.
    """

    n_parameters: int = Field(ge=0)


class WeightsHeader(Header):
    """The part of a description that only trained weights have."""

    summary: WeightsSummary


class FittedClassifiers(FittedModel):
    """A classifier for every reported λ; the last one used is kept in memory."""

    def __init__(self, files: dict[float, Path], about: Description, device: torch.device) -> None:
        self._files, self.about, self.device = files, about, device
        self.n_parameters = about["n_parameters"]
        self._last: tuple[float, Classifier] | None = None

    def predict(self, split: Split, lam: float) -> Predictions:
        return predict(self.retrained(lam), split)

    def retrained(self, lam: float) -> Classifier:
        if self._last is None or self._last[0] != lam:
            self._last = lam, freeze(read_classifier(self._files[lam], CLASSIFIERS)[0]).to(self.device)
        return self._last[1]

    def files(self, lam: float) -> Mapping[str, Path]:
        return {"weights": self._files[lam]}


class AdversarialMethod(Method[A_co]):
    """One training per reported λ; subclasses define the initial weights and the length."""

    @property
    def file(self) -> Path:
        return self.context.folder / "weights"

    @property
    def base_options(self) -> ClassifierOptions:
        """Options of the base."""
        return cast(ClassifierOptions, self.context.classifier.options)

    @abstractmethod
    def start(self, lam: float) -> Adversarial:
        """A new training at one λ."""

    def learn(self, validate: ValidateFn) -> Generator[TrainingRecord, None, None]:
        context, files = self.context, self._files()
        summaries: list[WeightsFit] = []
        for lam, file in files.items():
            if is_whole(file, find_damage):
                summaries.append(self._summary(file))
                continue
            learner, done = self.start(lam), summaries[-1]["validation"] if summaries else None
            model = UnfinishedClassifier(learner.classifier)
            checkpoint = context.folder / f"checkpoint-{lam:g}.safetensors"
            summary = yield from fit_one(
                learner, self.budget, validate=partial(validate, model, (lam,), done), checkpoint=checkpoint,
                done=len(summaries), in_all=len(files),
            )  # fmt: skip
            fitted = WeightsFit(**summary, n_parameters=sum(value.numel() for value in learner.trainable))
            save_classifier(learner.classifier.cpu(), file, lam=lam, summary=fitted, **context.about)
            checkpoint.unlink(missing_ok=True)
            summaries.append(fitted)

    def open(self) -> FittedClassifiers:
        files = self._files()
        summaries = [self._summary(file) for file in files.values()]
        about = sum_costs(summaries) | {"n_parameters": summaries[0]["n_parameters"]}
        return FittedClassifiers(files, about, self.context.device)

    def _files(self) -> dict[float, Path]:
        return {lam: self.file / f"lam-{lam:g}.safetensors" for lam in self.context.lam.grid}

    def _summary(self, file: Path) -> WeightsFit:
        classifier, about = read_classifier(file, CLASSIFIERS)
        parse_header(WeightsHeader, about, path=file, remedy=RUN_AGAIN)
        base = self.context.classifier
        if (classifier.input_spec, classifier.n_classes) != (base.input_spec, base.n_classes):
            raise ArtifactError(damaged(file, "it was made for other inputs or labels than the base", RUN_AGAIN))
        summary: WeightsFit = about["summary"]
        return summary


class AdvPost(AdversarialMethod[AdvPostOptions]):
    """Starts from the base at every λ; its batch norm statistics stay fixed."""

    @property
    def steps(self) -> int:
        return min(self.options.steps, self.context.budget.steps)

    def start(self, lam: float) -> Adversarial:
        classifier = read_classifier(self.context.base_file, CLASSIFIERS)[0].to(self.context.device).eval()
        classifier.unfreeze()
        trainable = [value for value in classifier.parameters() if value.requires_grad]
        optimizer = EagerAdamW(trainable, lr=self.options.rate * self.base_options.start_rate)
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, self.steps)
        return Adversarial(
            self.options, context=self.context, classifier=classifier, lam=lam, optimizer=optimizer, schedule=schedule
        )


class AdvIn(AdversarialMethod[AdvInOptions]):
    """Trains like the base, except for the discriminator, the even batches and the length."""

    @property
    def steps(self) -> int:
        split = self.context.split
        rows = self.base_options.n_rows_trained(len(split.y))
        n_cells = min(len(np.unique(split.cells)), MOST_CELLS)
        return max(round(self.options.length * rows / (n_cells * self.options.per_cell)), 1)

    def start(self, lam: float) -> Adversarial:
        base, context = self.context.classifier, self.context
        torch.manual_seed(context.seed)
        labels = tuple(map(str, cast(list[str], context.about.get("labels", range(base.n_classes)))))
        classifier = type(base).new_for(base.options, labels=labels, split=context.split).to(context.device).train()
        optimizer, schedule = optimizer_of(classifier, cast(TrainedOptions, self.base_options), steps=self.steps)
        return Adversarial(
            self.options, context=context, classifier=classifier, lam=lam, optimizer=optimizer, schedule=schedule,
            is_augmented=True,
        )  # fmt: skip
