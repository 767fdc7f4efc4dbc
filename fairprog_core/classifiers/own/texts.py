"""A user's own Hugging Face sequence classifier of texts.

Notation: k rows, t tokens, c classes, w width of a word vector, v vocabulary.
"""

from collections.abc import Mapping
from functools import cached_property
from typing import Any

import torch
from torch import Tensor
from transformers import PreTrainedModel

from fairprog_core.classifiers.encoder.guard import FAMILIES
from fairprog_core.classifiers.encoder.head import Head, find_head, last_tokens, reading_at
from fairprog_core.classifiers.encoder.text_classifier import (
    ROOM,
    SHORTEST,
    TRIAL_TEXTS,
    TextClassifier,
    n_positions,
    word_table,
)
from fairprog_core.classifiers.encoder.text_input import TextInput
from fairprog_core.classifiers.encoder.tokens import Tokens
from fairprog_core.classifiers.own.classifier import OwnClassifier, logits_of
from fairprog_core.common.errors import ConfigError, DataError, ModelError, shown

MAX_LENGTH = 128  # tokens; as for the text classifiers of a study


class OwnTextClassifier(OwnClassifier, TextClassifier):
    """A user's own model of texts: word vectors with a trigger → ``inputs_embeds`` of the model → logits (k, c).

    The word vectors are those of the model's own embedding; nothing of the model is replaced or copied.
    """

    model: PreTrainedModel

    def __init__(self, model: PreTrainedModel, tokens: Tokens, *, max_length: int) -> None:
        """Wrap a model.

        Args:
            model: the user's.
            tokens: its tokenizer.
            max_length: of a text in tokens; less where the model reads fewer.

        Raises:
            ModelError: the model reads too few tokens, or the tokenizer is not the model's.
        """
        super().__init__(model, n_classes=0)
        self.tokens = tokens
        self.max_length = min(max_length, n_positions(model) - ROOM)
        if self.max_length < SHORTEST:
            raise ModelError(
                f"The model reads {n_positions(model)} tokens at most, and {ROOM} are kept for a trigger; give one "
                f"that reads at least {SHORTEST + ROOM}."
            )
        if tokens.n_ids > (n_rows := self.input_spec["vocabulary"]):
            raise ModelError(
                f"The tokenizer has ids up to {tokens.n_ids - 1} and the model's word table only {n_rows} rows; "
                "give the model's own tokenizer."
            )

    @property
    def input_spec(self) -> dict[str, int]:
        rows, width = self._table.shape
        return {"width": width, "vocabulary": rows}

    @property
    def _table(self) -> Tensor:
        weight: Tensor = self.model.get_input_embeddings().weight  # type: ignore[assignment]
        return weight

    @property
    def embedding(self) -> Tensor:
        return word_table(self.model).float()

    def embed(self, ids: Tensor) -> Tensor:
        vectors: Tensor = self.model.get_input_embeddings()(ids)
        return vectors.float()

    def batch(self, x: Any) -> TextInput:
        """Texts, or what a tokenizer returned for them (padded on the right) -> word vectors.

        Raises:
            DataError: it is something else.
        """
        if isinstance(x, TextInput):
            return x
        if not isinstance(x, Mapping):
            return self.to_input(self.encode([x] if isinstance(x, str) else x))
        ids, mask = (x.get(name) for name in ("input_ids", "attention_mask"))
        if not isinstance(ids, Tensor) or not isinstance(mask, Tensor) or (mask[:, 1:] > mask[:, :-1]).any():
            raise DataError(
                "The texts are no batch of input_ids and attention_mask, padded on the right; give strings, or "
                'tokenizer(texts, padding=True, padding_side="right", return_tensors="pt").'
            )
        ids, is_token = ids.to(self.device), mask.to(self.device) > 0
        with torch.no_grad():
            return TextInput(self.embed(ids), is_token, ids)

    def call_model(self, x: TextInput) -> Tensor:
        return self.in_parts(x, self._read)

    @torch.no_grad()
    def check_reading(self) -> None:
        """Refuse a model to which texts as vectors, alone and padded, are not what they are alone as token ids.

        Raises:
            ModelError: so it is.
        """
        rows = self.encode(TRIAL_TEXTS)
        texts = [self.to_input(row[None]) for row in rows]
        try:
            outputs = [self.model(input_ids=text.ids, attention_mask=text.mask.long()) for text in texts]
            alone = torch.cat([self.call_model(text) for text in texts])
            padded = self.call_model(self.to_input(rows))
        except (TypeError, ValueError, RuntimeError) as error:
            raise ModelError(
                f"The model ({type(self.model).__name__}) does not read word vectors ({error!s:.120}); give a sequence "
                "classifier that takes inputs_embeds and attention_mask."
            ) from error
        expected, tolerance = torch.cat([logits_of(output) for output in outputs]), _tolerance(self._table)
        if not all(torch.allclose(found, expected, atol=tolerance, rtol=1e-3) for found in (alone, padded)):
            raise ModelError(
                f"The model ({type(self.model).__name__}) does not read word vectors as it reads tokens; give one "
                f"of a family like {FAMILIES}."
            )

    def _read(self, x: TextInput) -> Tensor:
        """Logits (k, c) of texts in one forward pass."""
        vectors, mask = x.vectors.to(self._table.dtype), x.mask.long()
        if self._decoder is None:
            return logits_of(self.model(inputs_embeds=vectors, attention_mask=mask))
        with reading_at(self.model, self._decoder, last_tokens(x, self._decoder.skipped)):
            return logits_of(self.model(inputs_embeds=vectors, attention_mask=mask))

    @cached_property
    def _decoder(self) -> Head | None:
        """The head of a model whose logits are those of the last token; None: another model."""
        try:
            with torch.random.fork_rng(devices=[]):  # dropout, where the model is in training mode
                head = find_head(self.model)
        except ModelError:  # its logits are compared with those of tokens all the same
            return None
        return head if head.reads_last else None


def wrap_texts(model: Any, tokens: Tokens, *, max_length: int) -> OwnTextClassifier:
    """A user's own model of texts as a classifier.

    Raises:
        ModelError: it is no sequence classifier of Hugging Face, or does not fit the tokenizer.
    """
    if not isinstance(model, PreTrainedModel):
        raise ModelError(
            f"tokenizer= is for a sequence classifier of Hugging Face, and the model is a {type(model).__name__}; "
            "give such a one."
        )
    return OwnTextClassifier(model, tokens, max_length=max_length)


def fast_tokens(tokenizer: Any, max_length: int) -> Tokens:
    """A user's own tokenizer, which is not changed.

    Raises:
        ConfigError: it is no fast tokenizer of Hugging Face, or the length is out of range.
        ModelError: it does not read a text as [CLS] … [SEP].
    """
    if getattr(tokenizer, "backend_tokenizer", None) is None:
        raise ConfigError(
            f"tokenizer is {shown(tokenizer)}; give the model's fast tokenizer, e.g. from "
            "AutoTokenizer.from_pretrained."
        )
    if not isinstance(max_length, int) or max_length < SHORTEST:
        raise ConfigError(f"max_length is {shown(max_length)}, allowed are integers from {SHORTEST} on.")
    return Tokens.of(tokenizer)


def _tolerance(weight: Tensor) -> float:
    """Of logits: half precision is coarse."""
    return 1e-4 if weight.dtype == torch.float32 else 0.1
