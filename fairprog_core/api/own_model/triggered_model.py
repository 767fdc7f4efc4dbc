"""A trigger at one λ and a user's own model as one ``torch.nn.Module``.

Notation: k rows, c classes, s image side.
"""

from copy import deepcopy
from typing import Any

from torch import Tensor, nn

from fairprog_core.classifiers.own.classifier import OwnClassifier
from fairprog_core.classifiers.own.lending import device_of
from fairprog_core.classifiers.predict import evaluating
from fairprog_core.triggers.base import Trigger


class TriggeredModel(nn.Module):
    """A trigger at one λ in front of a model that stays as it is: inputs in, logits (k, c) out, differentiable.

    Inputs are pictures (k, 3, s, s), floats in [0, 1] or uint8, and ``preprocess`` is applied after the trigger; or
    texts, a list of strings or what the tokenizer made of them, padded on the right. The model computes in evaluation
    mode, whatever mode it is in before and afterwards. A model with a single logit gives two: 0 and that one.
    """

    def __init__(self, trigger: Trigger, classifier: OwnClassifier, lam: float) -> None:
        super().__init__()
        own = deepcopy(trigger).requires_grad_(False).to(device_of(classifier.model))
        self.trigger, self.classifier, self.lam = own.attach_to(classifier), classifier, lam

    def forward(self, x: Any) -> Tensor:
        with evaluating(self.classifier):
            logits: Tensor = self.classifier(self.trigger(self.classifier.batch(x), self.lam))
        return logits
