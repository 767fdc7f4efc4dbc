"""Pictures that were resized and brought back.

Notation: k pictures of side s.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor


@dataclass(frozen=True)
class Resized:
    """Antialiased bilinear resizing, and back to the classifier's size.

    Attributes:
        factor: of the side.
    """

    factor: float

    @property
    def title(self) -> str:
        """On the screen."""
        return f"resized × {self.factor:g} and back"

    def __call__(self, x: Tensor, generator: torch.Generator) -> Tensor:
        """Pictures (k, 3, s, s) -> the same, resized to factor · s and back."""
        side = x.shape[-1]
        other = max(round(self.factor * side), 1)
        away = F.interpolate(x, size=(other, other), mode="bilinear", antialias=True)
        return F.interpolate(away, size=(side, side), mode="bilinear", antialias=True)
