"""Compute gradients of an encoder's first layer for the trigger's words only, as the text is given.

The first layer makes query, key and value of every token from that token alone. Those of the text do not depend on the
trigger, so no gradient has to pass through them: a fifth less work in a backward pass. The results are the same up to
rounding.

Notation: k rows, t tokens, m words of a trigger, d width of a layer.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from transformers import PreTrainedModel

from fairprog_core.classifiers.encoder.first_token import FAMILIES


class TriggerLinear(nn.Linear):
    """A linear layer; while `added` is set, the gradient reaches the added tokens only.

    Attributes:
        added: (k, m) the places of the added tokens; None: the gradient reaches all tokens.
    """

    added: Tensor | None = None

    def forward(self, hidden: Tensor) -> Tensor:
        """Output of the layer before (k, t, d) -> (k, t, d)."""
        if self.added is None or self.training or self.weight.requires_grad or not hidden.requires_grad:
            return super().forward(hidden)
        with torch.no_grad():
            whole = super().forward(hidden)
        place = self.added[..., None]
        of_words = hidden.gather(1, place.expand(-1, -1, self.in_features))
        of_words = F.linear(of_words, self.weight, self.bias)
        return whole.scatter(1, place.expand(-1, -1, self.out_features), of_words)


def split_first_layer(model: PreTrainedModel, layers: nn.ModuleList) -> list[TriggerLinear]:
    """Make the linear layers of the first layer's attention `TriggerLinear`, if the model's family allows.

    Returns:
        These layers; their weights keep their names.
    """
    if model.config.model_type not in FAMILIES or len(layers) < 2:
        return []
    first: Any = layers[0]
    attention, found = first.attention.self, list[TriggerLinear]()
    for name in ("query", "key", "value"):
        old = getattr(attention, name)
        new = TriggerLinear(old.in_features, old.out_features, bias=old.bias is not None, device="meta")
        new.weight, new.bias = old.weight, old.bias
        setattr(attention, name, new)
        found.append(new)
    return found


@contextmanager
def added_at(linears: list[TriggerLinear], places: Tensor | None) -> Iterator[None]:
    """Inside, the gradient reaches only the tokens at these places (k, m); None: all."""
    for linear in linears:
        linear.added = places
    try:
        yield
    finally:
        for linear in linears:
            linear.added = None
