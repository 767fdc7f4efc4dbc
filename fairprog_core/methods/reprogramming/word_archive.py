"""All that a search for words has tried, kept so that every λ takes the best of it.

The logits behind a sequence of words do not depend on λ: what was tried for one λ is there for all.

Notation: n sequences, m words of a sequence.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from fairprog_core.training.resuming import check_tensor, entry

Ids = tuple[int, ...]  # the vocabulary's numbers of m words


class Score(NamedTuple):
    """What some rows say about a sequence: both are better the lower."""

    utility_loss: float
    unfairness: float

    def at(self, lam: float) -> float:
        """The loss at λ."""
        return self.utility_loss + lam * self.unfairness


class Archive:
    """Sequences with their scores: on a first look at few rows, and on a second at more.

    Attributes:
        first: of every sequence.
        second: of those that were looked at again.
    """

    def __init__(self) -> None:
        self.first: dict[Ids, Score] = {}
        self.second: dict[Ids, Score] = {}

    def best(self, lam: float, n: int = 1) -> list[Ids]:
        """The n sequences with the lowest loss at λ on the second look; of equals those found earlier."""
        return sorted(self.second, key=lambda ids: self.second[ids].at(lam))[:n]

    def promising(self, lam: float) -> Ids | None:
        """The sequence that did best at first sight among those seen once, if it did better than the best so far."""
        once = [ids for ids in self.first if ids not in self.second]
        found = min(once, key=lambda ids: self.first[ids].at(lam), default=None)
        if found is None or self.first[found].at(lam) >= self.first[self.best(lam)[0]].at(lam):
            return None
        return found

    def state(self) -> dict[str, Tensor]:
        """For checkpoints: words (n, m), scores (n, 2) of both looks; NaN where there was no second."""
        nothing = (np.nan, np.nan)
        return {
            "words": torch.tensor(list(self.first), dtype=torch.int64),
            "first": torch.tensor([*self.first.values()], dtype=torch.float64),
            "second": torch.tensor([self.second.get(ids, nothing) for ids in self.first], dtype=torch.float64),
            "order": torch.tensor([list(self.first).index(ids) for ids in self.second], dtype=torch.int64),
        }

    def load_state(self, state: object, *, n_words: int, vocabulary: int) -> None:
        """Go on from what `state` returned.

        Args:
            state: as returned.
            n_words: m.
            vocabulary: how many words there are.

        Raises:
            ValueError: it is damaged, or of other words.
        """
        words, first, second, order = (entry(state, name) for name in ("words", "first", "second", "order"))
        n = len(words) if isinstance(words, Tensor) and words.ndim else 0
        if n or not isinstance(words, Tensor):
            check_tensor(words, torch.empty(n, n_words, dtype=torch.int64), "archive.words")
        if n and not 0 <= int(words.min()) <= int(words.max()) < vocabulary:
            raise ValueError("archive.words holds numbers that are no words'")
        scores = torch.empty((n, 2) if n else (0,), dtype=torch.float64)
        check_tensor(first, scores, "archive.first")
        check_tensor(second.nan_to_num() if isinstance(second, Tensor) else second, scores, "archive.second")
        n_second = len(order) if isinstance(order, Tensor) and order.ndim else 0
        check_tensor(order, torch.empty(n_second, dtype=torch.int64), "archive.order")
        if n_second and not 0 <= int(order.min()) <= int(order.max()) < n:
            raise ValueError("archive.order is of other words")
        ids = [tuple(row) for row in words.tolist()]
        self.first = dict(zip(ids, _scores(first)))
        by_number = list(_scores(second))
        self.second = {ids[number]: by_number[number] for number in order.tolist()}


def _scores(values: Tensor) -> Iterator[Score]:
    return (Score(*row) for row in values.tolist())
