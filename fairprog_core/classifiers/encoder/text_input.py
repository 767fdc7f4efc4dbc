"""A batch of texts as word vectors: the input of text classifiers and text triggers.

Notation: k rows, t tokens, d width of a word vector.
"""

from typing import NamedTuple

import torch
from torch import Tensor


class TextInput(NamedTuple):
    """Word vectors of k texts, padded on the right to t tokens.

    Attributes:
        vectors: (k, t, d) float, without position embeddings; ignored where ``mask`` is False.
        mask: (k, t) bool, True for the tokens of a text.
        ids: (k, t) int64 token ids: the pad token's where ``mask`` is False, -1 for vectors that belong to no
            word.
        added: (k, m) int64 places of a trigger's vectors, where a gradient is for them alone; None: for all.
    """

    vectors: Tensor
    mask: Tensor
    ids: Tensor
    added: Tensor | None = None

    @property
    def lengths(self) -> Tensor:
        """(k,) int64: number of tokens of every text."""
        return self.mask.sum(1)

    def rows(self, which: Tensor | slice) -> "TextInput":
        """A selection of the texts, with their padding."""
        added = None if self.added is None else self.added[which]
        return TextInput(self.vectors[which], self.mask[which], self.ids[which], added)

    def without_filling(self) -> "TextInput":
        """The same texts, padded to the longest of them only."""
        longest = int(self.lengths.max())
        return TextInput(self.vectors[:, :longest], self.mask[:, :longest], self.ids[:, :longest], self.added)

    def to(self, device: torch.device | str) -> "TextInput":
        """A copy on another device."""
        added = None if self.added is None else self.added.to(device)
        return TextInput(self.vectors.to(device), self.mask.to(device), self.ids.to(device), added)
