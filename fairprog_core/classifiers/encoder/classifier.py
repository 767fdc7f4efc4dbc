"""Text classifiers: any Hugging Face sequence classifier that accepts word vectors as input.

Notation: n texts, k rows, t tokens, c classes, d features, w width of a word vector, v vocabulary.
"""

from collections.abc import Generator, Mapping
from contextlib import closing
from pathlib import Path
from typing import ClassVar, Self, cast

import torch
from pydantic import Field
from torch import Tensor, nn
from transformers import PreTrainedModel

from fairprog_core.classifiers import EncoderOptions
from fairprog_core.classifiers.base import ClassifierHeader, Description
from fairprog_core.classifiers.encoder import HubJson
from fairprog_core.classifiers.encoder.adapter import check_adapter
from fairprog_core.classifiers.encoder.first_token import read_first_token_alone
from fairprog_core.classifiers.encoder.folder import base_name, fetch_model, find_model, model_digest
from fairprog_core.classifiers.encoder.guard import FAMILIES
from fairprog_core.classifiers.encoder.head import find_head, last_tokens, take_head
from fairprog_core.classifiers.encoder.reading import (
    check_config,
    match_outputs,
    new_model,
    portable,
    read_config,
    read_model,
    read_tokens,
)
from fairprog_core.classifiers.encoder.text_classifier import (
    ROOM,
    SHORTEST,
    TRIAL_TEXTS,
    TextClassifier,
    n_positions,
    word_table,
)
from fairprog_core.classifiers.encoder.text_input import TextInput
from fairprog_core.classifiers.encoder.tokens import TokenizerState, Tokens
from fairprog_core.classifiers.encoder.trigger_alone import added_at, split_first_layer
from fairprog_core.common.errors import ConfigError, ModelError
from fairprog_core.common.files.hub import Download
from fairprog_core.data.base import Split


class EncoderHeader(ClassifierHeader):
    """The description in the file of a text classifier.

    Attributes:
        config: content of Hugging Face's ``config.json``.
        tokenization: from which the tokenizer is rebuilt.
        rest: digest of the shipped encoder that provides the weights that are not trained; empty: the file holds all
            weights.
    """

    config: HubJson
    tokenization: TokenizerState
    rest: str = Field(max_length=64)


