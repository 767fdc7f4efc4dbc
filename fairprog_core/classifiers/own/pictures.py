"""A user's own model of pictures as a classifier.

Notation: k rows, c classes, s image side.
"""

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from fairprog_core.classifiers.image import to_pixels
from fairprog_core.classifiers.own.classifier import OwnClassifier

Preprocess: TypeAlias = Callable[[Tensor], Any]


class OwnPictureClassifier(OwnClassifier):
    """A user's own model of pictures: (k, 3, s, s) in [0, 1] → ``preprocess`` → the model → logits (k, c).

    Attributes:
        image_size: s.
        preprocess: applied to the picture with its trigger, inside the gradient; None: nothing.
        flips: whether half of the pictures of a training batch are mirrored.
    """

    def __init__(
        self, model: nn.Module, *, n_classes: int, image_size: int, preprocess: Preprocess | None, flips: bool = False
    ) -> None:
        super().__init__(model, n_classes=n_classes)
        self.image_size, self.preprocess, self.flips = image_size, preprocess, flips

    @property
    def input_spec(self) -> dict[str, int]:
        return {"image_size": self.image_size}

    def to_input(self, x: NDArray[Any], *, rng: np.random.Generator | None = None) -> Tensor:
        """Photos (k, s, s, 3), uint8 or float32 in [0, 1] -> (k, 3, s, s)."""
        if self.flips or not x.flags.writeable:
            x = np.array(x)  # torch warns about read-only memory
        if self.flips and rng is not None:
            flip = rng.random(len(x)) < 0.5
            x[flip] = x[flip, :, ::-1]
        if x.dtype == np.uint8:
            return to_pixels(x, self.device)
        return torch.from_numpy(np.ascontiguousarray(x)).to(self.device).permute(0, 3, 1, 2)

    def batch(self, x: Tensor) -> Tensor:
        """Pictures (k, 3, s, s), uint8 or floats in [0, 1] -> floats."""
        return x.float().div(255) if x.dtype == torch.uint8 else x

    def call_model(self, x: Tensor) -> Any:
        return call_on_pictures(self.model, x, self.preprocess)


def call_on_pictures(model: nn.Module, x: Tensor, preprocess: Preprocess | None) -> Any:
    """What a model returns for pictures (k, 3, s, s) in [0, 1]: contiguous, in the type of its weights."""
    x = x.contiguous()  # triggers lay pictures out channels last, which a model that flattens its input refuses
    x = x if preprocess is None else preprocess(x)
    weight = next((value for value in model.parameters() if value.is_floating_point()), None)
    return model(x if weight is None or not isinstance(x, Tensor) else x.to(weight.dtype))
