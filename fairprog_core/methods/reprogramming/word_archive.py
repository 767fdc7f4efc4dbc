"""All that a search for words has tried, kept so that every λ takes the best of it.

The logits behind a sequence of words do not depend on λ: what was tried for one λ is there for all.

Notation: n sequences, m words of a sequence.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

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

    def load_state(self, state: dict[str, Tensor]) -> None:
        """Go on from what `state` returned."""
        ids = [tuple(row) for row in state["words"].tolist()]
        self.first = dict(zip(ids, _scores(state["first"])))
        second = list(_scores(state["second"]))
        self.second = {ids[number]: second[number] for number in state["order"].tolist()}


def _scores(values: Tensor) -> Iterator[Score]:
    return (Score(*row) for row in values.tolist())
