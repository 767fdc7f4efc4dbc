"""Replace the bias of the last layer: a learned shift of the logits, and the majority label.

Notation: c classes.
"""

import torch
from torch import Tensor

from fairprog_core.methods import MajorityOptions, OutputShiftOptions
from fairprog_core.methods.closed_form import LinearHead, LinearHeadMethod, Objective, lbfgs


class OutputShift(LinearHeadMethod[OutputShiftOptions]):
    """Minimise cross-entropy + λ · gap² over one constant per class; each λ starts from the previous solution."""

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
    """(c - 1,) -> (c,): the first class gets no shift."""
    return torch.cat([shift.new_zeros(1), shift])


class Majority(LinearHeadMethod[MajorityOptions]):
    """Constant logits: the logarithms of the labels' shares."""

    @property
    def n_parameters(self) -> int:
        return self.context.classifier.n_classes - 1

    def solve(self, features: Tensor) -> list[LinearHead]:
        share = torch.from_numpy(self.context.split.cell_share.sum(0)).float().clamp_min(1e-6)
        return [LinearHead(torch.zeros_like(self.base.weight), share.log())] * len(self.context.lam.grid)
