"""The changes that inputs go through: literal dicts from a stable key to a change.

To add one: a file with a frozen dataclass that has a ``title`` and can be called, and one line here.

Notation: k pictures of side s.
"""

from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from fairprog_core.deploy.stress.pictures.compression import Jpeg, Png
from fairprog_core.deploy.stress.pictures.moving import Cropped, Shifted
from fairprog_core.deploy.stress.pictures.printing import Printed
from fairprog_core.deploy.stress.pictures.resizing import Resized
from fairprog_core.deploy.stress.texts.casing import LowerCase, UpperCase
from fairprog_core.deploy.stress.texts.cutting import Truncated
from fairprog_core.deploy.stress.texts.typos import Typos


class PictureChange(Protocol):
    """A change of pictures that carry a trigger already."""

    @property
    def title(self) -> str:
        """On the screen."""

    def __call__(self, x: Tensor, generator: torch.Generator) -> Tensor:
        """Pictures (k, 3, s, s), as the classifier would get them, -> changed ones of the same shape."""


class TextChange(Protocol):
    """A change of a text, before the words of a trigger are put in."""

    @property
    def title(self) -> str:
        """On the screen."""

    def __call__(self, text: str, random: np.random.Generator) -> str:
        """A text -> a changed one."""


PICTURE_CHANGES: dict[str, PictureChange] = {
    "png": Png(),
    "jpeg_95": Jpeg(quality=95),
    "jpeg_75": Jpeg(quality=75),
    "jpeg_50": Jpeg(quality=50),
    "half": Resized(factor=0.5),
    "double": Resized(factor=2.0),
    "crop_1": Cropped(pixels=1),
    "crop_2": Cropped(pixels=2),
    "crop_3": Cropped(pixels=3),
    "shift_1": Shifted(pixels=1),
    "shift_2": Shifted(pixels=2),
    "shift_3": Shifted(pixels=3),
    "printed": Printed(),
}
TEXT_CHANGES: dict[str, TextChange] = {
    "lower_case": LowerCase(),
    "upper_case": UpperCase(),
    "typos": Typos(),
    "truncated": Truncated(),
}
