"""Add a learned constant to the logits: another threshold, the same for everybody."""

import torch
from torch import Tensor

from fairprog_core.methods.closed_form import LinearHead, LinearHeadMethod, Objective, lbfgs


class OutputShift(LinearHeadMethod):
    """Cross-entropy + λ · gap² over one constant per class, each λ begun where the one before ended."""

    @property
    def n_parameters(self) -> int:
        return self.context.classifier.n_classes - 1  # only differences of logits matter

    def solve(self, features: Tensor) -> list[LinearHead]:
        base, objective = self.base, Objective(self.context, self.context.split.weight)
        logits, shift, heads = base(features), torch.zeros(self.n_parameters), []
        for lam in self.context.lam.grid:
            lbfgs(lambda lam=lam: objective(logits + _padded(shift), lam), [shift])  # type: ignore[misc]
            heads.append(LinearHead(base.weight, base.bias + _padded(shift)))
        return heads


def _padded(shift: Tensor) -> Tensor:
    """(c - 1,) -> (c,): nothing is added to the first class."""
    return torch.cat([shift.new_zeros(1), shift])


class Majority(LinearHeadMethod):
    """Logits that are the logarithms of the labels' shares, whatever the input."""

    @property
    def n_parameters(self) -> int:
        return self.context.classifier.n_classes - 1

    def solve(self, features: Tensor) -> list[LinearHead]:
        share = torch.from_numpy(self.context.split.cell_share.sum(0)).float().clamp_min(1e-6)
        return [LinearHead(torch.zeros_like(self.base.weight), share.log())] * len(self.context.lam.grid)
