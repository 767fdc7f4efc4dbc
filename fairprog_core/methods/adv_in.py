"""AdvIn: new weights, trained on the training rows against a discriminator of Z from the first step on."""

import torch

from fairprog_core.methods.adversarial import Adversarial, AdversarialMethod
from fairprog_core.methods.erm import optimizer_of
from fairprog_core.sampling import MOST_CELLS


class AdvIn(AdversarialMethod):
    """Trained like the base, but for the discriminator, even batches, and its length."""

    @property
    def steps(self) -> int:
        split, base = self.task.split, self.base_options
        rows: int = base.n_steps(len(split.y)) * base.batch_size
        n_cells = min(len(set(zip(split.z.tolist(), split.y.tolist()))), MOST_CELLS)
        share: float = self.options.length
        per_step: int = n_cells * self.options.per_cell
        return max(round(share * rows / per_step), 1)

    def start(self, lam: float) -> Adversarial:
        base, task = self.task.classifier, self.task
        torch.manual_seed(task.seed)
        classifier = type(base).new(base.options, n_classes=base.n_classes, split=task.split).to(task.device).train()
        optimizer, schedule = optimizer_of(classifier, self.base_options, steps=self.steps)
        return Adversarial(
            self.options, task=task, classifier=classifier, lam=lam, optimizer=optimizer, schedule=schedule,
            is_augmented=True,
        )  # fmt: skip
