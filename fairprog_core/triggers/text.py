"""Triggers on texts: words before or after the text, as free vectors, mixtures or real words.

Source: the paper's text trigger (section 3.2): words v₁ … v_k before the input, relaxed to points of the
simplex over the vocabulary. Ours: free vectors, all λ in one training, both positions.

Notation: l λ-values, k rows, t tokens, m trigger words, w width of a word vector, v vocabulary.
"""

import copy
from collections.abc import Sequence
from typing import Any, ClassVar, Self

import torch
import torch.nn.functional as F
from pydantic import Field
from torch import Tensor

from fairprog_core.classifiers.base import Classifier
from fairprog_core.classifiers.encoder.text_input import TextInput
from fairprog_core.common.errors import ConfigError
from fairprog_core.triggers import SoftOptions, TextTriggerOptions
from fairprog_core.triggers.base import Trigger, TriggerHeader

UNIT = 0.4  # scale of the learned values in word vectors; lets pixels and words share a learning rate
SHARPNESS = 25.0  # initial value of a mixture's start word: UNIT · SHARPNESS = 10, so it outweighs every other by e^10
NO_WORD = -1  # token id of a vector that belongs to no word


class TextTriggerHeader(TriggerHeader):
    """The description in the file of a trigger on texts.

    Attributes:
        width: of a word vector.
        vocabulary: number of tokens that the classifier knows.
    """

    width: int = Field(ge=1, le=65_536)
    vocabulary: int = Field(ge=1, le=10_000_000)


class TextTrigger(Trigger):
    """m word vectors that are inserted into every text.

    Attributes:
        start: (m, w) vectors of the start words, drawn from the vocabulary. NaN before `attach_to`.
        start_ids: (m,) their token ids.
        table: (v, w) the classifier's word vectors.
        n_ends: tokens of the classifier before and after every text: [CLS] and [SEP] before `attach_to`.
    """

    options: TextTriggerOptions
    header: ClassVar[type[TriggerHeader]] = TextTriggerHeader
    start: Tensor
    start_ids: Tensor
    table: Tensor

    def __init__(
        self, options: Any, *, anchor_lams: Sequence[float] = (0.0,), seed: int = 0, **input_spec: int
    ) -> None:
        super().__init__(options, anchor_lams=anchor_lams, seed=seed, **input_spec)
        self.register_buffer("start", torch.full((options.n_words, input_spec["width"]), torch.nan))
        self.register_buffer("start_ids", torch.full((options.n_words,), NO_WORD))
        self.register_buffer("table", torch.empty(0), persistent=False)
        self.n_ends = (1, 1)

    def attach_to(self, classifier: Classifier) -> Self:
        """Take the classifier's word table; a new trigger then draws its start words."""
        super().attach_to(classifier)
        encoder: Any = classifier
        self.table, self.n_ends = encoder.embedding.detach(), encoder.tokens.n_ends
        if self.start.isnan().any():
            self.init_from_words(
                draw_words(allowed_words(encoder.words, self.options), self.options.n_words, self.seed)
            )
        return self

    def init_from_words(self, ids: Sequence[int]) -> None:
        """Reset to the untrained trigger with these m start words."""
        with torch.no_grad():
            self.start_ids.copy_(torch.as_tensor(ids))
            self.start.copy_(self.table[self.start_ids])
            self.reset()

    def invalid_value(self) -> str | None:
        return self.unknown_word("start_ids", self.start_ids)

    def unknown_word(self, name: str, ids: Tensor) -> str | None:
        """The first invalid token id, as a part of a sentence; None: all are tokens or `NO_WORD`."""
        invalid = ids[(ids < NO_WORD) | (ids >= self.input_spec["vocabulary"])]
        return f"{name} holds {int(invalid[0])}, which is no token id" if len(invalid) else None

    def reset(self) -> None:
        """Set the values to those of the untrained trigger."""
        raise NotImplementedError

    def vectors(self, values: Tensor) -> Tensor:
        """Learned values (l, …) -> word vectors (l, m, w)."""
        raise NotImplementedError

    def token_ids(self, lam: Tensor) -> Tensor:
        """Token ids (l, m) of the words at λ (l,); `NO_WORD` for vectors that belong to no word."""
        return torch.full((len(lam), self.options.n_words), NO_WORD, device=self.start.device)

    def words(self, lam: float, classifier: Classifier) -> list[str]:
        """The m words at λ as text; for vectors that belong to no word, the allowed word with the highest cosine.

        Raises:
            ConfigError: the trigger was made for inputs of another size.
        """
        encoder: Any = classifier
        trigger, lams = self.attach_to(classifier), torch.tensor([lam], dtype=torch.float64)
        ids, allowed = trigger.token_ids(lams)[0], torch.tensor(allowed_words(encoder.words, self.options))
        with torch.no_grad():
            similarity = cosines(trigger.vectors(trigger.values(lams))[0], self.table[allowed])
        nearest = allowed.to(ids)[similarity.argmax(1)]
        shown = torch.where(ids == NO_WORD, nearest, ids).tolist()
        return [encoder.tokens.text([token]).strip() for token in shown]

    def untrained(self) -> Self:
        fresh = copy.deepcopy(self, {id(self.table): self.table})  # do not copy the classifier's table
        with torch.no_grad():
            fresh.reset()
        return fresh

    def released(self) -> Self:
        return copy.deepcopy(self, {id(self.table): torch.empty(0)}).cpu()

    def with_words(self, ids: Sequence[int]) -> "Words":
        """A trigger at the same position with fixed words for every λ, for controls."""
        words = Words(self.options, anchor_lams=(0.0,), seed=self.seed, **self.input_spec)
        words.table, words.n_ends = self.table, self.n_ends
        words.to(self.start.device).init_from_words(ids)
        return words

    def forward(self, x: TextInput, lam: float | Tensor) -> TextInput:
        """Insert the trigger into texts.

        Args:
            x: k texts of at most t tokens, padded on the right.
            lam: a number; or (l,) with l dividing k: the first k/l rows get the first λ, and so on.

        Returns:
            The k texts with t + m tokens: the trigger comes right after the classifier's prefix ([CLS]) or right before
            its suffix ([SEP]).
        """
        lams = torch.as_tensor(lam, dtype=torch.float64).reshape(-1)
        per_lam = x.mask.shape[0] // len(lams)  # `len` is a plain number when exported
        vectors = repeat_rows(self.vectors(self.values(lams)), per_lam)  # (k, m, w)
        ids = repeat_rows(self.token_ids(lams), per_lam)
        before, after = self.n_ends
        at = torch.full_like(x.lengths, before) if self.options.position == "start" else x.lengths - after  # (k,)
        return insert(x, vectors, ids, at)

    @classmethod
    def merged(cls, parts: Sequence[Self]) -> Self:
        whole = super().merged(parts)
        whole.start.copy_(parts[0].start)
        whole.start_ids.copy_(parts[0].start_ids)
        whole.table, whole.n_ends = parts[0].table, parts[0].n_ends
        return whole


