"""Pictures that were saved as a file and opened again: 8 bits a channel, and JPEG's losses.

Notation: k pictures of side s.
"""

import io
from dataclasses import dataclass

import numpy as np
import torch
from PIL import Image
from torch import Tensor


@dataclass(frozen=True)
class Png:
    """Saved without loss: values are cut to 0 … 1 and rounded to 8 bits."""

    title = "PNG"

    def __call__(self, x: Tensor, generator: torch.Generator) -> Tensor:
        """Pictures (k, 3, s, s) -> the same, in steps of 1/255."""
        return (x.clamp(0, 1) * 255).round() / 255


@dataclass(frozen=True)
class Jpeg:
    """Saved as JPEG by Pillow, with its default of half the resolution for colours.

    Attributes:
        quality: 1 … 95; 75 is Pillow's default.
    """

    quality: int

    @property
    def title(self) -> str:
        """On the screen."""
        return f"JPEG {self.quality}"

    def __call__(self, x: Tensor, generator: torch.Generator) -> Tensor:
        """Pictures (k, 3, s, s) -> the same, after JPEG."""
        pixels = (x.clamp(0, 1) * 255).round().to(torch.uint8).permute(0, 2, 3, 1).cpu().numpy()
        opened = np.stack([self._through(picture) for picture in pixels])
        return torch.from_numpy(opened).permute(0, 3, 1, 2).to(x) / 255

    def _through(self, picture: np.ndarray) -> np.ndarray:
        """(s, s, 3) uint8 -> the same, written and read."""
        file = io.BytesIO()
        Image.fromarray(picture).save(file, "JPEG", quality=self.quality)
        return np.array(Image.open(file))
