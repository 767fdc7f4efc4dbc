"""A frozen classifier that computes in bfloat16, for the training of a trigger."""

from typing import Any

import torch
from torch import Tensor

from fairprog_core.classifiers.base import Classifier


class ShortNumbers:
    """Stands for a classifier where a trigger asks for logits: its layers compute in bfloat16, but for the last one.

    What the trigger itself computes stays in float32, and so do its inputs, the features and the logits. Of a model
    whose last layer is not known, the logits are rounded to bfloat16.
    """

    def __init__(self, classifier: Classifier) -> None:
        self._classifier = classifier

    def __getattr__(self, name: str) -> Any:
        return getattr(self._classifier, name)

    def __call__(self, x: Any) -> Tensor:
        if type(self._classifier).forward is Classifier.forward:
            logits: Tensor = self._classifier.head(self.features(x))
            return logits
        with self._short:
            rounded: Tensor = self._classifier(x)
        return rounded.float()

    def features(self, x: Any) -> Tensor:
        """As the classifier's, in float32."""
        with self._short:
            return self._classifier.features(x).float()

    def first_layers(self, x: Any) -> Tensor:
        """As the classifier's, in bfloat16."""
        with self._short:
            return self._classifier.first_layers(x)

    def first_change(self, x: Any) -> Tensor:
        """As the classifier's, in bfloat16."""
        with self._short:
            return self._classifier.first_change(x)

    def other_layers(self, x: Tensor) -> Tensor:
        """As the classifier's, in float32."""
        with self._short:
            return self._classifier.other_layers(x).float()

    @property
    def _short(self) -> torch.autocast:
        """No cache: a GPU records every step anew, and casts that one step has kept would not be in the next."""
        return torch.autocast(self._classifier.device.type, torch.bfloat16, cache_enabled=False)
