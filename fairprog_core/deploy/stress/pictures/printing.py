"""Pictures that were printed and photographed again: a model of ours, with fixed values.

Notation: k pictures of side s.
"""

from dataclasses import dataclass

import torch
from torch import Tensor
from torchvision.transforms.functional import gaussian_blur

_REACH = 3  # pixels of the blur's window


@dataclass(frozen=True)
class Printed:
    """Darker tones, a slight blur, and noise. The model and its values are ours; no printer was measured.

    Ink spreads, so tones get darker (a gamma above 1); edges get soft (a Gaussian blur); paper and camera add noise.

    Attributes:
        gamma: exponent of the values 0 … 1.
        blur: standard deviation of the blur in pixels.
        noise: standard deviation of the noise, on values 0 … 1, drawn for every picture, pixel and channel.
    """

    gamma: float = 1.1
    blur: float = 0.5
    noise: float = 0.02

    title = "printed"

    def __call__(self, x: Tensor, generator: torch.Generator) -> Tensor:
        """Pictures (k, 3, s, s) -> the same, printed and photographed."""
        inked = x.clamp(0, 1) ** self.gamma
        soft: Tensor = gaussian_blur(inked, [_REACH, _REACH], [self.blur, self.blur])
        noise = torch.randn(x.shape, generator=generator).to(x)
        return (soft + self.noise * noise).clamp(0, 1)
