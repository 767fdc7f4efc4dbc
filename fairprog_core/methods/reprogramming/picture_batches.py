"""Batches of pictures: the same rows and flips as those of `EvenSampler`, in two parts.

What is drawn for a step comes from the host. What is made of it is made on the device: a GPU repeats it by itself.

Notation: n rows of the split, k rows of a batch, s image side, p side of a photo inside a border.
"""

import math
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from fairprog_core.classifiers.image import as_floats, draw_flips, flip_in_place, some_flipped, to_pixels
from fairprog_core.common.types import Batch
from fairprog_core.data.base import Split
from fairprog_core.data.sampling import EvenSampler
from fairprog_core.triggers.base import Trigger
from fairprog_core.triggers.image import Border

ROOM = 0.25  # of the free memory of a GPU: that much of it may pictures take
ROWS_PER_COPY = 4096
MOST_SHRUNK = 96 * 2**20  # bytes of shrunk photos that a training keeps


class PictureBatches(Protocol):
    """The batches of a training."""

    def draw(self, step: int) -> tuple[Tensor, ...]:
        """What is drawn for a step: tensors on the host, of the same shapes in every step."""

    def batch(self, *drawn: Tensor) -> Batch:
        """The batch, from what was drawn, on the device."""


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


class ResidentBatches:
    """What is known of a split is on the device, photos too; row numbers (k,) and flips (k,) are sent in every step."""

    def __init__(self, sampler: EvenSampler) -> None:
        self.sampler = sampler
        self.y, self.z, self.weight = (value.to(sampler.device) for value in sampler.about(slice(None)))

    def draw(self, step: int) -> tuple[Tensor, ...]:
        rows, rng = self.sampler.draw(step)
        return torch.from_numpy(rows), torch.from_numpy(draw_flips(len(rows), rng))

    def batch(self, *drawn: Tensor) -> Batch:
        rows, flips = drawn
        return Batch(self.photos(rows, flips), self.y[rows], self.z[rows], self.weight[rows])

    def photos(self, rows: Tensor, flips: Tensor) -> Tensor:
        """The photos of some rows in [0, 1], those with ``flips`` flipped."""
        raise NotImplementedError


class ResidentPictures(ResidentBatches):
    """Photos (k, 3, s, s), from bytes."""

    def __init__(self, sampler: EvenSampler) -> None:
        """Copy all rows of the sampler's split to its device."""
        super().__init__(sampler)
        x = sampler.split.x
        self.x = torch.empty(x.shape, dtype=torch.uint8, device=sampler.device)  # (n, s, s, 3)
        for start in range(0, len(x), ROWS_PER_COPY):
            rows = slice(start, start + ROWS_PER_COPY)
            self.x[rows] = torch.from_numpy(np.array(x[rows])).to(sampler.device)

    def photos(self, rows: Tensor, flips: Tensor) -> Tensor:
        x = self.x[rows]
        return as_floats(torch.where(flips[:, None, None, None], x.flip(2), x))


class ShrunkPictures(ResidentBatches):
    """Photos (k, 3, p, p) as a border shrinks them: each is shrunk when it is drawn first, and kept.

    One by one, so that the numbers of a photo depend neither on the others of its batch nor on whether the training was
    interrupted.
    """

    def __init__(self, sampler: EvenSampler, border: Border) -> None:
        """Make room for them; from now on the border takes photos of this size."""
        super().__init__(sampler)
        border.takes_shrunk = True
        self.border, n = border, len(sampler.split.x)
        self.x = torch.empty(n, *border.photo_box[2:], 3, device=sampler.device)  # (n, p, p, 3)
        self.is_shrunk = np.zeros(n, dtype=bool)

    def draw(self, step: int) -> tuple[Tensor, ...]:
        rows, flips = super().draw(step)
        drawn = rows.numpy()
        if len(new := np.unique(drawn[~self.is_shrunk[drawn]])):
            self._shrink(new)
        return rows, flips

    def _shrink(self, rows: NDArray[np.int64]) -> None:
        for row, photo in zip(rows, np.array(self.sampler.split.x[rows]), strict=True):
            self.x[row] = self.border.shrunk(to_pixels(photo[None], self.x.device))[0].permute(1, 2, 0)
        self.is_shrunk[rows] = True

    def photos(self, rows: Tensor, flips: Tensor) -> Tensor:
        x = self.x.flatten(1).index_select(0, rows).view(-1, *self.x.shape[1:])  # in half the time of ``x[rows]``
        if x.is_cpu:
            flip_in_place(x.numpy(), flips.numpy())
        else:
            x = torch.where(flips[:, None, None, None], x.flip(2), x)
        return x.permute(0, 3, 1, 2)


def picture_batches(sampler: EvenSampler, trigger: Trigger) -> PictureBatches:
    """The batches of a sampler: of photos that a border has shrunk, else with the pictures on the device.

    Either where they take little memory: at most `MOST_SHRUNK` bytes, or `ROOM` of what is free on a GPU. Which of them
    is chosen does not depend on what is cached, as shrunk photos differ from the others by rounding.
    """
    if type(trigger) is Border and shrunk_bytes(sampler.split, trigger) <= MOST_SHRUNK:
        return ShrunkPictures(sampler, trigger)
    return ResidentPictures(sampler) if has_room(sampler.split, sampler.device) else SentPictures(sampler)


def shrunk_bytes(split: Split, border: Border) -> int:
    """The memory that all photos of a split take when the border has shrunk them."""
    _, _, height, width = border.photo_box
    return len(split.x) * height * width * 3 * torch.float32.itemsize


def has_room(split: Split, device: torch.device) -> bool:
    """Whether the pictures of a split may be copied to a GPU; not those that are drawn when they are first used."""
    if device.type != "cuda" or not isinstance(split.x, np.ndarray):
        return False
    free, _ = torch.cuda.mem_get_info(device)
    return math.prod(split.x.shape) <= ROOM * free
