"""Fairness reprogramming: learn a trigger for a frozen classifier by gradient descent.

min over δ of  CE(Y, f*(x̃)) + λ · max over φ of −CE(Z, d(f*(x̃) [, Y]; φ)), for all λ in one training: a
batch is split over stratified λ, the trigger is interpolated between anchors, the discriminator sees λ.

Source: equations 2 and 3 of the paper. Deviations: all λ in one training (the paper trains one
trigger per λ); batches even over the (z, y) cells; one backward pass instead of two.

Notation: l λ-values per batch, k rows per λ, c classes, g groups.
"""

import math
from collections.abc import Sequence
from typing import Any, cast

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from fairprog_core.classifiers.base import Classifier
from fairprog_core.classifiers.image import ImageClassifier
from fairprog_core.common.records import Losses
from fairprog_core.common.types import Batch, Groups
from fairprog_core.data.base import Split
from fairprog_core.data.sampling import EvenSampler
from fairprog_core.methods import LearnedTriggerOptions, ReprogramOptions
from fairprog_core.methods.base import make_fairness_loss
from fairprog_core.methods.reprogramming.picture_batches import PictureBatches, picture_batches
from fairprog_core.methods.reprogramming.short_numbers import ShortNumbers
from fairprog_core.training.criteria import CriterionOptions
from fairprog_core.training.discriminator import chance
from fairprog_core.training.eager import EagerAdam
from fairprog_core.training.loop import LateLosses
from fairprog_core.training.recorded import Recorded, read_later, recorder_for
from fairprog_core.training.resuming import TrainingState, entry, load_module, load_optimizer, load_schedule
from fairprog_core.triggers.base import Trigger
from fairprog_core.triggers.image import ImageTrigger

N_ANGLES = 25  # of a training, about: each costs one more backward pass …
LEAST_STEPS = 4  # … and is therefore measured in every fourth step at most


