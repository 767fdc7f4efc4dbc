"""A trigger on pictures that learns which pixels to set as well as their values.

Every pixel of an area has a score; the pixels with the highest scores, up to the budget, form the mask.
The mask is shared by all λ, the colours are not.

Source: the authors' code has a learned mask, but does not train its scores on a GPU; the straight-through
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
    """The pixels of the picture, or of a frame, with the highest scores.

    Attributes:
        scores: (a,), one per pixel of the area.
    """

    options: LearnedMaskOptions

    def __init__(
        self, options: LearnedMaskOptions, *, anchor_lams: Sequence[float] = (0.0,), seed: int = 0, **input_spec: int
    ) -> None:
        super().__init__(options, anchor_lams=anchor_lams, seed=seed, **input_spec)
        self.scores = nn.Parameter(self._first_scores())
        self._is_training = False

    @property
    def n_parameters(self) -> int:
        """Colours of the pixels in the mask, and all scores."""
        return 3 * self._n_pixels() + len(self.scores)

    def at_step(self, step: int) -> None:
        self._is_training = True

    def mask(self) -> Tensor:
        best = self.scores.topk(self._n_pixels()).indices
        mask = torch.zeros(self.image_size**2, dtype=torch.bool, device=best.device)
        mask.index_fill_(0, self.places.to(best.device)[best], True)
        return mask.view(self.image_size, self.image_size)

    @property
    def is_added(self) -> bool:
        return not self._learns_scores

    @property
    def _learns_scores(self) -> bool:
        return self._is_training and torch.is_grad_enabled()

    def clear(self, photo: Tensor) -> Tensor:
        # while scores are learned `lay` clears: the gradient of a score needs the photo under its pixel
        return photo if self._learns_scores else super().clear(photo)

    def lay(self, ground: Tensor, values: Tensor) -> Tensor:
        inside = self.places.to(ground.device)
        pixels = ground.new_zeros(len(values), 3, self.image_size**2).index_copy(2, inside, self.pixels(values))
        pixels = pixels.view(-1, 1, 3, self.image_size, self.image_size)
        mask = self.mask().to(ground)
        if self._learns_scores:  # straight-through gradient for the scores
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
        """As for every trigger; the scores are the mean over the parts."""
        whole = super().merged(parts)
        with torch.no_grad():
            whole.scores.copy_(torch.stack([part.scores for part in parts]).mean(0))
        return whole

    def area(self) -> Tensor:
        """(s, s) bool: the pixels that may be chosen."""
        area = torch.ones(self.image_size, self.image_size, dtype=torch.bool)
        if self.options.area == "frame":
            width = min(max(1, round(self.options.width * self.image_size)), (self.image_size - 1) // 2)
            area[width:-width, width:-width] = False
        return area

    def _n_pixels(self) -> int:
        """Number of pixels in the mask: the budget, at most the whole area."""
        return min(max(1, round(self.options.share * self.image_size**2)), len(self.scores))

    def _first_scores(self) -> Tensor:
        """Initial scores (a,); small, so that the choice of pixels can still change."""
        generator = torch.Generator().manual_seed(self.seed + 1)  # other random numbers than the initial colours
        return 0.1 * torch.randn(self.shape()[1], generator=generator)
