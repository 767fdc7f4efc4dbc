"""Search for the words of a hard trigger: try candidates, keep what was found, take the best of it for every λ.

A step takes the best words so far of one λ, tries some that differ from them on a few rows, and looks at the one
that does best again, on more rows. Candidates: words that the gradient ranks first at one place (HotFlip, Ebrahimi
et al. 2018); at one place or several, words near identity words, and words of the best so far of another λ: between
two good trades lie others. The classifier's predictions decide, not the gradient: on the embedded data the ranking
alone seldom finds a better word.

The loss at λ is the cross-entropy + λ · `NATS` · gap², with the gap in closed form (``soft_gap.py``): among few
words there is no smooth path on which a discriminator could lead. The factor gives λ about the meaning that it has
with a discriminator, for which a gap of .16 is worth .08 nats. The square is that of the information for small gaps,
and it reaches the trades in between: with the gap itself, two good trades shut out all that lies just above their line.

Notation: l λ-values, a anchors, m trigger words, w width of a word vector, v allowed words, c classes.
"""

import math
from itertools import chain
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from fairprog_core.classifiers.base import Classifier
from fairprog_core.classifiers.predict import predict
from fairprog_core.common.records import Losses
from fairprog_core.common.types import Groups
from fairprog_core.data.base import Split
from fairprog_core.methods import ReprogramOptions
from fairprog_core.methods.reprogramming.representative_rows import margins, representative_rows
from fairprog_core.methods.reprogramming.word_archive import Archive, Ids, Score
from fairprog_core.training.criteria import CriterionOptions
from fairprog_core.training.differentiable_gap import DifferentiableGap
from fairprog_core.training.resuming import entry, load_module
from fairprog_core.triggers.hard import Hard
from fairprog_core.triggers.text import allowed_words, cosines

POPULATION = 1500  # rows for which a few typical ones stand
NATS = 3.0  # per squared gap: about I(Z; logits | Y) at a gap of .16, over 112 sequences of words on the comments


