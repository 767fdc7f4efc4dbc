"""A black box of texts: which words a trigger may use, and where they stand in the text that is sent.

A text is one token: [CLS] text [SEP]. A trigger inserts the tokens of its words before or behind it, so that the text
itself is sent letter by letter as it was. Words and their vectors, which say what words are alike, are those of the
shipped encoder; nothing is known of the black box's own.

Notation: k rows, t tokens, w width of a word vector, v vocabulary.
"""

from collections.abc import Iterable
from functools import cached_property
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import safe_open
from torch import Tensor

from fairprog_core.classifiers.black_box.box import AnsweringClassifier
from fairprog_core.classifiers.black_box.source import SentRows
from fairprog_core.classifiers.encoder.folder import find_model
from fairprog_core.classifiers.encoder.reading import read_tokens
from fairprog_core.classifiers.encoder.text_input import TextInput
from fairprog_core.classifiers.encoder.tokens import Tokens

_TABLE = "embeddings.word_embeddings.weight"
LONGEST = 512  # tokens of a trigger's own words


class TextBox(AnsweringClassifier):
    """Texts with a trigger's words as plain strings."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._numbers: dict[str, int] = {}  # of every text that was read, in order
        self._texts: list[str] = []

    @cached_property
    def tokens(self) -> Tokens:
        """The shipped encoder's tokenizer."""
        return read_tokens(find_model("shipped"))

    @cached_property
    def embedding(self) -> Tensor:
        """(v, w): the shipped encoder's word table."""
        with safe_open(find_model("shipped") / "model.safetensors", framework="pt") as file:
            table: Tensor = file.get_tensor(_TABLE)
        return table.float().to(self.device)

    @property
    def words(self) -> dict[str, int]:
        """The whole lower-case words of the vocabulary and their token ids."""
        return self.tokens.words

    @property
    def input_spec(self) -> dict[str, int]:
        return {"width": self.embedding.shape[1], "vocabulary": len(self.embedding)}

    def encode(self, texts: Iterable[str]) -> NDArray[np.int32]:
        """Words of a trigger -> token ids (n, t)."""
        return self.tokens.encode(texts, max_length=LONGEST)

    def to_input(self, x: NDArray[Any], *, rng: np.random.Generator | None = None) -> TextInput:
        """Texts (k,) -> one token each between [CLS] and [SEP]; vectors are not used."""
        first, last = (int(token) for token in self.encode([""])[0])
        ids = torch.tensor([[first, len(self.embedding) + self._number(text), last] for text in x], device=self.device)
        vectors = torch.zeros(len(ids), 3, self.embedding.shape[1], device=self.device)
        return TextInput(vectors, torch.ones_like(ids, dtype=torch.bool), ids)

    def rows_of(self, x: TextInput) -> SentRows:
        return [self._text(ids) for ids in x.ids.tolist()]

    def _number(self, text: str) -> int:
        number = self._numbers.setdefault(text, len(self._texts))
        if number == len(self._texts):
            self._texts.append(text)
        return number

    def _text(self, ids: list[int]) -> str:
        """The text of one row with the words before and behind it."""
        at = next(place for place, token in enumerate(ids) if token >= len(self.embedding))
        parts = self._spelled(ids[1:at]), self._texts[ids[at] - len(self.embedding)], self._spelled(ids[at + 1 : -1])
        return " ".join(filter(None, parts))

    def _spelled(self, ids: list[int]) -> str:
        return self.tokens.text(ids).strip() if ids else ""
