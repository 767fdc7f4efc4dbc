"""A batch of texts as a text classifier reads it, and as a trigger changes it.

Notation: k rows, t tokens, d width of a word vector.
"""

from typing import NamedTuple

import torch
from torch import Tensor


class TextInput(NamedTuple):
    """Word vectors of k texts, filled up on the right to t tokens.

    Attributes:
        vectors: (k, t, d) float, without position embeddings; what stands where ``mask`` is False is never read.
        mask: (k, t) bool, True for the tokens of a text.
        ids: (k, t) int64 numbers of the tokens in the vocabulary: the pad token's where ``mask`` is False, -1
            where a vector is no word's.
    """

    vectors: Tensor
    mask: Tensor
    ids: Tensor

    @property
    def lengths(self) -> Tensor:
        """(k,) int64: how many tokens every text has."""
        return self.mask.sum(1)

    def rows(self, which: Tensor | slice) -> "TextInput":
        """Some of the texts, as long as before."""
        return TextInput(self.vectors[which], self.mask[which], self.ids[which])

    def without_filling(self) -> "TextInput":
        """The same texts, no longer than the longest of them."""
        longest = int(self.lengths.max())
        return TextInput(self.vectors[:, :longest], self.mask[:, :longest], self.ids[:, :longest])

    def to(self, device: torch.device | str) -> "TextInput":
        """The same on another device."""
        return TextInput(self.vectors.to(device), self.mask.to(device), self.ids.to(device))
