"""How a text classifier reads rows: texts to token ids, token ids to word vectors, many texts in parts.

Notation: n texts, k rows, t tokens, w width of a word vector, v vocabulary, d outputs.
"""

import dataclasses
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn
from transformers import PreTrainedModel, PreTrainedTokenizerFast

from fairprog_core.classifiers.base import Classifier
from fairprog_core.classifiers.encoder.text_input import TextInput
from fairprog_core.classifiers.encoder.tokens import Tokens
from fairprog_core.data.base import Split

ROOM = 16  # positions kept free for the words of a trigger
AT_ONCE = 36  # texts per forward pass on a CPU: sorted by length, they need little padding
NO_LIMIT = 1_000_000  # positions of a model that reads texts of any length
SHORTEST = 8  # lower bound of ``max_length``, including [CLS] and [SEP]
TRIAL_TEXTS = ("it is what it is", "so")  # of two lengths


class TextClassifier(Classifier):
    """Base of the classifiers whose input is word vectors, so that a trigger can insert its own.

    Attributes:
        max_length: maximal number of tokens of a text, including prefix and suffix ([CLS] and [SEP]).
        tokens: the tokenizer.
    """

    max_length: int
    tokens: Tokens

    @property
    def embedding(self) -> Tensor:
        """(v, w): the word table."""
        raise NotImplementedError

    def embed(self, ids: Tensor) -> Tensor:
        """Token ids (k, t) -> word vectors (k, t, w)."""
        return F.embedding(ids, self.embedding)

    @property
    def input_spec(self) -> dict[str, int]:
        """The inputs that a trigger must fit."""
        return {"width": self.embedding.shape[1], "vocabulary": len(self.embedding)}

    @property
    def tokenizer(self) -> PreTrainedTokenizerFast:
        """Hugging Face's fast tokenizer."""
        return self.tokens.tokenizer

    @property
    def words(self) -> dict[str, int]:
        """The whole lower-case words of the vocabulary and their token ids."""
        return self.tokens.words

    def encode(self, texts: Iterable[str]) -> NDArray[np.int32]:
        """n texts -> token ids (n, t), cut to ``max_length`` and padded on the right."""
        return self.tokens.encode(texts, max_length=self.max_length)

    def prepare(self, split: Split) -> Split:
        """The split with token ids (n, t) in place of texts."""
        return dataclasses.replace(split, x=self.encode(split.x))

    def reading_order(self, x: NDArray[Any]) -> NDArray[np.int64]:
        """From short to long texts."""
        return np.argsort(self._lengths(x), kind="stable")

    def to_input(self, x: NDArray[Any], *, rng: np.random.Generator | None = None) -> TextInput:
        """Token ids (k, t) -> word vectors, padded to the longest text only; ``rng`` is not used."""
        longest = int(self._lengths(x).max(initial=0))
        ids = torch.from_numpy(np.array(x[:, :longest], dtype=np.int64)).to(self.device)
        with torch.no_grad():
            vectors = self.embed(ids.clamp(min=0))
        return TextInput(vectors, ids != self.tokens.pad_id, ids)

    def batch(self, x: Any) -> Any:
        """Texts -> word vectors; a ``TextInput`` stays as it is."""
        if isinstance(x, TextInput):
            return x
        return self.to_input(self.encode([x] if isinstance(x, str) else x))

    def in_parts(self, x: TextInput, read: Callable[[TextInput], Tensor]) -> Tensor:
        """Outputs (k, d) of a function of texts, on a CPU computed for few texts of similar length at a time."""
        if torch.compiler.is_exporting() or self.device.type != "cpu" or len(x.mask) <= AT_ONCE or x.mask.all():
            return read(x)
        order = x.lengths.argsort(stable=True)
        parts = [read(x.rows(some).without_filling()) for some in torch.split(order, AT_ONCE)]
        return torch.cat(parts)[order.argsort()]

    def _lengths(self, x: NDArray[Any]) -> NDArray[np.int64]:
        lengths: NDArray[np.int64] = (x != self.tokens.pad_id).sum(1)
        return lengths


def word_table(model: PreTrainedModel) -> Tensor:
    """(v, w): the word vectors as a model's embedding gives them: some families scale their table."""
    embedding = model.get_input_embeddings()
    table: Tensor = embedding.weight  # type: ignore[assignment]
    if type(embedding) is nn.Embedding:
        return table
    with torch.no_grad():
        scaled: Tensor = embedding(torch.arange(len(table), device=table.device))
    return scaled


def n_positions(model: PreTrainedModel) -> int:
    """Maximal number of tokens of a text with its trigger."""
    for name, module in model.named_modules():
        if name.endswith("position_embeddings") and isinstance(module, nn.Embedding):
            # RoBERTa starts counting positions after the pad token's id
            return module.num_embeddings - (0 if module.padding_idx is None else module.padding_idx + 1)
    most = getattr(model.config, "max_position_embeddings", None)
    return int(most) if most and most > 0 else NO_LIMIT  # none, or -1, in families that count positions from each other
