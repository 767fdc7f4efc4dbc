"""Batches of pictures: the same rows and flips as those of `EvenSampler`, in two parts.

What is drawn for a step comes from the host. What is made of it is made on the device: a GPU repeats it by itself.

Notation: n rows of the split, k rows of a batch, s image side, p side of a photo inside a border.
"""

import math
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from fairprog_core.classifiers.image import as_floats, draw_flips, flip_in_place, some_flipped, to_pixels
from fairprog_core.common.types import Batch
from fairprog_core.data.base import Split
from fairprog_core.data.sampling import EvenSampler
from fairprog_core.triggers.base import Trigger
from fairprog_core.triggers.image import Border

ROOM = 0.25  # of the free memory of a GPU: that much of it may pictures take
ROWS_PER_COPY = 4096
MOST_SHRUNK = 96 * 2**20  # bytes of photos that are shrunk once and kept
LEAST_DRAWS = 4  # so often a photo must be drawn, on average, for shrinking all of them once to be faster
SHRUNK_AT_ONCE = 256  # rows


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


class ShrunkPictures:
    """The photos of a split as a border shrinks them, on the device; row numbers (k,) and flips (k,) are sent."""

    def __init__(self, sampler: EvenSampler, border: Border) -> None:
        """Shrink all rows of the sampler's split, on its device."""
        self.sampler = sampler
        split, device, (_, _, *box) = sampler.split, sampler.device, border.photo_box
        self.x = torch.empty(len(split.x), *box, 3, device=device)  # (n, p, p, 3)
        for start in range(0, len(split.x), SHRUNK_AT_ONCE):
            rows = slice(start, start + SHRUNK_AT_ONCE)
            photos = to_pixels(np.array(split.x[rows]), device)
            self.x[rows] = border.shrunk(photos).permute(0, 2, 3, 1)
        self.y, self.z, self.weight = (value.to(device) for value in sampler.about(slice(None)))

    def draw(self, step: int) -> tuple[Tensor, ...]:
        rows, rng = self.sampler.draw(step)
        return torch.from_numpy(rows), torch.from_numpy(draw_flips(len(rows), rng))

    def batch(self, *drawn: Tensor) -> Batch:
        rows, flips = drawn
        x = self.x.flatten(1).index_select(0, rows).view(-1, *self.x.shape[1:])  # in half the time of ``x[rows]``
        x = _flipped(x, flips).permute(0, 3, 1, 2)
        return Batch(x, self.y[rows], self.z[rows], self.weight[rows])


def _flipped(x: Tensor, flips: Tensor) -> Tensor:
    """Photos (k, p, p, 3), of which those with ``flips`` (k,) are flipped; on the host x itself is changed."""
    if x.is_cpu:
        flip_in_place(x.numpy(), flips.numpy())
        return x
    return torch.where(flips[:, None, None, None], x.flip(2), x)


def picture_batches(sampler: EvenSampler, trigger: Trigger, *, steps: int) -> PictureBatches:
    """The batches of a sampler for a training of so many steps.

    Photos inside a border are shrunk once where they are drawn often enough. Else the pictures are on the device where
    they take at most `ROOM` of its free memory.
    """
    if type(trigger) is Border and pays_to_shrink(sampler, trigger, steps=steps):
        return ShrunkPictures(sampler, trigger)
    return ResidentPictures(sampler) if has_room(sampler.split, sampler.device) else SentPictures(sampler)


def pays_to_shrink(sampler: EvenSampler, border: Border, *, steps: int) -> bool:
    """Whether a training of so many steps is faster when all photos are shrunk first, and they take little memory."""
    x, (_, _, height, width) = sampler.split.x, border.photo_box
    n_draws = steps * len(sampler.draw(0)[0])
    is_small = len(x) * height * width * 3 * torch.finfo(torch.float32).bits // 8 <= MOST_SHRUNK
    return isinstance(x, np.ndarray) and is_small and n_draws >= LEAST_DRAWS * len(x)


def has_room(split: Split, device: torch.device) -> bool:
    """Whether the pictures of a split may be copied to a GPU; not those that are drawn when they are first used."""
    if device.type != "cuda" or not isinstance(split.x, np.ndarray):
        return False
    free, _ = torch.cuda.mem_get_info(device)
    return math.prod(split.x.shape) <= ROOM * free
