"""The scale of λ on which the anchors of a trigger lie.

Notation: k λ-values, a anchors.
"""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor


def spread_anchor_lams(low: float, high: float, anchors: int, *, has_zero: bool = True) -> tuple[float, ...]:
    """λ of the anchors for a range: 0 if ``has_zero``, then log-spaced values from low to high."""
    start, n = ((0.0,), anchors - 1) if has_zero else ((), anchors)
    if n < 2:
        return (*start, high)[-anchors:]
    return (*start, *(float(lam) for lam in np.geomspace(low, high, n)))


class LamScale:
    """Positions of λ on the scale log(1 + λ/unit), and weights of the anchors.

    Attributes:
        anchor_lams: λ of the a anchors, ascending.
        unit: λ of the first anchor above 0; 1 if there is none.
    """

    def __init__(self, anchor_lams: Sequence[float]) -> None:
        self.anchor_lams = tuple(float(lam) for lam in anchor_lams)
        self.unit = next((lam for lam in self.anchor_lams if lam > 0), 1.0)
        self._at = self.position(torch.tensor(self.anchor_lams, dtype=torch.float64))
        self._line = torch.linalg.qr(torch.stack([torch.ones_like(self._at), self._at], 1))[0]  # orthonormal: (a, ≤ 2)

    def position(self, lam: Tensor) -> Tensor:
        """λ (k,) -> position (k,) on the scale; λ outside the anchors is clamped to the nearest one."""
        return torch.log1p(lam.to("cpu", torch.float64).clamp(self.anchor_lams[0], self.anchor_lams[-1]) / self.unit)

    def stratified(self, parts: Tensor) -> Tensor:
        """Shares (k,) of the scale's length, in [0, 1] -> λ (k,).

        Sampling extends half an anchor spacing past both ends and is clamped; otherwise the end anchors, which have
        one neighbour each, would get half the rows.
        """
        n = len(self.anchor_lams)
        inside = ((parts * n - 0.5) / max(n - 1, 1)).clamp(0, 1)
        return torch.expm1(self._at[0] + inside * (self._at[-1] - self._at[0])) * self.unit

    def interpolation_weights(self, lam: Tensor) -> Tensor:
        """λ (k,) -> weights (k, a) of the anchors; each row sums to one."""
        if len(self.anchor_lams) == 1:
            return torch.ones(len(lam), 1)
        x = self.position(lam)
        right = (self._at <= x[:, None]).sum(1).clamp(1, len(self.anchor_lams) - 1)  # a sum exports, a search does not
        share = (x - self._at[right - 1]) / (self._at[right] - self._at[right - 1])
        weights = torch.zeros(len(lam), len(self.anchor_lams), dtype=torch.float64)
        rows = torch.arange(len(lam))
        weights[rows, right - 1] = 1 - share
        weights[rows, right] = share
        return weights.float()

    def on_line(self, values: Tensor) -> Tensor:
        """Values (a, …) of the anchors -> their least-squares projection onto a line over the scale."""
        self._line = self._line.to(values)  # it stays there: a training copies nothing to the device in every step
        nearest: Tensor = torch.tensordot(self._line @ self._line.T, values, dims=1)
        return nearest

    def nearest(self, lam: Tensor) -> Tensor:
        """λ (k,) -> indices (k,) of the nearest anchors on the scale."""
        return (self.position(lam)[:, None] - self._at).abs().argmin(1)
