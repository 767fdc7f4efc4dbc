"""Square pictures as people keep them, and the model that reads them.

Notation: n rows, s image side.
"""

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from torch import nn

from fairprog_core.api.codes import to_numpy
from fairprog_core.classifiers.own.pictures import OwnPictureClassifier, Preprocess
from fairprog_core.common.errors import DataError, shorten
from fairprog_core.common.options import Modality

_TOLERANCE = 1e-4  # of floats in 0 … 1: resizing overshoots a little
_SIDES = (8, 4096)  # of pictures that a trigger fits, px
_FORMS = "give pictures as uint8 or as floats in 0 … 1, of the shape (n, s, s, 3) or (n, 3, s, s)"


class PictureInputs:
    """Square pictures.

    Attributes:
        preprocess: put in front of the model, inside the gradient; None: nothing.
        flip: whether half of the pictures of a training batch are mirrored.
    """

    modality: ClassVar[Modality] = "image"

    def __init__(self, preprocess: Preprocess | None = None, *, flip: bool = False) -> None:
        self.preprocess, self.flip = preprocess, flip

    def rows(self, x: Any, what: str) -> NDArray[Any]:
        """Pictures (n, s, s, 3) or (n, 3, s, s) -> (n, s, s, 3), uint8 or float32 in 0 … 1."""
        pictures = _as_array(x, what)
        if pictures.ndim != 4 or 3 not in (pictures.shape[-1], pictures.shape[1]):
            raise DataError(
                f"{what} has the shape {pictures.shape}; {_FORMS} (repeat the channel of grey pictures three times)."
            )
        if not len(pictures):
            raise DataError(f"{what} has no rows; give at least one row of every label and group.")
        if pictures.shape[-1] != 3:
            pictures = np.moveaxis(pictures, 1, -1)
        height, width = pictures.shape[1:3]
        if height != width:
            raise DataError(
                f"{what} has pictures of {height} × {width} pixels (height × width); triggers need square ones: crop "
                "or scale them."
            )
        if not _SIDES[0] <= height <= _SIDES[1]:
            raise DataError(f"{what} has pictures of {height} × {width} pixels; allowed are {_SIDES[0]} … {_SIDES[1]}.")
        return pictures if pictures.dtype == np.uint8 else _checked_floats(pictures, what)

    def spec(self, x: NDArray[Any]) -> dict[str, int]:
        """The side s of the pictures."""
        return {"image_size": x.shape[1]}

    def wrap(self, model: nn.Module, **spec: int) -> OwnPictureClassifier:
        """The model as a classifier of pictures."""
        size = spec["image_size"]
        return OwnPictureClassifier(model, n_classes=0, image_size=size, preprocess=self.preprocess, flips=self.flip)

    def to_json(self) -> dict[str, Any]:
        """Whether there is a ``preprocess``, which is code and cannot be saved."""
        return {"modality": self.modality, "has_preprocess": self.preprocess is not None}


def _as_array(x: Any, what: str) -> NDArray[Any]:
    if hasattr(x, "detach") and hasattr(x, "is_floating_point") and x.is_floating_point():
        x = x.float()  # numpy has no bfloat16
    try:
        array = np.asarray(to_numpy(x))
    except (TypeError, ValueError, RuntimeError) as error:
        raise DataError(f"{what} is no array of pictures ({shorten(error)}); {_FORMS}.") from error
    if array.dtype != np.uint8 and not np.issubdtype(array.dtype, np.floating):
        hint = " (texts need tokenizer=)" if array.dtype.kind in "UO" else ""
        raise DataError(f"{what} holds values of the type {array.dtype}; {_FORMS}{hint}.")
    return array


def _checked_floats(pictures: NDArray[Any], what: str) -> NDArray[np.float32]:
    low, high = float(pictures.min()), float(pictures.max())
    if not np.isfinite(low + high):
        raise DataError(f"{what} holds NaN or infinite values; leave these rows out.")
    if low < -_TOLERANCE or high > 1 + _TOLERANCE:
        hint = "divide by 255" if low >= 0 and 1.5 < high <= 255 else "give the normalisation as preprocess="
        raise DataError(
            f"{what} holds floats from {low:.3g} to {high:.3g}, allowed are 0 … 1; {hint} (preprocess= is put between "
            "picture and model, inside the gradient)."
        )
    return pictures.astype(np.float32, copy=False)
