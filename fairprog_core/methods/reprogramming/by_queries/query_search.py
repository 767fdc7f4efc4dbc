"""Search for the words of a hard trigger by queries: as `WordSearch`, with another ranking in place of the gradient's.

A ridge regression of the losses so far on the sum of a sequence's word vectors predicts the loss of a word that was
never tried: words near those that helped come first.

Notation: n sequences, m trigger words, w width of a word vector, v allowed words.
"""

from typing import Any, NamedTuple, Self

import torch
from torch import Tensor

from fairprog_core.classifiers.base import Classifier
from fairprog_core.common.records import Losses
from fairprog_core.data.base import Split
from fairprog_core.methods import QueryReprogramOptions
from fairprog_core.methods.reprogramming.word_archive import Ids
from fairprog_core.methods.reprogramming.word_search import POPULATION, ScoringRows, WordSearch
from fairprog_core.training.resuming import TrainingState
from fairprog_core.triggers import HardOptions

RIDGE = 0.1  # of the mean squared length of the centred vectors


class SearchSize(NamedTuple):
    """How many rows a search sends for what.

    Attributes:
        population: rows sent once without a trigger, from which representative ones are taken.
        first: rows for the first score of a sequence.
        second: rows for the second.
        per_step: rows that a step sends at most.
        n_steps: steps that the queries suffice for if none finds a sequence that deserves a second score.
    """

    population: int
    first: int
    second: int
    per_step: int
    n_steps: int

    @classmethod
    def of(cls, queries: int, trigger: HardOptions, n_rows: int) -> Self:
        """The sizes for a number of queries: those of the trigger's options, or less where queries are few.

        More sequences on fewer rows find more: on the comments 10,000 queries closed half of the gap with 12 rows for
        the first score, and a fifth of it with 36.
        """
        population = min(POPULATION, n_rows, queries // 10)
        first = min(trigger.look_rows, max(queries // 2500, 12))
        second = min(trigger.rows, max(queries // 250, min(queries // 12, 80)))
        looks = trigger.candidates * first
        left = queries - population - first - second
        return cls(population, first, second, looks + second, left // looks if left >= looks + second else 0)


class QuerySearch(WordSearch):
    """One search for the words of a trigger; `step` is called once per step, in order."""

    def __init__(self, options: QueryReprogramOptions, *, classifier: Classifier, split: Split, **setting: Any) -> None:
        self.queries = options.queries
        self.size = SearchSize.of(options.queries, setting["trigger"].options, len(split.y))
        super().__init__(classifier=classifier, split=split, **setting)

    def scoring_rows(self, split: Split) -> list[ScoringRows]:
        return self.rows(split, self.size.first, self.size.second, population=self.size.population)

    def expected_change(self, best: Ids, lam: float, place: int) -> Tensor:
        """What each allowed word (v,) adds to the loss at λ, by a regression of the losses found so far."""
        table = self.trigger.table.double()
        vectors = torch.stack([table[list(ids)].sum(0) for ids in self.archive.first])  # (n, w)
        losses = torch.tensor([score.at(lam) for score in self.archive.first.values()], dtype=torch.float64)
        centred = (vectors - vectors.mean(0)).to(losses)
        ridge = RIDGE * centred.square().sum(1).mean().clamp_min(1e-9) * torch.eye(centred.shape[1]).to(losses)
        slope = torch.linalg.solve(centred.T @ centred + ridge, centred.T @ (losses - losses.mean()))  # (w,)
        change: Tensor = table[self.allowed].to(slope) @ slope
        return change

    def step(self, step: int) -> Losses:
        can_go_on = self._n_sent() + self.size.per_step <= self.queries
        losses = super().step(step) if can_go_on else self.record()
        self.n_queries = losses["queries"] = self._n_sent()
        return losses

    def load_state(self, state: TrainingState) -> None:
        super().load_state(state)
        self.n_queries = self._n_sent()

    def _n_sent(self) -> int:
        """Rows that were sent to learn, those for choosing the representative rows included."""
        first, second = len(self.archive.first) * len(self.first.y), len(self.archive.second) * len(self.second.y)
        return self.size.population + first + second
