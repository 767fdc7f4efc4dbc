"""Batches of pictures for steps that a GPU repeats by itself: the same as those of `EvenSampler`, in two parts.

What is drawn for a step comes from the host; what is made of it is made on the device.

Notation: n rows of the split, k rows of a batch, s image side.
"""

import math
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from fairprog_core.classifiers.image import as_floats, draw_flips, some_flipped
from fairprog_core.common.types import Batch
from fairprog_core.data.base import Split
from fairprog_core.data.sampling import EvenSampler

ROOM = 0.25  # of the free memory of a GPU: that much of it may pictures take
ROWS_PER_COPY = 4096


class PictureBatches(Protocol):
    """The batches of a training."""

    def draw(self, step: int) -> tuple[Tensor, ...]:
        """What is drawn for a step: tensors on the host, of the same shapes in every step."""

    def batch(self, *drawn: Tensor) -> Batch:
        """The batch, from what was drawn, on the device."""


class ResidentPictures:
    """The pictures of a split are on the device; row numbers (k,) and flips (k,) are sent in every step."""

    def __init__(self, sampler: EvenSampler) -> None:
        """Copy all rows of the sampler's split to its device."""
        self.sampler = sampler
        split, device = sampler.split, sampler.device
        self.x = torch.empty(split.x.shape, dtype=torch.uint8, device=device)  # (n, s, s, 3)
        for start in range(0, len(split.x), ROWS_PER_COPY):
            rows = slice(start, start + ROWS_PER_COPY)
            self.x[rows] = torch.from_numpy(np.array(split.x[rows])).to(device)
        self.y, self.z, self.weight = (value.to(device) for value in sampler.about(slice(None)))

    def draw(self, step: int) -> tuple[Tensor, ...]:
        rows, rng = self.sampler.draw(step)
        return torch.from_numpy(rows), torch.from_numpy(draw_flips(len(rows), rng))

    def batch(self, *drawn: Tensor) -> Batch:
        rows, flips = drawn
        x = self.x[rows]
        x = torch.where(flips[:, None, None, None], x.flip(2), x)
        return Batch(as_floats(x), self.y[rows], self.z[rows], self.weight[rows])


class SentPictures:
    """The pictures (k, s, s, 3) of a batch are sent in every step, flipped and in bytes, with what is known of them."""

    def __init__(self, sampler: EvenSampler) -> None:
        self.sampler = sampler

    def draw(self, step: int) -> tuple[Tensor, ...]:
        rows, rng = self.sampler.draw(step)
        return torch.from_numpy(some_flipped(self.sampler.split.x[rows], rng)), *self.sampler.about(rows)

    def batch(self, *drawn: Tensor) -> Batch:
        x, y, z, weight = drawn
        return Batch(as_floats(x), y, z, weight)


def picture_batches(sampler: EvenSampler) -> PictureBatches:
    """The batches of a sampler: with its pictures on the device where they take at most `ROOM` of its free memory."""
    return ResidentPictures(sampler) if has_room(sampler.split, sampler.device) else SentPictures(sampler)


def has_room(split: Split, device: torch.device) -> bool:
    """Whether the pictures of a split may be copied to a GPU; not those that are drawn when they are first used."""
    if not isinstance(split.x, np.ndarray):
        return False
    free, _ = torch.cuda.mem_get_info(device)
    return math.prod(split.x.shape) <= ROOM * free
