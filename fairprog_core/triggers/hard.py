"""A trigger of real words, with separate words for every reported λ.

Source: the paper's hard trigger (section 3.2): one word of the vocabulary at each place. Its relaxation (the
likeliest word in the forward pass, the gradient of the softmax) is ``search="straight_through"``; with
Gumbel noise on the logits, ``search="gumbel"`` (Jang et al. 2017). Ours: a search that scores
candidates (``methods/reprogramming/word_search.py``).

Notation: l λ-values, a anchors, m trigger words, w width of a word vector, v vocabulary.
"""

from collections.abc import Hashable, Sequence
from pathlib import Path
from typing import Any, Self

import torch
from torch import Tensor

from fairprog_core.classifiers.base import Classifier
from fairprog_core.common.errors import ConfigError
from fairprog_core.triggers import HardOptions
from fairprog_core.triggers.text import NO_WORD, TextTrigger, allowed_words

HEAD_START = 1.0  # initial logit of a start word; overcome in ten to thirty steps at the usual learning rate


class Hard(TextTrigger):
    """m words of the vocabulary; every λ uses those of the nearest anchor.

    The values are the vectors of the words or, with a relaxation, logits over the vocabulary.

    Attributes:
        chosen: (a, m) token ids of the words; `NO_WORD` with a relaxation.
    """

    options: HardOptions
    chosen: Tensor
    is_allowed: Tensor

    @classmethod
    def anchor_lams(cls, options: HardOptions, *, low: float, high: float, grid: Sequence[float]) -> tuple[float, ...]:
        """The reported λ, as words cannot be interpolated."""
        return tuple(grid)

    def __init__(
        self, options: HardOptions, *, anchor_lams: Sequence[float] = (0.0,), seed: int = 0, **input_spec: int
    ) -> None:
        super().__init__(options, anchor_lams=anchor_lams, seed=seed, **input_spec)
        self.register_buffer("chosen", torch.full((len(anchor_lams), options.n_words), NO_WORD))
        self.register_buffer("is_allowed", torch.empty(0, dtype=torch.bool), persistent=False)
        self.names: dict[int, str] = {}
        self._step = 0

    def invalid_value(self) -> str | None:
        return super().invalid_value() or self.unknown_word("chosen", self.chosen)

    @property
    def is_searched(self) -> bool:
        return self.options.search == "ranked"

    def at_step(self, step: int) -> None:
        self._step = step

    def cache_key(self, lam: float) -> Hashable:
        return tuple(self.token_ids(torch.tensor([lam], dtype=torch.float64))[0].tolist())

    def shape(self) -> tuple[int, ...]:
        return self.options.n_words, self.input_spec["width" if self.is_searched else "vocabulary"]

    def attach_to(self, classifier: Classifier) -> Self:
        super().attach_to(classifier)
        words: dict[str, int] = classifier.words  # type: ignore[assignment]
        self.names = {token: word for word, token in words.items()}
        self.is_allowed = torch.zeros(len(self.table), dtype=torch.bool, device=self.table.device)
        self.is_allowed[allowed_words(words, self.options)] = True
        return self

    def reset(self) -> None:
        self.shared.zero_()
        self.anchors.zero_()
        if self.is_searched:
            self.anchors.add_(self.start)
            self.chosen[:] = self.start_ids
        else:
            self.shared[torch.arange(len(self.start_ids)), self.start_ids] = HEAD_START

    @torch.no_grad()
    def choose(self, anchor: int, ids: Sequence[int]) -> None:
        """Set the words of an anchor."""
        self.chosen[anchor] = torch.as_tensor(ids)
        self.anchors[anchor] = self.table[self.chosen[anchor]]

    def values(self, lam: float | Tensor) -> Tensor:
        lams = torch.as_tensor(lam, dtype=torch.float64).reshape(-1)
        return self.shared + self.anchors[self.scale.nearest(lams)]

    def token_ids(self, lam: Tensor) -> Tensor:
        if self.is_searched:
            return self.chosen[self.scale.nearest(lam)]
        return self._logits(self.values(lam)).argmax(-1)

    def vectors(self, values: Tensor) -> Tensor:
        if self.is_searched:
            return values
        logits = self._logits(values)
        if self.options.search == "gumbel" and self.training and torch.is_grad_enabled():
            logits = logits + self._noise(logits)
        likeliest: Tensor = self.table[logits.argmax(-1)]
        if not torch.is_grad_enabled():
            return likeliest
        soft = logits.softmax(-1)
        return likeliest + (soft - soft.detach()) @ self.table

    def _logits(self, values: Tensor) -> Tensor:
        """Values (l, m, v) with -inf at words that are not allowed."""
        return values.masked_fill(~self.is_allowed, -torch.inf)

    def _noise(self, logits: Tensor) -> Tensor:
        """Gumbel noise, drawn from (seed, step)."""
        generator = torch.Generator().manual_seed(self.seed * 1_000_003 + self._step)
        uniform = torch.rand(logits.shape, generator=generator).clamp_min(torch.finfo(torch.float32).tiny)
        return -torch.log(-torch.log(uniform)).to(logits)

    def spelled(self) -> list[list[str]]:
        """The words of every anchor as text; needs `attach_to` first."""
        ids = self.token_ids(torch.tensor(self.scale.anchor_lams, dtype=torch.float64))
        return [[self.names[token] for token in row] for row in ids.tolist()]

    def to_text(self, lam: float | None = None) -> str:
        """The words at λ, to put before or behind a text for any API.

        Args:
            lam: λ; None: the chosen one of the trigger's file.

        Raises:
            ConfigError: the file, of an early version, holds no words; attach the trigger to its classifier.
        """
        at = torch.tensor([self.lam_or_chosen(lam)], dtype=torch.float64)
        words = self.spelled() if self.names else self.about.get("words")
        if not words:
            raise ConfigError("The trigger's file holds no words; attach it to its classifier first.")
        return " ".join(words[int(self.scale.nearest(at)[0])])

    def save(self, path: Path, **about: Any) -> None:
        """As for every trigger; the description also holds the words of the anchors as text."""
        super().save(path, **{"words": self.spelled() if self.names else self.about.get("words", []), **about})

    @classmethod
    def merged(cls, parts: Sequence[Self]) -> Self:
        whole = super().merged(parts)
        with torch.no_grad():
            whole.shared.zero_()  # so that the vectors equal those of the words exactly
            for anchor, part in enumerate(parts):
                whole.anchors[anchor] = part.values(part.scale.anchor_lams[0])[0]
                whole.chosen[anchor] = part.chosen[0]
        return whole
