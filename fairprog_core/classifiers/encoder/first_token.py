"""Compute the last layer of an encoder for the first token only, as the head reads no other.

Query, keys, values, output and the feed-forward part are then computed once per text instead of once per token. The
results are the same up to rounding.

Notation: k rows, t tokens, d width of a layer, a attention heads.
"""

from typing import Any

import torch
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
        """Attention output of the first token: (k, 1, d).

        With a single query q the keys need not be computed: q · (W h + b) = (q W) · h + a constant, which does not
        change the softmax. As weights sum to one, the values of the weighted mean of h are the mean of the values.
        """
        part = self.attention.self
        heads = part.num_attention_heads
        query = part.query(hidden[:, 0]).unflatten(-1, (heads, -1)).transpose(0, 1)  # (a, k, d / a)
        keys, values = (linear.weight.unflatten(0, (heads, -1)) for linear in (part.key, part.value))  # (a, d / a, d)
        scores = (query @ keys).transpose(0, 1) @ hidden.mT * query.shape[-1] ** -0.5  # (k, a, t)
        if mask is not None:
            first = mask[:, :, 0]
            scores = scores.masked_fill(~first, -torch.inf) if first.dtype == torch.bool else scores + first
        gathered = scores.softmax(-1) @ hidden  # (k, a, d)
        attended = gathered.transpose(0, 1) @ values.mT  # (a, k, d / a)
        output: Tensor = (attended.transpose(0, 1).flatten(1) + part.value.bias)[:, None]
        return output


def read_first_token_alone(model: PreTrainedModel, layers: nn.ModuleList) -> None:
    """Replace a model's last layer by one that computes the first token only, if its family allows."""
    if model.config.model_type in FAMILIES:
        layers[-1] = FirstTokenLayer(layers[-1])