class WordSearch:
    """One search for the words of a trigger; `step` is called once per step, in order."""

    def __init__(
        self,
        options: ReprogramOptions,
        *,
        classifier: Classifier,
        trigger: Hard,
        criterion: CriterionOptions,
        groups: Groups,
        split: Split,
        steps: int,
        seed: int,
        lam: float | None = None,
        device: torch.device,
        identity_words: frozenset[str] = frozenset(),
    ) -> None:
        """Draw the rows and the words that are tried.

        Args:
            options: of the method; what is drawn and learned here is the trigger's own.
            classifier: frozen f*.
            trigger: untrained, bound to the classifier; its words are set in place.
            criterion: which gap counts.
            groups: the g values of Z.
            split: tuning rows that the classifier never saw.
            steps: not needed: a search has no schedule.
            seed: of every draw.
            lam: search for this λ alone instead of for the trigger's anchors.
            device: where to compute.
            identity_words: words that name a group; candidates come from near them.
        """
        self.classifier, self.trigger = classifier, trigger.to(device)
        self.lams = trigger.scale.anchor_lams if lam is None else (lam,)
        self.seed, self.n_groups = seed, len(groups.names)
        self.criterion, self.groups = criterion, groups
        self.first, self.second = self.rows(split, trigger.options.look_rows, trigger.options.rows)
        self.allowed, self.pool = self._vocabulary(identity_words)
        self.archive = Archive()

    def rows(self, split: Split, *n: int) -> "list[ScoringRows]":
        """So many typical rows of a split as a judge of words, for each of n."""
        split = split.evenly(POPULATION, seed=self.seed)
        margin = margins(self.classifier, split)
        parts = [representative_rows(split, margin, each) for each in n]
        gaps = [DifferentiableGap(part, groups=self.groups, criterion=self.criterion) for part in parts]
        return [ScoringRows(part, gap, self.classifier, self.trigger) for part, gap in zip(parts, gaps)]

    def step(self, step: int) -> Losses:
        """Try candidates for the λ of this step.

        Returns:
            utility_loss and fairness_loss (nats) of the best words so far, means over all λ; the second is minus
            the loss of a discriminator that such a gap allows. discriminator_accuracy: how often the group is
            guessed right from one prediction, were the groups equally frequent; (1 + gap) / g. chance: 1 / g.
        """
        rng = np.random.default_rng((self.seed, step))
        if not self.archive.first:
            self._look_twice((*self.trigger.start_ids.tolist(),))
        lam = self.lams[self._turn(step)]
        for ids in self.candidates(self.archive.best(lam)[0], lam, rng):
            self.archive.first[ids] = self.first.score(ids)
        if (found := self.archive.promising(lam)) is not None:
            self._look_twice(found)
        self._choose({each: self.archive.best(each)[0] for each in self.lams})
        return self._record()

    def candidates(self, best: Ids, lam: float, rng: np.random.Generator) -> list[Ids]:
        """Sequences that were never tried and differ from the best one."""
        n = self.trigger.options.candidates
        found = self._ranked(best, lam, int(rng.integers(len(best))), n - 2 * (n // 3))
        for _ in range(n // 3):
            other = self.archive.best(float(rng.choice(self.lams)))[0]
            for words in (rng.choice(self.pool, len(best)), np.array(other)):
                is_new = rng.permutation(len(best)) < rng.integers(1, len(best) + 1)
                found.append((*np.where(is_new, words, best).tolist(),))
        return [ids for ids in dict.fromkeys(found) if ids not in self.archive.first]

    def finish(self, split: Split) -> None:
        """For every λ compare the best sequences on validation rows, and keep the one that does best there."""
        options = self.trigger.options
        (rows,) = self.rows(split, options.final_rows)
        finalists = {lam: self.archive.best(lam, options.finalists) for lam in self.lams}
        scores = {ids: rows.score(ids) for ids in dict.fromkeys(chain.from_iterable(finalists.values()))}
        self._choose({lam: min(best, key=lambda ids: scores[ids].at(lam)) for lam, best in finalists.items()})

    def state(self) -> dict[str, Any]:
        """All that the next step depends on, besides (seed, step): for checkpoints."""
        return {"learned": self.trigger.state_dict(), "archive": self.archive.state()}

    def load_state(self, state: dict[str, Any]) -> None:
        """Go on from what `state` returned.

        Raises:
            ValueError: it is the state of another search, or damaged.
        """
        load_module(self.trigger, entry(state, "learned"), "learned")
        self.archive.load_state(
            entry(state, "archive"), n_words=self.trigger.options.n_words, vocabulary=len(self.trigger.table)
        )

    def _turn(self, step: int) -> int:
        """Which λ a step is for: each once in l steps, in an order that is drawn anew."""
        turns, n = divmod(step, len(self.lams))
        return int(np.random.default_rng((self.seed, turns, 1)).permutation(len(self.lams))[n])

    def _vocabulary(self, identity_words: frozenset[str]) -> tuple[Tensor, list[int]]:
        """The allowed words (v,), and those among them near the identity words; any, where none is known."""
        words: dict[str, int] = self.classifier.words  # type: ignore[assignment]
        allowed, n = torch.tensor(allowed_words(words, self.trigger.options)), self.trigger.options.pool
        named = [words[word] for word in sorted(identity_words) if word in words]
        if named:
            closeness = cosines(self.trigger.table[allowed], self.trigger.table[named]).amax(1)
            near = closeness.argsort(descending=True, stable=True)[:n].cpu()
        else:
            near = torch.randperm(len(allowed), generator=torch.Generator().manual_seed(self.seed))[:n]
        return allowed, allowed[near].tolist()

    def _ranked(self, best: Ids, lam: float, place: int, n: int) -> list[Ids]:
        """The n words that by the gradient lower the loss most at one place, in the best sequence."""
        change = self.trigger.table[self.allowed] @ self.first.gradient(best, lam)[place]  # (v,)
        words = self.allowed[change.cpu().argsort(stable=True)].tolist()
        found = ((*best[:place], word, *best[place + 1 :]) for word in words)
        new = (ids for ids in found if ids not in self.archive.first)
        return [ids for ids, _ in zip(new, range(n))]

    def _look_twice(self, ids: Ids) -> None:
        self.archive.first.setdefault(ids, self.first.score(ids))
        self.archive.second[ids] = self.second.score(ids)

    def _choose(self, words: dict[float, Ids]) -> None:
        for lam, ids in words.items():
            self.trigger.choose(int(self.trigger.scale.nearest(torch.tensor([lam]))), ids)

    def _record(self) -> Losses:
        scores = [self.archive.second[self.archive.best(lam)[0]] for lam in self.lams]
        utility, unfairness = (float(np.mean(values)) for values in zip(*scores))
        gap = float(np.mean([math.sqrt(score.unfairness / NATS) for score in scores]))
        return {
            "utility_loss": utility,
            "fairness_loss": unfairness - math.log(self.n_groups),
            "discriminator_accuracy": (1 + gap) / self.n_groups,
            "chance": 1 / self.n_groups,
        }


class ScoringRows:
    """Rows that say how good words are."""

    def __init__(self, split: Split, gap: DifferentiableGap, classifier: Classifier, trigger: Hard) -> None:
        self.split, self.gap, self.classifier, self.trigger = split, gap, classifier, trigger
        self.y = torch.from_numpy(split.y)
        self.weight = torch.from_numpy(split.weight).float()

    def score(self, ids: Ids) -> Score:
        """What the classifier does behind these words."""
        behind = self.trigger.with_words(ids).wrap(self.classifier, lam=0.0)
        logits = torch.from_numpy(predict(behind, self.split).logits)
        utility, unfairness = self._losses(logits)
        return Score(utility.item(), unfairness.item())

    def gradient(self, ids: Ids, lam: float) -> Tensor:
        """Of the loss at λ by the vectors of the words (m, w)."""
        words = self.trigger.with_words(ids)
        words.start.requires_grad_()
        logits = self.classifier(words(self.classifier.to_input(self.split.x), 0.0))
        utility, unfairness = self._losses(logits)
        (gradient,) = torch.autograd.grad(utility + lam * unfairness, words.start)
        return gradient

    def _losses(self, logits: Tensor) -> tuple[Tensor, Tensor]:
        """Cross-entropy in the natural mix, and unfairness, in nats, of logits (n, c)."""
        logits = logits.cpu()
        utility = F.cross_entropy(logits, self.y, reduction="none") * self.weight
        return utility.mean(), NATS * self.gap(logits).square()