class Soft(TextTrigger):
    """m vectors that need not belong to words: free, or mixtures of word vectors.

    free: vector = start + UNIT · values. simplex: the paper's relaxation (equation 5), a mixture of all word
    vectors with weights softmax(UNIT · values).
    """

    options: SoftOptions

    def shape(self) -> tuple[int, ...]:
        return self.options.n_words, self.input_spec["width" if self.options.space == "free" else "vocabulary"]

    def reset(self) -> None:
        self.shared.zero_()
        self.anchors.zero_()
        if self.options.space == "simplex":
            self.shared[torch.arange(len(self.start_ids)), self.start_ids] = SHARPNESS

    def vectors(self, values: Tensor) -> Tensor:
        if self.options.space == "free":
            return self.start + UNIT * values
        return (UNIT * values).softmax(-1) @ self.table


class Words(TextTrigger):
    """m fixed words, the same for every λ; nothing is learned."""

    def shape(self) -> tuple[int, ...]:
        return (0,)

    def reset(self) -> None:
        """There are no learned values."""

    def vectors(self, values: Tensor) -> Tensor:
        return self.start.expand(len(values), -1, -1)

    def token_ids(self, lam: Tensor) -> Tensor:
        return self.start_ids.expand(len(lam), -1)


def repeat_rows(values: Tensor, n: int) -> Tensor:
    """Every row of (l, …) n times: (l·n, …). As ``repeat_interleave``, which cannot be exported for any n."""
    return values[:, None].expand(-1, n, *values.shape[1:]).flatten(0, 1)


def insert(x: TextInput, vectors: Tensor, ids: Tensor, at: Tensor) -> TextInput:
    """Insert m vectors into every text.

    Args:
        x: k texts of t tokens.
        vectors: (k, m, w).
        ids: (k, m) their token ids.
        at: (k,) position of the first of them in its text.

    Returns:
        k texts of t + m tokens.
    """
    (k, t), m = x.mask.shape, vectors.shape[1]
    place = torch.arange(t + m, device=at.device).expand(k, -1)
    is_new = (place >= at[:, None]) & (place < at[:, None] + m)
    old = torch.where(place < at[:, None], place, place - m).clamp(0, t - 1)  # source index in the text
    new = (place - at[:, None]).clamp(0, m - 1)

    def pick(values: Tensor, which: Tensor) -> Tensor:
        index = which[..., None].expand(-1, -1, values.shape[-1]) if values.ndim == 3 else which
        return values.gather(1, index)

    is_for_vectors = vectors.requires_grad and not x.vectors.requires_grad and not torch.compiler.is_exporting()
    return TextInput(
        torch.where(is_new[..., None], pick(vectors, new), pick(x.vectors, old)),
        is_new | pick(x.mask, old),
        torch.where(is_new, pick(ids, new), pick(x.ids, old)),
        at[:, None] + torch.arange(m, device=at.device) if is_for_vectors else None,
    )


def allowed_words(words: dict[str, int], options: TextTriggerOptions) -> list[int]:
    """Token ids of the whole words that a trigger may use.

    Args:
        words: whole words of the vocabulary and their token ids.
        options: allowed and banned words.

    Raises:
        ConfigError: an allowed word is not in the vocabulary, or no word is left.
    """
    if unknown := [word for word in options.allowed if word not in words]:
        raise ConfigError(
            f"trigger: the allowed word {unknown[0]!r} is no single lower-case word of the model's vocabulary; "
            "choose others."
        )
    names = options.allowed or tuple(words)
    left = [words[word] for word in names if word not in options.banned]
    if not left:
        raise ConfigError("trigger: no word is left that may be used; ban fewer, or allow more.")
    return left


def cosines(vectors: Tensor, others: Tensor) -> Tensor:
    """Cosine of the angle between each of k vectors (k, w) and each of n others (n, w): (k, n)."""
    return F.normalize(vectors, dim=-1) @ F.normalize(others, dim=-1).T


def draw_words(ids: Sequence[int], n: int, seed: int) -> list[int]:
    """n token ids, drawn with replacement."""
    generator = torch.Generator().manual_seed(seed)
    return [ids[int(i)] for i in torch.randint(len(ids), (n,), generator=generator)]
