"""The last layer of an encoder for its first token alone: the head reads no other.

Keys and values are still those of all tokens; query, output and the feed-forward part, most of the work of a layer,
are computed once per text instead of once per token. The numbers are the same but for rounding.

Notation: k rows, t tokens, d width of a layer, a attention heads.
"""

from typing import Any

import torch.nn.functional as F
from torch import Tensor, nn
from transformers import PreTrainedModel

FAMILIES = ("bert", "roberta", "electra")  # the head of each reads the first token; their layers are built alike


class FirstTokenLayer(nn.Module):
    """A layer of BERT's build that gives the first token alone, under the names of the weights that it had.

    While it is trained it computes all tokens, so that dropout draws what it always drew.
    """

    def __init__(self, layer: Any) -> None:
        super().__init__()
        self.attention, self.intermediate, self.output = layer.attention, layer.intermediate, layer.output

    def forward(self, hidden: Tensor, mask: Tensor | None = None, *_: Any, **__: Any) -> Tensor:
        """What the layer before gave (k, t, d), and the mask (k, 1, t, t) -> (k, 1, d), in training (k, t, d)."""
        if self.training:
            attended = self.attention(hidden, mask)[0]
        else:
            attended = self.attention.output(self._attend(hidden, mask), hidden[:, :1])
        found: Tensor = self.output(self.intermediate(attended), attended)
        return found

    def _attend(self, hidden: Tensor, mask: Tensor | None) -> Tensor:
        """What the first token gathers from all: (k, 1, d)."""
        part = self.attention.self
        query, key, value = (
            linear(rows).unflatten(-1, (part.num_attention_heads, -1)).transpose(1, 2)  # (k, a, 1 or t, d / a)
            for linear, rows in ((part.query, hidden[:, :1]), (part.key, hidden), (part.value, hidden))
        )
        gathered = F.scaled_dot_product_attention(query, key, value, None if mask is None else mask[:, :, :1])
        return gathered.transpose(1, 2).flatten(2)


def read_first_token_alone(model: PreTrainedModel, layers: nn.ModuleList) -> None:
    """Have the last of a model's layers compute the first token alone, where its family allows."""
    if model.config.model_type in FAMILIES:
        layers[-1] = FirstTokenLayer(layers[-1])
