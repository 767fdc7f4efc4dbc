"""A black box of pictures.

Notation: k rows, s image side.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from fairprog_core.classifiers.black_box.box import AnsweringClassifier
from fairprog_core.classifiers.black_box.source import SentRows
from fairprog_core.classifiers.image import to_pixels


class PictureBox(AnsweringClassifier):
    """Pictures (k, 3, s, s) in [0, 1] are sent in steps of 1/255, as a file of a picture has them."""

    image_size: int

    @property
    def input_spec(self) -> dict[str, int]:
        return {"image_size": self.image_size}

    def to_input(self, x: NDArray[Any], *, rng: np.random.Generator | None = None) -> Tensor:
        """Photos (k, s, s, 3) uint8 -> (k, 3, s, s); with ``rng`` half of them are flipped."""
        x = np.array(x)
        if rng is not None:
            flip = rng.random(len(x)) < 0.5
            x[flip] = x[flip, :, ::-1]
        return to_pixels(x, self.device)

    def rows_of(self, x: Tensor) -> SentRows:
        steps = (x.detach().clamp(0, 1) * 255).round().byte()
        rows: NDArray[np.uint8] = np.ascontiguousarray(steps.permute(0, 2, 3, 1).cpu().numpy())
        return rows
