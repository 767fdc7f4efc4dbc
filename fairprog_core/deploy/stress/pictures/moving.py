"""Pictures that were cropped or moved, as a border is that does not lie exactly where it should.

Notation: k pictures of side s.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor


@dataclass(frozen=True)
class Cropped:
    """Some pixels are cut from every side, border included, and the rest is resized to the classifier's size.

    Attributes:
        pixels: on every side.
    """

    pixels: int

    @property
    def title(self) -> str:
        """On the screen."""
        return f"cropped by {self.pixels} px"

    def __call__(self, x: Tensor, generator: torch.Generator) -> Tensor:
        """Pictures (k, 3, s, s) -> their inner parts at the same size."""
        n, side = self.pixels, x.shape[-1]
        return F.interpolate(x[..., n : side - n, n : side - n], size=(side, side), mode="bilinear", antialias=True)


@dataclass(frozen=True)
class Shifted:
    """Photo and trigger are moved together, right and down; the edge's pixels are repeated where nothing is left.

    Attributes:
        pixels: in both directions.
    """

    pixels: int

    @property
    def title(self) -> str:
        """On the screen."""
        return f"shifted by {self.pixels} px"

    def __call__(self, x: Tensor, generator: torch.Generator) -> Tensor:
        """Pictures (k, 3, s, s) -> the same, moved."""
        n, side = self.pixels, x.shape[-1]
        return F.pad(x, (n, 0, n, 0), mode="replicate")[..., :side, :side]
