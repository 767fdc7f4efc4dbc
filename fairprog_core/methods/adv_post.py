"""AdvPost: the base's weights, tuned further on the tuning rows against a discriminator of Z."""

import torch

from fairprog_core.classifiers import CLASSIFIERS
from fairprog_core.classifiers.base import read_classifier
from fairprog_core.methods.adversarial import Adversarial, AdversarialMethod


class AdvPost(AdversarialMethod):
    """Begins with the base at every λ; the statistics of its batch norm stay as they are."""

    @property
    def steps(self) -> int:
        steps: int = self.options.steps
        return min(steps, self.task.budget.steps)

    def start(self, lam: float) -> Adversarial:
        classifier = read_classifier(self.task.base_file, CLASSIFIERS)[0].to(self.task.device).eval()
        classifier.thaw()
        learned = [value for value in classifier.parameters() if value.requires_grad]
        optimizer = torch.optim.AdamW(learned, lr=self.options.rate * self.base_options.learning_rate)
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, self.steps)
        return Adversarial(
            self.options, task=self.task, classifier=classifier, lam=lam, optimizer=optimizer, schedule=schedule
        )
