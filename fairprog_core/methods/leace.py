"""Erase the group from the features, so that no linear model can predict it; the last layer is kept.

Source: LEACE (Belrose et al. 2023, package ``concept-erasure``). For demographic parity the group is erased from all
rows. Equalized odds allows a dependence through the label: features and groups are centred within every label,
and the group is erased within each. λ is a strength: the share of the change that is applied.

Notation: n rows, d features, c classes, g groups.
"""

import warnings
from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor

from fairprog_core.methods import LeaceOptions
from fairprog_core.methods.base import FitContext
from fairprog_core.methods.closed_form import LinearHead, LinearHeadMethod

with warnings.catch_warnings():
    warnings.simplefilter("ignore", FutureWarning)  # its import runs torch.jit.script, which warns
    from concept_erasure import LeaceEraser, LeaceFitter


class Leace(LinearHeadMethod[LeaceOptions]):
    """The frozen last layer applied to erased features, as one linear layer."""

    @property
    def n_parameters(self) -> int:
        d, labels = self.base.weight.shape[1], self.base.weight.shape[0]
        rank = len(self.context.groups.names) * (labels if self.context.criterion.conditions_on_label else 1)
        return 2 * d * min(rank, d) + d

    def solve(self, features: Tensor) -> list[LinearHead]:
        eraser, (weight, bias) = fit_eraser(features.double(), self.context), self.base
        erased = weight.double() @ eraser.proj_left @ eraser.proj_right  # (c, d), for centred features
        shift = erased @ cast(Tensor, eraser.bias)  # (c,); eraser.bias is the mean of the features
        return [
            LinearHead((weight - lam * erased).float(), (bias + lam * shift).float()) for lam in self.context.lam.grid
        ]


def fit_eraser(features: Tensor, context: FitContext) -> LeaceEraser:
    """Fit an eraser of the groups to rows in the natural mix whose group is known.

    Args:
        features: (n, d) of the training rows, in double precision.
        context: of the curve; its criterion decides whether to erase within each label.
    """
    rows = context.split.natural_rows()
    rows = rows[context.groups.is_known[context.split.z[rows]]]
    features, y = features[rows], torch.from_numpy(context.split.y[rows])
    member = torch.from_numpy(context.groups.patterns[context.split.z[rows]]).to(features)  # (n, g)
    if not context.criterion.conditions_on_label:
        return LeaceFitter.fit(features, member, shrinkage=False).eraser
    label = F.one_hot(y, context.split.cell_share.shape[1]).to(features)  # (n, c)
    rest = _within(features, label)
    concept = (_within(member, label)[:, :, None] * label[:, None, :]).flatten(1)  # (n, g c)
    eraser = LeaceFitter.fit(rest, concept, shrinkage=False).eraser
    return LeaceEraser(eraser.proj_left, eraser.proj_right, features.mean(0))


def _within(values: Tensor, label: Tensor) -> Tensor:
    """Values (n, k) minus their mean within each label (n, c)."""
    means = label.T @ values / label.sum(0).clamp_min(1)[:, None]  # (c, k)
    return values - label @ means
