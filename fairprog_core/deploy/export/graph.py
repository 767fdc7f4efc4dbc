"""A frozen classifier with its trigger as a graph: plain tensors in, logits first out.

Notation: k rows, s image side, t tokens, c classes.
"""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from fairprog_core.classifiers.base import Classifier
from fairprog_core.classifiers.encoder.text_classifier import TextClassifier
from fairprog_core.classifiers.encoder.text_input import TextInput
from fairprog_core.triggers.base import Trigger


class PictureGraph(nn.Module):
    """Pictures (k, 3, s, s) in [0, 1], or (k, s, s, 3) uint8, and λ (1,) -> logits (k, c)."""

    def __init__(
        self, classifier: Classifier, trigger: Trigger | None, *, lam: float | None = None, takes_bytes: bool = False
    ) -> None:
        """Put trigger and classifier together.

        Args:
            classifier: frozen.
            trigger: attached to the classifier; None: the classifier alone.
            lam: λ, fixed; None: it is an input.
            takes_bytes: whether pictures come as a picture library gives them.
        """
        super().__init__()
        self.classifier, self.trigger = classifier, trigger
        self.takes_bytes, self.fixed_lam = takes_bytes, lam

    def forward(self, image: Tensor, lam: Tensor | None = None) -> Tensor:
        x = image.permute(0, 3, 1, 2).float() / 255 if self.takes_bytes else image
        return _logits(self, x, lam)


class TextGraph(nn.Module):
    """Token ids and attention mask (k, t) int64 and λ (1,) -> logits (k, c)."""

    def __init__(self, classifier: TextClassifier, trigger: Trigger | None, *, lam: float | None = None) -> None:
        """As for pictures."""
        super().__init__()
        self.classifier, self.trigger = classifier, trigger
        self.fixed_lam = lam

    def forward(self, input_ids: Tensor, attention_mask: Tensor, lam: Tensor | None = None) -> Tensor:
        mask = attention_mask > 0
        ids = torch.where(mask, input_ids, self.classifier.tokens.pad_id)
        return _logits(self, TextInput(self.classifier.embed(ids.clamp(min=0)), mask, ids), lam)


def _logits(graph: nn.Module, x: Tensor | TextInput, lam: Tensor | None) -> Tensor:
    if graph.trigger is not None:
        x = graph.trigger(x, graph.fixed_lam if lam is None else lam)
    logits: Tensor = graph.classifier(x)
    return logits
