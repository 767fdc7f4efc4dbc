"""Compute the last layer of an encoder for the first token only, as the head reads no other.

Keys and values are computed for all tokens; query, output and the feed-forward part, most of the work of a layer,
only once per text instead of once per token. The results are the same up to rounding.

Notation: k rows, t tokens, d width of a layer, a attention heads.
"""

from typing import Any

import torch.nn.functional as F
from torch import Tensor, nn
from transformers import PreTrainedModel

FAMILIES = (
    "bert",
    "roberta",
    "xlm-roberta",
    "camembert",
    "electra",
)  # their heads read the first token, and their layers have the same structure


class FirstTokenLayer(nn.Module):
    """A BERT layer that outputs the first token only; its weights keep their names.

    In training mode it computes all tokens, so that dropout uses the same random numbers as the original layer.
    """

    def __init__(self, layer: Any) -> None:
        super().__init__()
        self.attention, self.intermediate, self.output = layer.attention, layer.intermediate, layer.output

    def forward(self, hidden: Tensor, mask: Tensor | None = None, *_: Any, **__: Any) -> Tensor:
        """Output of the previous layer (k, t, d), mask (k, 1, t, t) -> (k, 1, d), in training mode (k, t, d)."""
        if self.training:
            attended = self.attention(hidden, mask)[0]
        else:
            attended = self.attention.output(self._attend(hidden, mask), hidden[:, :1])
        output: Tensor = self.output(self.intermediate(attended), attended)
        return output

    def _attend(self, hidden: Tensor, mask: Tensor | None) -> Tensor:
        """Attention output of the first token: (k, 1, d)."""
        part = self.attention.self
        query, key, value = (
            linear(rows).unflatten(-1, (part.num_attention_heads, -1)).transpose(1, 2)  # (k, a, 1 or t, d / a)
            for linear, rows in ((part.query, hidden[:, :1]), (part.key, hidden), (part.value, hidden))
        )
        gathered = F.scaled_dot_product_attention(query, key, value, None if mask is None else mask[:, :, :1])
        return gathered.transpose(1, 2).flatten(2)


def read_first_token_alone(model: PreTrainedModel, layers: nn.ModuleList) -> None:
    """Replace a model's last layer by one that computes the first token only, if its family allows."""
    if model.config.model_type in FAMILIES:
        layers[-1] = FirstTokenLayer(layers[-1])
