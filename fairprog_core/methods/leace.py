"""Erase the group from the features, so that no linear model can read it; the last layer stays.

Source: LEACE (Belrose et al. 2023, package ``concept-erasure``). For demographic parity the group is erased from all
rows. Equalized odds allows what the label brings along: then features and groups are centred within every label,
and within each of them the group is erased. λ is a strength: the share of the change that is made.

Notation: n rows, d features, c classes, g groups.
"""

import warnings
from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor

from fairprog_core.methods.base import FitContext
from fairprog_core.methods.closed_form import LinearHead, LinearHeadMethod

with warnings.catch_warnings():
    warnings.simplefilter("ignore", FutureWarning)  # on import the package scripts a helper of another method
    from concept_erasure import LeaceEraser, LeaceFitter


class Leace(LinearHeadMethod):
    """The last layer behind an eraser."""

    @property
    def n_parameters(self) -> int:
        d, labels = self.base.weight.shape[1], self.base.weight.shape[0]
        rank = len(self.context.groups.names) * (labels if self.context.criterion.conditions_on_label else 1)
        return 2 * d * min(rank, d) + d

    def solve(self, features: Tensor) -> list[LinearHead]:
        eraser, (weight, bias) = fit_eraser(features.double(), self.context), self.base
        taken = weight.double() @ eraser.proj_left @ eraser.proj_right  # of the centred features (c, d)
        shift = taken @ cast(Tensor, eraser.bias)  # their mean
        return [
            LinearHead((weight - lam * taken).float(), (bias + lam * shift).float()) for lam in self.context.lam.grid
        ]


def fit_eraser(features: Tensor, context: FitContext) -> LeaceEraser:
    """An eraser of the groups, in the natural mix.

    Args:
        features: (n, d), in double precision.
        context: whose rows they are; its criterion says whether the label is given.
    """
    rows = context.split.natural_rows()
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
    """Values (n, k) less their mean within each label (n, c)."""
    means = label.T @ values / label.sum(0).clamp_min(1)[:, None]  # (c, k)
    return values - label @ means
