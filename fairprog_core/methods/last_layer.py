"""Refit the last layer: the cheapest change of a classifier, and a strong baseline for a trigger.

Source: last-layer retraining on group-balanced data (Kirichenko et al. 2023); the penalty on the gap is ours.

Notation: n rows, d features, c classes.
"""

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from fairprog_core.methods import LastLayerOptions
from fairprog_core.methods.closed_form import LinearHead, LinearHeadMethod, Objective, lbfgs


class LastLayer(LinearHeadMethod[LastLayerOptions]):
    """Minimise cross-entropy + λ · gap² over the last layer; each λ starts from the previous solution."""

    @property
    def n_parameters(self) -> int:
        return sum(value.numel() for value in self.base)

    def weight(self) -> NDArray[np.float64]:
        """Weights (n,) of the rows in the cross-entropy: natural, or equal for every (group, label) cell."""
        split = self.context.split
        if self.options.rows == "natural":
            return split.weight
        cells = split.cells
        size = np.bincount(cells)
        weight: NDArray[np.float64] = len(cells) / (np.count_nonzero(size) * size[cells])
        return weight

    def solve(self, features: Tensor) -> list[LinearHead]:
        mean, spread = features.mean(0), features.std(0) + 1e-4
        x, start = (features - mean) / spread, self.base
        first = start.weight * spread, start.bias + start.weight @ mean  # the base's layer, for standardised features
        weight, bias = (value.clone() for value in first)
        objective, heads = Objective(self.context, self.weight()), []
        for lam in self.context.lam.grid:
            lbfgs(
                lambda lam=lam: (  # type: ignore[misc]
                    objective(x @ weight.T + bias, lam) + self.options.ridge * (weight - first[0]).square().sum()
                ),
                [weight, bias],
            )
            heads.append(LinearHead(weight / spread, bias - (weight / spread) @ mean))
        return heads
