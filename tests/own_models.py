"""Pictures with a shortcut, and models that take it: what `fp.reprogram` is tried on.

Label: whether the middle is bright or dark, which is not always clear. Group: whether a small mark is red or blue. The
two agree in most pictures, so a model that is trained on them reads the mark where the middle is unclear.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

SIDE = 16
COLOURS = ((0.1, 0.1, 0.9), (0.9, 0.1, 0.1))  # of the mark, by group


class Rows(NamedTuple):
    """Pictures (n, s, s, 3) uint8, labels and groups (n,)."""

    x: NDArray[np.uint8]
    y: NDArray[np.int64]
    z: NDArray[np.int64]


def pictures(n: int, seed: int, *, agreement: float = 0.9) -> Rows:
    """n pictures; the same seed gives the same ones."""
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 2, n)
    z = np.where(rng.random(n) < agreement, y, 1 - y)
    x = rng.normal(0.5, 0.08, (n, SIDE, SIDE, 3))
    shade = 0.1 * (2 * y - 1) + rng.normal(0, 0.067, n)
    x[:, 4:-4, 4:-4] += shade[:, None, None, None]
    for picture, group, (top, left) in zip(x, z, rng.integers(0, SIDE - 3, (n, 2))):
        picture[top : top + 3, left : left + 3] = COLOURS[group]
    return Rows((x.clip(0, 1) * 255).astype(np.uint8), y, z)


class SmallNet(nn.Module):
    """Two convolutions, mean and maximum of their maps, one linear layer; with batch norm and dropout."""

    def __init__(self, n_logits: int = 2) -> None:
        super().__init__()
        self.maps = nn.Sequential(
            nn.Conv2d(3, 16, 5, 2, 2), nn.BatchNorm2d(16), nn.ReLU(), nn.Conv2d(16, 32, 3, 2, 1), nn.ReLU()
        )
        self.drop, self.linear = nn.Dropout(0.1), nn.Linear(64, n_logits)

    def forward(self, x: Tensor) -> Tensor:
        maps = self.maps(x)
        logits: Tensor = self.linear(self.drop(torch.cat([maps.mean((2, 3)), maps.amax((2, 3))], 1)))
        return logits


def as_tensor(x: NDArray[np.uint8]) -> Tensor:
    """(n, s, s, 3) uint8 -> (n, 3, s, s) in [0, 1]."""
    return torch.from_numpy(x).permute(0, 3, 1, 2).float() / 255


def train(
    model: nn.Module, rows: Rows, *, epochs: int, rate: float, logits: Callable[[Any], Tensor] = lambda output: output
) -> nn.Module:
    """A few epochs of Adam on cross-entropy, in place; the model is left in training mode, as a loop would."""
    x, y = as_tensor(rows.x), torch.from_numpy(rows.y)
    optimizer = torch.optim.Adam(model.parameters(), rate)
    model.train()
    for _ in range(epochs):
        for batch in torch.randperm(len(x)).split(64):
            found = logits(model(x[batch]))
            is_binary = found.shape[1] == 1
            loss = (
                F.binary_cross_entropy_with_logits(found[:, 0], y[batch].float())
                if is_binary
                else F.cross_entropy(found, y[batch])
            )
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    return model


def small_net(n_logits: int = 2) -> nn.Module:
    """A `SmallNet` that has learned the shortcut."""
    torch.manual_seed(0)
    return train(SmallNet(n_logits), pictures(1500, 0), epochs=5, rate=0.005)