class Encoder(TextClassifier):
    """A pretrained encoder with its family's own pooling and head; the word table is never trained.

    The input is word vectors, not token ids, so that a trigger can insert its own vectors; the model adds
    position and token type embeddings itself.

    Attributes:
        max_length: maximal number of tokens of a text, including prefix and suffix ([CLS] and [SEP]).
        tokens: the tokenizer.
    """

    header: ClassVar[type[ClassifierHeader]] = EncoderHeader

    def __init__(
        self,
        options: EncoderOptions,
        *,
        n_classes: int,
        config: HubJson,
        tokenization: TokenizerState,
        rest: str = "",
        model: PreTrainedModel | None = None,
    ) -> None:
        """Build the architecture.

        Args:
            options: model, length of texts and training.
            n_classes: c.
            config: content of Hugging Face's ``config.json``.
            tokenization: from which the tokenizer is rebuilt, see `Tokens`.
            rest: see `EncoderHeader`.
            model: a sequence classifier with this configuration; None: a new one with random weights.

        Raises:
            ModelError: the tokenizer or the head does not fit.
        """
        super().__init__(options, n_classes=n_classes)
        self.config, self.tokenization, self.rest = config, tokenization, rest
        self.tokens = Tokens(tokenization)
        self.body = new_model(config) if model is None else model
        self.linear = self._take_head()
        n_rows = cast(nn.Embedding, self.body.get_input_embeddings()).num_embeddings
        if self.tokens.n_ids > n_rows:
            raise ModelError(
                f"The tokenizer of this model has ids up to {self.tokens.n_ids - 1} and its word table only "
                f"{n_rows} rows; give a folder in which they belong together."
            )
        self.max_length = min(options.max_length, n_positions(self.body) - ROOM)
        layers = _layers(self.body)
        _freeze_embeddings(self.body, layers)
        read_first_token_alone(self.body, layers)
        self._first = split_first_layer(self.body, layers)
        for layer in layers[: len(layers) - (len(layers) if options.tuned_layers is None else options.tuned_layers)]:
            layer.requires_grad_(False)
        self._trained = [name for name, value in self.named_parameters() if value.requires_grad]
        if self.max_length < SHORTEST:
            raise ModelError(
                f"This model reads {n_positions(self.body)} tokens at most, and {ROOM} are kept for a trigger; choose "
                f"one that reads at least {SHORTEST + ROOM}."
            )

    def _take_head(self) -> nn.Linear:
        """Remove the head from the body and return it.

        Raises:
            ModelError: the body has no head of c outputs, or its tokenizer adds no token that it could read.
        """
        head, family = find_head(self.body), self.body.config.model_type
        if head.linear.out_features != self.n_classes:
            raise ModelError(
                f"The last layer of this model ({family}) has {head.linear.out_features} outputs for {self.n_classes} "
                "classes; give a sequence classifier or an encoder."
            )
        if not (head.reads_last or self.tokens.prefix):
            raise ModelError(
                f"The tokenizer of this model puts no [CLS] before a text (it makes [] of an empty one), which models "
                f"like it ({family}) read; save the model with its own tokenizer."
            )
        self._last, self._skipped = take_head(self.body, head), head.skipped
        return head.linear

    @classmethod
    def cache_inputs(cls, options: EncoderOptions) -> dict[str, str]:
        return {"model": model_digest(options.model)}

    @classmethod
    def fetch(cls, options: EncoderOptions) -> Generator[str, None, None]:
        """As for every classifier; then refuse a model that cannot be used, as far as its small files tell.

        Raises:
            ModelError: so it is.
        """
        folder = yield from _labels(fetch_model(options.model))
        base = base_name(folder)
        if base is not None:
            check_adapter(folder)
            yield from _labels(fetch_model(base))
        read_config(folder)
        read_tokens(folder)

    @classmethod
    def check_labels(cls, options: EncoderOptions, labels: tuple[str, ...]) -> None:
        if options.tuned:
            folder = find_model(options.model)
            match_outputs(options, read_config(folder), labels, folder=folder)

    @classmethod
    def new(cls, options: EncoderOptions, *, n_classes: int, split: Split | None = None) -> Self:
        """The model that the options name; a missing head gets weights from torch's random state.

        Raises:
            ModelError: there is no such model, it cannot be used, or it should be tuned for c classes and is not.
        """
        return cls._made(options, n_classes)

    @classmethod
    def new_for(cls, options: EncoderOptions, *, labels: tuple[str, ...], split: Split | None = None) -> Self:
        return cls._made(options, labels if options.tuned else len(labels))

    @classmethod
    def _made(cls, options: EncoderOptions, labels: tuple[str, ...] | int) -> Self:
        """The model that the options name, for the data's labels or for a number of them."""
        folder = find_model(options.model)
        n_classes = labels if isinstance(labels, int) else len(labels)
        tokens = read_tokens(folder)
        model = read_model(folder, n_classes=None if options.tuned else n_classes)
        config = portable(model)
        if options.tuned:
            outputs = match_outputs(options, model.config, labels, folder=folder)
            head = find_head(model)
            chosen = outputs.of_head(head.linear)
            if chosen is not head.linear:
                model.set_submodule(head.name, chosen)
                names = labels if isinstance(labels, tuple) else [f"LABEL_{number}" for number in range(n_classes)]
                config = config | {"id2label": {str(number): name for number, name in enumerate(names)}}
                config.pop("label2id", None)
        classifier = cls(
            options,
            n_classes=n_classes,
            config=config,
            tokenization=tokens.tokenizer_state,
            rest=model_digest(options.model) if options.model == "shipped" else "",
            model=model,
        )
        if not classifier._reads_vectors_as_tokens():
            raise ModelError(
                f"The model in {folder} ({model.config.model_type}) does not read word vectors as it reads tokens; "
                f"choose one of a family like {FAMILIES}."
            )
        return classifier

    @torch.no_grad()
    def _reads_vectors_as_tokens(self) -> bool:
        """Whether texts as vectors, alone and padded, have the features that they have alone as token ids."""
        ids = self.encode(TRIAL_TEXTS)
        texts = [self.to_input(row[None]) for row in ids]
        expected = torch.cat([self._pass(text, input_ids=text.ids) for text in texts])
        alone, padded = torch.cat([self.features(text) for text in texts]), self._read(self.to_input(ids))
        return all(torch.allclose(found, expected, atol=1e-4, rtol=1e-3) for found in (alone, padded))

    def state_to_save(self) -> dict[str, Tensor]:
        """All weights; if tuned from the shipped encoder, only the trained ones, in half precision."""
        weights = super().state_to_save()
        return {name: weights[name].half() for name in self._trained} if self.rest else weights

    def unfreeze(self) -> None:
        """Make the tuned layers and the head trainable, not the word table."""
        for name, value in self.named_parameters():
            value.requires_grad_(name in self._trained)

    @classmethod
    def from_config(
        cls, options: EncoderOptions, *, n_classes: int, init_args: Description, weights: Mapping[str, Tensor]
    ) -> Self:
        """Architecture to load saved weights into; for one tuned from the shipped encoder, with its weights.

        Raises:
            ModelError: it was tuned from another version of the shipped encoder, or configuration and tokenizer do
                not match the weights.
        """
        if not init_args["rest"]:
            check_config(init_args["config"], n_classes=n_classes, weights=weights)
            classifier = cls(options, n_classes=n_classes, **init_args)
            if "linear.bias" in weights and classifier.linear.bias is None:  # outputs were chosen of a head without
                classifier.linear.bias = nn.Parameter(torch.zeros(n_classes))
                classifier._trained.append("linear.bias")
            return classifier
        if init_args["rest"] != model_digest(options.model):
            raise ModelError("This classifier was tuned from another shipped encoder; train it again.")
        return cls.new(options, n_classes=n_classes)

    @property
    def embedding(self) -> Tensor:
        return word_table(self.body)

    def embed(self, ids: Tensor) -> Tensor:
        vectors: Tensor = self.body.get_input_embeddings()(ids)
        return vectors

    def features(self, x: TextInput) -> Tensor:
        return self.in_parts(x, self._read)

    def _read(self, x: TextInput) -> Tensor:
        """Features (k, d) of texts in one forward pass."""
        return self._pass(x, inputs_embeds=x.vectors)

    def _pass(self, x: TextInput, **given: Tensor) -> Tensor:
        """Features (k, d) of texts that are given as vectors, or as token ids."""
        if self._last is not None:
            self._last.at = last_tokens(x, self._skipped)
        with added_at(self._first, x.added):
            features: Tensor = self.body(**given, attention_mask=x.mask.long()).logits
        return features

    @property
    def head(self) -> nn.Module:
        return self.linear

    @property
    def cam_layer(self) -> nn.Module:
        """Not available: a text has no map for Grad-CAM.

        Raises:
            ConfigError: always.
        """
        raise ConfigError("Grad-CAM reads pictures; choose integrated_gradients for texts.")


def _labels(steps: Generator[Download, None, Path]) -> Generator[str, None, Path]:
    """The labels of a download; returns the folder."""
    with closing(steps):
        while True:
            try:
                progress = next(steps)
            except StopIteration as end:
                return cast(Path, end.value)
            yield progress.label


def _freeze_embeddings(model: PreTrainedModel, layers: nn.ModuleList) -> None:
    """Freeze all embeddings before the first layer: words, positions, token types, norm."""
    table = model.get_input_embeddings()
    name = next(name for name, module in model.named_modules() if module is table)
    parent = model.get_submodule(name.rpartition(".")[0])
    stands_beside_layers = any(module is layers for module in parent.modules())  # in decoders
    parts = [part for part in parent.children() if isinstance(part, nn.Embedding)] if stands_beside_layers else [parent]
    for part in parts:
        part.requires_grad_(False)


def _layers(model: PreTrainedModel) -> nn.ModuleList:
    """The layers of the encoder in order; a single one if all layers share their weights (ALBERT)."""
    return max((part for part in model.modules() if isinstance(part, nn.ModuleList)), key=len)