class Reprogram:
    """One training of a trigger; `step` is called once per step, in order.

    A GPU records the steps of a usual trigger on pictures, see `Recorded`, and repeats them by itself.
    """

    n_queries: int | None = None  # rows sent to learn, where only answers are known

    def __init__(
        self,
        options: LearnedTriggerOptions,
        *,
        classifier: Classifier,
        trigger: Trigger,
        criterion: CriterionOptions,
        groups: Groups,
        split: Split,
        steps: int,
        seed: int,
        lam: float | None = None,
        device: torch.device,
    ) -> None:
        """Set up trigger and discriminator.

        Args:
            options: learning rates and batch sizes.
            classifier: frozen f*.
            trigger: untrained; learned in place.
            criterion: decides whether the discriminator sees the label.
            groups: the values of Z.
            split: tuning rows, which the classifier was not trained on.
            steps: length of the learning rate schedule.
            seed: for the discriminator's initial weights and all random numbers.
            lam: train for this λ only (the reference mode) instead of for the trigger's whole range.
            device: where to compute.
        """
        self.options, self.classifier, self.trigger, self.lam = options, classifier, trigger.to(device), lam
        self.steps, self.seed, self.device = steps, seed, device
        self.reader = classifier  # what the trigger asks for logits
        if isinstance(options, ReprogramOptions) and options.precision == "bfloat16":
            self.reader = cast(Classifier, ShortNumbers(classifier))
        self.conditions_on_label, self.is_on_line = criterion.conditions_on_label, options.is_on_line(criterion)
        torch.manual_seed(seed)  # the discriminator's initial weights
        self.adversary, self.penalty = make_fairness_loss(
            options, n_classes=classifier.n_classes, groups=groups,
            conditions_on_label=criterion.conditions_on_label, device=device,
        )  # fmt: skip
        self.sampler = EvenSampler(
            split, classifier.to_input, per_cell=options.per_cell, copies=options.lam_groups, seed=seed, device=device
        )
        self.n_lams = 1 if lam is not None else options.lam_groups  # with one λ all rows are in one group
        self.optimizer = EagerAdam(trigger.parameters(), lr=options.learning_rate)
        self.schedule = torch.optim.lr_scheduler.CosineAnnealingLR(self.optimizer, steps)
        self.chance = chance(groups, split.cell_share, conditions_on_label=self.conditions_on_label)
        self.batches: PictureBatches | None = None
        self.recorded: Recorded | None = None
        if self.does_the_same_in_every_step:
            self.batches = picture_batches(self.sampler, trigger)
            if (recorder := recorder_for(device)) is not None:
                self.recorded = Recorded(recorder, device=device, n_first=options.replay)

    @property
    def does_the_same_in_every_step(self) -> bool:
        """Whether a step only computes with other numbers than the one before."""
        trigger, classifier, x = type(self.trigger), type(self.classifier), self.sampler.split.x
        return (
            type(self) is Reprogram
            and issubclass(trigger, ImageTrigger)
            and (trigger.at_step, trigger.values) == (Trigger.at_step, Trigger.values)
            and issubclass(classifier, ImageClassifier)
            and classifier.to_input is ImageClassifier.to_input
            and x.dtype == np.uint8
        )

    def draw_lams(self, step: int) -> Tensor:
        """The λ of a step (l,): one per equal part of the scale, ascending."""
        if self.lam is not None:
            return torch.tensor([self.lam], dtype=torch.float64)
        generator = torch.Generator().manual_seed(self.seed * 1_000_003 + step)
        part = (
            torch.arange(self.n_lams) + torch.rand(self.n_lams, generator=generator, dtype=torch.float64)
        ) / self.n_lams
        return self.trigger.scale.stratified(part)

    def step(self, step: int) -> Losses | LateLosses:
        """Train discriminator and trigger on the batch of this step.

        Returns:
            utility_loss (nats) and fairness_loss (in the penalty's unit), means over the batch;
            discriminator_accuracy and chance. With a closed-form penalty the discriminator is for monitoring only.
            Where steps are recorded, a function that waits for these.
        """
        lam = self.draw_lams(step)
        is_measured = step % max(self.steps // N_ANGLES, LEAST_STEPS) == 0
        if self.batches is None or self.recorded is None:
            self.trigger.at_step(step)
            found = self._update(self._batch(step), lam, lam, is_measured=is_measured)
            self.schedule.step()
            return self._losses(found.tolist())
        rate = torch.tensor(self.optimizer.param_groups[0]["lr"], dtype=torch.float64)
        drawn = lam, self.trigger.anchor_weights(lam), rate, *self.batches.draw(step)
        read = read_later(self.recorded(self._update_on, *drawn, is_measured=is_measured))
        self.schedule.step()
        return lambda: self._losses(read())

    def _update_on(self, lam: Tensor, at: Tensor, rate: Tensor, *drawn: Tensor, is_measured: bool) -> Tensor:
        """`_update` on the batch that was drawn: all tensors are on the device, and nothing waits for it."""
        assert self.batches is not None  # such steps are recorded
        return self._update(self.batches.batch(*drawn), lam, at, rate, is_measured=is_measured)

    def _batch(self, step: int) -> Batch:
        """The batch of a step that is not recorded."""
        if self.batches is None:
            return self.sampler(step)
        return self.batches.batch(*(value.to(self.device) for value in self.batches.draw(step)))

    def _update(
        self, batch: Batch, lam: Tensor, at: Tensor, rate: Tensor | None = None, *, is_measured: bool
    ) -> Tensor:
        """One step of discriminator and trigger.

        Args:
            batch: k rows for each of the l λ.
            lam: (l,).
            at: what the trigger is given, λ or the weights of its anchors (l, a).
            rate: learning rate of the trigger, (); None: that of the optimizer.
            is_measured: whether the angle of the losses' gradients is measured.

        Returns:
            Means of utility_loss, fairness_loss and discriminator_accuracy, and what `_angle` gives if it is measured.
        """
        logits = self.logits(batch.x, at).view(self.n_lams, -1, self.classifier.n_classes)
        y, z, natural = (value.view(self.n_lams, -1) for value in (batch.y, batch.z, batch.weight))
        weight = torch.ones_like(natural) if self.conditions_on_label else natural
        lam = lam.to(logits)

        accuracy = self.adversary.learn(logits.detach(), y, z, lam, weight)

        utility = F.cross_entropy(logits.flatten(0, 1), y.flatten(), reduction="none").view_as(natural)
        utility_loss = (utility * natural).mean(1)  # (l,)
        fairness_loss = self.penalty(logits, y, z, lam, weight)  # (l,)
        angle = self._update_trigger(utility_loss, fairness_loss, lam, rate, is_measured=is_measured)
        return torch.stack([utility_loss.mean(), fairness_loss.mean(), accuracy, *angle]).detach()

    def _losses(self, found: list[float]) -> Losses:
        """The losses of a step, from the numbers that `_update` gave."""
        utility_loss, fairness_loss, accuracy, *angle = found
        losses = Losses(
            utility_loss=utility_loss, fairness_loss=fairness_loss, discriminator_accuracy=accuracy, chance=self.chance
        )
        if angle and angle[1] > 0:
            losses["angle"] = round(math.degrees(math.acos(min(max(angle[0] / angle[1], -1.0), 1.0))), 1)
        return losses

    def logits(self, x: Any, lam: Tensor) -> Tensor:
        """Logits (l·k, c) of a batch with the trigger, through which the trigger gets its gradient."""
        return self.trigger.logits(self.reader, x, lam)

    def finish(self, split: Split) -> None:
        """Does nothing: `fit` has kept the best iterate already."""

    def state(self) -> TrainingState:
        """Everything that the next step depends on besides (seed, step), for checkpoints."""
        return {
            "learned": self.trigger.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "schedule": self.schedule.state_dict(),
            **self.adversary.state(),
        }

    def load_state(self, state: TrainingState) -> None:
        """Restore what `state` returned.

        Raises:
            ValueError: it is the state of another training, or damaged.
        """
        load_module(self.trigger, entry(state, "learned"), "learned")
        load_optimizer(self.optimizer, entry(state, "optimizer"), "optimizer")
        load_schedule(self.schedule, entry(state, "schedule"), "schedule")
        self.adversary.load_state(state)
        if self.recorded is not None:
            self.recorded.forget()

    def _update_trigger(
        self,
        utility_loss: Tensor,
        fairness_loss: Tensor,
        lam: Tensor,
        rate: Tensor | None = None,
        *,
        is_measured: bool = False,
    ) -> tuple[Tensor, ...]:
        """One optimizer step of the trigger, at losses (l,); the discriminator is not changed.

        With ``is_measured`` returns what `_angle` gives, else nothing.
        """
        parameters = list(self.trigger.parameters())
        fair, useful = tuple[Tensor, ...](), tuple[Tensor, ...]()
        if self.options.projection or is_measured:
            fair = torch.autograd.grad((lam * fairness_loss).sum(), parameters, retain_graph=True)
        if self.options.projection:
            useful = torch.autograd.grad(utility_loss.sum(), parameters)
            for value, g_fair, g_useful in zip(parameters, fair, useful, strict=True):
                along = (g_useful * g_fair).sum() / g_fair.square().sum().clamp_min(1e-12)
                value.grad = g_useful - along * g_fair + g_fair
        else:  # not the sum of two gradients: a step is the same to the last bit, whether or not the angle is measured
            both = torch.autograd.grad((utility_loss + lam * fairness_loss).sum(), parameters)
            for value, gradient in zip(parameters, both, strict=True):
                value.grad = gradient
            useful = tuple(gradient - g_fair for gradient, g_fair in zip(both, fair, strict=is_measured))
        angle = _angle(useful, fair) if is_measured else ()
        self.optimizer.step(rate)
        if self.is_on_line:
            self.trigger.straighten()
        return angle


def _angle(useful: Sequence[Tensor], fair: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
    """What the angle between the gradients of both losses is computed from: their product and that of their lengths.

    For the page that shows the game: the step itself does not use it. No angle is shown where one of them is 0.
    """
    one, other = (torch.cat([part.flatten() for part in gradients]) for gradients in (useful, fair))
    return one @ other, one.norm() * other.norm()
