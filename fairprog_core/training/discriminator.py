"""The discriminator: predicts Z from the classifier's logits, with one network for every λ.

Source: d in the paper's equation 3; it sees the logits alone for demographic parity, the logits
and Y for equalized odds. Ours: λ as an input, logits standardised within each λ (with raw logits and
large steps the two players cycle), a replay of recent batches.

Notation: l λ-values in a batch, k rows per λ, c classes, g groups, d inputs per row.
"""

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from fairprog_core.common.types import Groups


class Discriminator(nn.Module):
    """A small MLP from logits (and Y, and λ) to groups.

    Attributes:
        n_inputs: d.
        n_patterns: number of pattern codes.
    """

    def __init__(self, *, n_classes: int, groups: Groups, conditions_on_label: bool, hidden: int = 64) -> None:
        super().__init__()
        self.n_classes = n_classes
        self.conditions_on_label = conditions_on_label
        self.is_exclusive = groups.is_exclusive or groups.unknown is not None
        self.patterns: Tensor
        self.register_buffer("patterns", torch.from_numpy(groups.patterns.astype("float32")), persistent=False)
        self.is_known: Tensor | None  # (p,) 0 for the pattern of rows whose group is not known; None: all are
        known = None if groups.unknown is None else torch.from_numpy(groups.is_known.astype("float32"))
        self.register_buffer("is_known", known, persistent=False)
        n_evidence = 2 * n_classes
        n_inputs = (n_evidence + 1) * n_classes + n_evidence if conditions_on_label else n_evidence
        self.n_inputs, self.n_patterns = n_inputs + 1, len(groups.patterns)
        self.net = nn.Sequential(
            nn.Linear(self.n_inputs, hidden),
            nn.ReLU(),
            nn.Linear(hidden, hidden),
            nn.ReLU(),
            nn.Linear(hidden, len(groups.names)),
        )

    def evidence(self, logits: Tensor, y: Tensor, lam: Tensor) -> Tensor:
        """logits (l, k, c), y (l, k), lam (l,) -> input of the network (l, k, d); uses no learned weights."""
        centred = logits - logits.mean(-1, keepdim=True)  # only differences of logits matter
        spread = centred.detach().std((1, 2), keepdim=True) + 1e-3
        evidence = torch.cat([centred / spread, logits.softmax(-1)], -1)  # (l, k, 2c)
        if self.conditions_on_label:
            given = (y[..., None] == torch.arange(self.n_classes, device=y.device)).to(logits.dtype)
            gated = (evidence[..., :, None] * given[..., None, :]).flatten(-2)
            evidence = torch.cat([evidence, given, gated], -1)
        level = torch.log1p(lam).to(logits)[:, None, None].expand(-1, logits.shape[1], 1)
        return torch.cat([evidence, level], -1)

    def forward(self, evidence: Tensor) -> Tensor:
        """(l, k, d) -> group logits (l, k, g)."""
        groups: Tensor = self.net(evidence)
        return groups

    def loss(self, evidence: Tensor, z: Tensor, weight: Tensor) -> tuple[Tensor, Tensor]:
        """Cross-entropy of Z and accuracy of the predicted groups.

        Args:
            evidence: (l, k, d).
            z: (l, k) pattern codes.
            weight: (l, k) of the rows, with mean 1.

        Returns:
            Loss per λ (l,), in nats; accuracy per λ (l,). Both are over the rows whose group is known.
        """
        logits = self(evidence)
        if self.is_known is not None:
            weight = weight * self.is_known[z]
            weight = weight / weight.mean(1, keepdim=True).clamp_min(1e-6)
            z = self.patterns[z].argmax(-1)
        if self.is_exclusive:
            loss = F.cross_entropy(logits.flatten(0, 1), z.flatten(), reduction="none").view_as(weight)
            is_correct = (logits.argmax(-1) == z).float()
        else:
            member = self.patterns[z]
            loss = F.binary_cross_entropy_with_logits(logits, member, reduction="none").mean(-1)
            is_correct = ((logits > 0) == (member > 0)).float().mean(-1)
        return (loss * weight).mean(1), (is_correct * weight).mean(1)


def chance(groups: Groups, cell_share: NDArray[np.float64], *, conditions_on_label: bool) -> float:
    """Accuracy of a discriminator without input, in the mix of rows that it is trained on.

    Args:
        groups: the g groups over the p patterns; overlapping groups are predicted one by one, each as a yes or no.
        cell_share: (p, c) of the natural mix.
        conditions_on_label: True: every pattern is equally frequent in the batches.
    """
    share = np.full(len(cell_share), 1 / len(cell_share)) if conditions_on_label else cell_share.sum(1)
    if groups.unknown is not None:
        share = np.where(groups.is_known, share, 0)
        return float(share.max() / share.sum())
    if groups.is_exclusive:
        return float(share.max())
    member = share @ groups.patterns  # (g,)
    return float(np.maximum(member, 1 - member).mean())
