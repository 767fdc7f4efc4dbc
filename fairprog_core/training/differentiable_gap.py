"""The gap of a criterion on soft predictions: it has a gradient, and few rows estimate it well.

Soft predictions are softmax(`SHARPNESS` · logits). On 240 rows their gap correlates at .87 with the gap of hard
predictions on other rows; that of plain probabilities at .66, that of hard predictions at .80.

Notation: n rows, c classes, g groups, r rates.
"""

import numpy as np
import torch
from torch import Tensor

from fairprog_core.common.types import Groups
from fairprog_core.data.base import Split
from fairprog_core.training.criteria import CriterionOptions
from fairprog_core.training.penalties import SHARPNESS


class DifferentiableGap:
    """average_abs_odds_difference or demographic_parity_difference of logits on fixed rows."""

    def __init__(self, split: Split, *, groups: Groups, criterion: CriterionOptions) -> None:
        """Compute the weight of every row in every rate.

        Args:
            split: n rows; their weights restore the natural mix.
            groups: the g groups over the patterns of ``split.z``.
            criterion: decides whether the rates are taken within each label.
        """
        n_classes = split.cell_share.shape[1]
        kinds = [1] if n_classes == 2 else list(range(n_classes))  # the classes taken as positive, one after another
        member = groups.patterns[split.z].T * split.weight  # (g, n)
        if criterion.conditions_on_label:  # true positives and false positives
            rows = np.stack([member * (is_it == (split.y == kind)) for kind in kinds for is_it in (True, False)])
            kinds = [kind for kind in kinds for _ in range(2)]
        else:
            rows = np.stack([member for _ in kinds])
        total = rows.sum(-1, keepdims=True)  # (r, g, 1)
        self.kinds = torch.tensor(kinds)
        self.share = torch.from_numpy(rows / np.maximum(total, 1e-12)).float()  # (r, g, n)
        self.is_known = torch.from_numpy(total[..., 0] > 0)

    def __call__(self, logits: Tensor) -> Tensor:
        """Logits (n, c) -> the gap, in 0..1; groups without rows in a rate are left out of it."""
        predicted = (SHARPNESS * logits).softmax(-1)[:, self.kinds]  # (n, r)
        rates = torch.einsum("rgn,nr->rg", self.share, predicted)
        highest = rates.masked_fill(~self.is_known, -torch.inf).max(1).values
        lowest = rates.masked_fill(~self.is_known, torch.inf).min(1).values
        return (highest - lowest).clamp_min(0).mean()
