"""A trigger on pictures that learns which pixels it sets, not only their values.

Every pixel of an area has a score; the highest scores, as many as the budget allows, make the mask.
The mask is the same for every λ, the colours are not.

Source: the authors' code has a learned mask, whose scores are not trained on a GPU; the straight-through
gradient is that of Bengio, Léonard, Courville 2013 (arXiv 1308.3432).

Notation: a pixels of the area, s image side.
"""

from collections.abc import Sequence
from typing import Self

import torch
from torch import Tensor, nn

from fairprog_core.triggers import LearnedMaskOptions
from fairprog_core.triggers.image import ImageTrigger


class LearnedMask(ImageTrigger):
    """The best pixels of the picture, or of a frame, within a budget.

    Attributes:
        scores: (a,) of the area's pixels.
    """

    options: LearnedMaskOptions

    def __init__(
        self, options: LearnedMaskOptions, *, anchor_lams: Sequence[float] = (0.0,), seed: int = 0, **input_spec: int
    ) -> None:
        super().__init__(options, anchor_lams=anchor_lams, seed=seed, **input_spec)
        self.scores = nn.Parameter(self._first_scores())
        self._is_learning = False

    @property
    def n_parameters(self) -> int:
        """The colours of the pixels of the mask, and the scores that chose them."""
        return 3 * self._n_pixels() + len(self.scores)

    def at_step(self, step: int) -> None:
        self._is_learning = True

    def shape(self) -> tuple[int, ...]:
        return 3, int(self._area().sum())

    def mask(self) -> Tensor:
        best = self.scores.topk(self._n_pixels()).indices
        area = self._area().to(best.device)
        mask = torch.zeros_like(area).flatten()
        mask[area.flatten().nonzero()[best, 0]] = True
        return mask.view_as(area)

    def clear(self, photo: Tensor) -> Tensor:
        return photo  # `lay` does: a score learns from what its pixel hides

    def lay(self, ground: Tensor, values: Tensor) -> Tensor:
        inside = self._area().to(ground.device).flatten().nonzero()[:, 0]
        pixels = ground.new_zeros(len(values), 3, self.image_size**2).index_copy(2, inside, self.pixels(values))
        pixels = pixels.view(-1, 1, 3, self.image_size, self.image_size)
        mask = self.mask().to(ground)
        if self._is_learning and torch.is_grad_enabled():  # a score learns what its pixel would change
            soft = ground.new_zeros(mask.numel()).index_copy(0, inside, self.scores.sigmoid()).view_as(mask)
            mask = mask + soft - soft.detach()
        return ground * (1 - mask) + pixels * mask

    def untrained(self) -> Self:
        fresh = super().untrained()
        with torch.no_grad():
            fresh.scores.copy_(self._first_scores())
        return fresh

    @classmethod
    def merged(cls, parts: Sequence[Self]) -> Self:
        """As every trigger; the pixels are those with the highest scores on average over the parts."""
        whole = super().merged(parts)
        with torch.no_grad():
            whole.scores.copy_(torch.stack([part.scores for part in parts]).mean(0))
        return whole

    def _area(self) -> Tensor:
        """(s, s) bool: the pixels that may be chosen."""
        area = torch.ones(self.image_size, self.image_size, dtype=torch.bool)
        if self.options.area == "frame":
            width = min(max(1, round(self.options.width * self.image_size)), (self.image_size - 1) // 2)
            area[width:-width, width:-width] = False
        return area

    def _n_pixels(self) -> int:
        """The budget in pixels, at most the area."""
        return min(max(1, round(self.options.share * self.image_size**2)), len(self.scores))

    def _first_scores(self) -> Tensor:
        """Small, so that any pixel can still win: (a,)."""
        generator = torch.Generator().manual_seed(self.seed + 1)  # not the numbers of the first colours
        return 0.1 * torch.randn(self.shape()[1], generator=generator)
