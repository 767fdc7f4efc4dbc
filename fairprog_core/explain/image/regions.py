"""Regions of a photo: the share of saliency on them, and the effect of erasing them.

Notation: k photos, c classes, s image side, a×b saliency map.
"""

from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from fairprog_core.classifiers.predict import margin
from fairprog_core.data.base import Dataset
from fairprog_core.explain.base import logits_of
from fairprog_core.explain.image.grad_cam import upsample


class Regions(NamedTuple):
    """Two regions of some photos; empty where the data has none.

    Attributes:
        names: two names, or none.
        masks: one (k, s, s) bool per region.
    """

    names: list[str]
    masks: list[Tensor]


def find_regions(dataset: Dataset, row: NDArray[np.int64], *, device: torch.device) -> Regions:
    """The data's first two regions in some rows (k,) of the test split."""
    regions = dict(list(dataset.regions_of("test", row).items())[:2])
    if len(regions) < 2:
        return Regions([], [])
    return Regions(list(regions), [torch.from_numpy(mask).to(device) for mask in regions.values()])


def share(maps: Tensor, first: Tensor, second: Tensor) -> NDArray[np.float64]:
    """Saliency on the first region over saliency on both.

    Args:
        maps: (k, a, b), not normalised (normalising subtracts the smallest value and so changes the
            share); of signed maps the absolute values count. Upsampled bilinearly to the size of the masks.
        first: (k, s, s) in 0 … 1, the first region in the picture.
        second: the same for the second.

    Returns:
        (k,) in 0 … 1; NaN where neither region has any saliency.
    """
    maps = maps.abs()
    if maps.shape[1:] != first.shape[1:]:
        maps = upsample(maps, (first.shape[1], first.shape[2]))
    on_first, on_second = (maps * first).sum((1, 2)).double(), (maps * second).sum((1, 2)).double()
    return (on_first / (on_first + on_second)).cpu().numpy()  # 0 / 0 is NaN


def erase(x: Tensor, mask: Tensor) -> Tensor:
    """Photos x (k, 3, s, s) with the region (k, s, s) bool set to the photo's own mean colour."""
    return torch.where(mask[:, None], x.mean((2, 3), keepdim=True), x)


def erasure(model: nn.Module, erased: Tensor, logits: NDArray[np.float32]) -> NDArray[np.float64]:
    """|Δ logit margin| (k,) of the class predicted on the whole photo, when a region is blanked.

    Args:
        model: photos to logits.
        erased: (k, 3, s, s), from `erase`.
        logits: (k, c) of the whole photos, by the same model.
    """
    predicted = logits.argmax(1)
    after = logits_of(model, erased).numpy()
    change: NDArray[np.float64] = np.abs(margin(after, predicted) - margin(logits, predicted))
    return change
