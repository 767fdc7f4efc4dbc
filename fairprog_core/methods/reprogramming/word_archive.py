"""The archive of a word search: all scored sequences, from which every λ takes the best.

The logits with a sequence of words do not depend on λ, so a sequence scored for one λ serves all.

Notation: n sequences, m words of a sequence.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from fairprog_core.training.resuming import check_tensor, entry

Ids = tuple[int, ...]  # token ids of m words


class Score(NamedTuple):
    """Losses of a sequence on some rows, both in nats; lower is better."""

    utility_loss: float
    unfairness: float

    def at(self, lam: float) -> float:
        """The loss at λ."""
        return self.utility_loss + lam * self.unfairness


class Archive:
    """Sequences with two scores: the first on few rows, the second on more.

    Attributes:
        first: first score of every sequence.
        second: second score of the promising sequences.
    """

    def __init__(self) -> None:
        self.first: dict[Ids, Score] = {}
        self.second: dict[Ids, Score] = {}

    def best(self, lam: float, n: int = 1) -> list[Ids]:
        """The n sequences with the lowest loss at λ by second score; on ties those scored earlier."""
        return sorted(self.second, key=lambda ids: self.second[ids].at(lam))[:n]

    def promising(self, lam: float) -> Ids | None:
        """The best sequence by first score among those without a second, if it beats the first score of `best`."""
        candidates = [ids for ids in self.first if ids not in self.second]
        found = min(candidates, key=lambda ids: self.first[ids].at(lam), default=None)
        if found is None or self.first[found].at(lam) >= self.first[self.best(lam)[0]].at(lam):
            return None
        return found

    def state(self) -> dict[str, Tensor]:
        """For checkpoints: words (n, m), first and second scores (n, 2); second is NaN where there is none."""
        missing = (np.nan, np.nan)
        return {
            "words": torch.tensor(list(self.first), dtype=torch.int64),
            "first": torch.tensor([*self.first.values()], dtype=torch.float64),
            "second": torch.tensor([self.second.get(ids, missing) for ids in self.first], dtype=torch.float64),
            "order": torch.tensor([list(self.first).index(ids) for ids in self.second], dtype=torch.int64),
        }

    def load_state(self, state: object, *, n_words: int, vocabulary: int) -> None:
        """Restore what `state` returned.

        Args:
            state: as returned.
            n_words: m.
            vocabulary: number of token ids.

        Raises:
            ValueError: it is damaged, or of another number of words.
        """
        words, first, second, order = (entry(state, name) for name in ("words", "first", "second", "order"))
        n = len(words) if isinstance(words, Tensor) and words.ndim else 0
        if n or not isinstance(words, Tensor):
            check_tensor(words, torch.empty(n, n_words, dtype=torch.int64), "archive.words")
        if n and not 0 <= int(words.min()) <= int(words.max()) < vocabulary:
            raise ValueError("archive.words holds token ids out of range")
        scores = torch.empty((n, 2) if n else (0,), dtype=torch.float64)
        check_tensor(first, scores, "archive.first")
        check_tensor(second.nan_to_num() if isinstance(second, Tensor) else second, scores, "archive.second")
        n_second = len(order) if isinstance(order, Tensor) and order.ndim else 0
        check_tensor(order, torch.empty(n_second, dtype=torch.int64), "archive.order")
        if n_second and not 0 <= int(order.min()) <= int(order.max()) < n:
            raise ValueError("archive.order holds indices out of range")
        ids = [tuple(row) for row in words.tolist()]
        self.first = dict(zip(ids, _scores(first)))
        by_number = list(_scores(second))
        self.second = {ids[number]: by_number[number] for number in order.tolist()}


def _scores(values: Tensor) -> Iterator[Score]:
    return (Score(*row) for row in values.tolist())
