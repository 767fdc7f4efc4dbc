"""Search for the words of a hard trigger: score candidates, archive them, and take the best for every λ.

A step takes the best sequence of one λ, scores variants of it on few rows, and scores the most promising one again on
more rows. Variants replace one word by words that the gradient ranks first (HotFlip, Ebrahimi et al. 2018), or one or
more words by words near identity words or by words from the best sequence of another λ: good trade-offs often lie
between two others. Predictions decide, not the gradient: on the shipped data the gradient ranking alone seldom finds
a better word.

The loss at λ is cross-entropy + λ · `NATS` · gap², with a differentiable gap (``training/differentiable_gap.py``);
a discriminator would not help, as there is no smooth path from word to word. The factor gives λ about the same meaning
as with a discriminator, for which a gap of .16 is worth .08 nats. The square matches the mutual information for small
gaps, and it finds intermediate trade-offs: with the gap itself, every trade-off just above the line between two others
would be lost.

Notation: l λ-values, a anchors, m trigger words, w width of a word vector, v allowed words, c classes.
"""

import math
from itertools import chain

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from fairprog_core.classifiers.base import Classifier
from fairprog_core.classifiers.predict import predict
from fairprog_core.common.records import Losses
from fairprog_core.common.types import Groups
from fairprog_core.data.base import Split
from fairprog_core.methods.reprogramming.representative_rows import margins, representative_rows
from fairprog_core.methods.reprogramming.word_archive import Archive, Ids, Score
from fairprog_core.training.criteria import CriterionOptions
from fairprog_core.training.differentiable_gap import DifferentiableGap
from fairprog_core.training.resuming import TrainingState, entry, load_module
from fairprog_core.triggers.hard import Hard
from fairprog_core.triggers.text import allowed_words, cosines

POPULATION = 1500  # rows from which the representative ones are taken
NATS = 3.0  # per squared gap: about I(Z; logits | Y) at a gap of .16, over 112 word sequences on the comments


class WordSearch:
    """One search for the words of a trigger; `step` is called once per step, in order."""

    n_queries: int | None = None  # rows sent to learn, where only answers are known

    def __init__(
        self,
        *,
        classifier: Classifier,
        trigger: Hard,
        criterion: CriterionOptions,
        groups: Groups,
        split: Split,
        seed: int,
        lam: float | None = None,
        device: torch.device,
        identity_words: frozenset[str] = frozenset(),
    ) -> None:
        """Choose the rows for scoring and the vocabulary for candidates.

        Args:
            classifier: frozen f*.
            trigger: untrained, attached to the classifier; its options are the settings of the search, and its words
                are set in place.
            criterion: decides which gap to close.
            groups: the g values of Z.
            split: tuning rows, which the classifier was not trained on.
            seed: for all random numbers.
            lam: search for this λ only instead of for the trigger's anchors.
            device: where to compute.
            identity_words: words that name a group; the candidates include words near them.
        """
        self.classifier, self.trigger = classifier, trigger.to(device)
        self.lams = trigger.scale.anchor_lams if lam is None else (lam,)
        self.seed, self.n_groups = seed, len(groups.names)
        self.criterion, self.groups = criterion, groups
        self.first, self.second = self.scoring_rows(split)
        self.allowed, self.pool = self._vocabulary(identity_words)
        self.archive = Archive()

    def scoring_rows(self, split: Split) -> "list[ScoringRows]":
        """The rows for the first and the second score."""
        return self.rows(split, self.trigger.options.look_rows, self.trigger.options.rows)

    def rows(self, split: Split, *n: int, population: int = POPULATION) -> "list[ScoringRows]":
        """Representative rows of a split for scoring, one set for each number of rows in ``n``."""
        split = split.evenly(population, seed=self.seed)
        margin = margins(self.classifier, split)
        parts = [representative_rows(split, margin, each) for each in n]
        gaps = [DifferentiableGap(part, groups=self.groups, criterion=self.criterion) for part in parts]
        return [ScoringRows(part, gap, self.classifier, self.trigger) for part, gap in zip(parts, gaps)]

    def step(self, step: int) -> Losses:
        """Score candidates for the λ of this step.

        Returns:
            utility_loss and fairness_loss (nats) of the best sequences so far, means over all λ; fairness_loss is
            minus the loss that a discriminator would have at such a gap. discriminator_accuracy: the accuracy of
            predicting the group from one prediction if all groups were equally frequent, (1 + gap) / g. chance: 1 / g.
        """
        rng = np.random.default_rng((self.seed, step))
        if not self.archive.first:
            self._score_again((*self.trigger.start_ids.tolist(),))
        lam = self.lams[self._lam_index(step)]
        for ids in self.candidates(self.archive.best(lam)[0], lam, rng):
            self.archive.first[ids] = self.first.score(ids)
        if (found := self.archive.promising(lam)) is not None:
            self._score_again(found)
        self._choose({each: self.archive.best(each)[0] for each in self.lams})
        return self.record()

    def candidates(self, best: Ids, lam: float, rng: np.random.Generator) -> list[Ids]:
        """Variants of the best sequence that have no score yet."""
        n = self.trigger.options.candidates
        variants = self.ranked(best, lam, int(rng.integers(len(best))), n - 2 * (n // 3))
        for _ in range(n // 3):
            other = self.archive.best(float(rng.choice(self.lams)))[0]
            for words in (rng.choice(self.pool, len(best)), np.array(other)):
                is_new = rng.permutation(len(best)) < rng.integers(1, len(best) + 1)
                variants.append((*np.where(is_new, words, best).tolist(),))
        return [ids for ids in dict.fromkeys(variants) if ids not in self.archive.first]

    def finish(self, split: Split) -> None:
        """For every λ score the best sequences on validation rows and choose the best of them."""
        options = self.trigger.options
        (rows,) = self.rows(split, options.final_rows)
        finalists = {lam: self.archive.best(lam, options.finalists) for lam in self.lams}
        scores = {ids: rows.score(ids) for ids in dict.fromkeys(chain.from_iterable(finalists.values()))}
        self._choose({lam: min(best, key=lambda ids: scores[ids].at(lam)) for lam, best in finalists.items()})

    def state(self) -> TrainingState:
        """Everything that the next step depends on besides (seed, step), for checkpoints."""
        return {"learned": self.trigger.state_dict(), "archive": self.archive.state()}

    def load_state(self, state: TrainingState) -> None:
        """Restore what `state` returned.

        Raises:
            ValueError: it is the state of another search, or damaged.
        """
        load_module(self.trigger, entry(state, "learned"), "learned")
        self.archive.load_state(
            entry(state, "archive"), n_words=self.trigger.options.n_words, vocabulary=len(self.trigger.table)
        )

    def _lam_index(self, step: int) -> int:
        """Index of the λ of a step: every λ once in l steps, in a new random order each time."""
        round_, n = divmod(step, len(self.lams))
        return int(np.random.default_rng((self.seed, round_, 1)).permutation(len(self.lams))[n])

    def _vocabulary(self, identity_words: frozenset[str]) -> tuple[Tensor, list[int]]:
        """The allowed words (v,), and those near identity words; random ones if the vocabulary has no identity word."""
        words: dict[str, int] = self.classifier.words  # type: ignore[assignment]
        allowed, n = torch.tensor(allowed_words(words, self.trigger.options)), self.trigger.options.pool
        identity = [words[word] for word in sorted(identity_words) if word in words]
        if identity:
            similarity = cosines(self.trigger.table[allowed], self.trigger.table[identity]).amax(1)
            near = similarity.argsort(descending=True, stable=True)[:n].cpu()
        else:
            near = torch.randperm(len(allowed), generator=torch.Generator().manual_seed(self.seed))[:n]
        return allowed, allowed[near].tolist()

    def ranked(self, best: Ids, lam: float, place: int, n: int) -> list[Ids]:
        """The best sequence with each of the n words at ``place`` that promise to lower the loss most."""
        change = self.expected_change(best, lam, place)
        words = self.allowed[change.cpu().argsort(stable=True)].tolist()
        sequences = ((*best[:place], word, *best[place + 1 :]) for word in words)
        new = (ids for ids in sequences if ids not in self.archive.first)
        return [ids for ids, _ in zip(new, range(n))]

    def expected_change(self, best: Ids, lam: float, place: int) -> Tensor:
        """What each allowed word (v,) at ``place`` of the best sequence adds to its loss at λ, by its gradient."""
        return self.trigger.table[self.allowed] @ self.first.gradient(best, lam)[place]

    def _score_again(self, ids: Ids) -> None:
        """Give a sequence its second score."""
        self.archive.first.setdefault(ids, self.first.score(ids))
        self.archive.second[ids] = self.second.score(ids)

    def _choose(self, words: dict[float, Ids]) -> None:
        """Set the trigger's words for every λ."""
        for lam, ids in words.items():
            self.trigger.choose(int(self.trigger.scale.nearest(torch.tensor([lam]))), ids)

    def record(self) -> Losses:
        """The losses of the best sequences so far, as `step` returns them."""
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
    """Rows on which words are scored."""

    def __init__(self, split: Split, gap: DifferentiableGap, classifier: Classifier, trigger: Hard) -> None:
        self.split, self.gap, self.classifier, self.trigger = split, gap, classifier, trigger
        self.y = torch.from_numpy(split.y)
        self.weight = torch.from_numpy(split.weight).float()

    def score(self, ids: Ids) -> Score:
        """Losses of the classifier with these words."""
        reprogrammed = self.trigger.with_words(ids).before(self.classifier, 0.0)
        logits = torch.from_numpy(predict(reprogrammed, self.split).logits)
        utility, unfairness = self._losses(logits)
        return Score(utility.item(), unfairness.item())

    def gradient(self, ids: Ids, lam: float) -> Tensor:
        """Gradient (m, w) of the loss at λ with respect to the word vectors."""
        words = self.trigger.with_words(ids)
        words.start.requires_grad_()
        logits = self.classifier(words(self.classifier.to_input(self.split.x), 0.0))
        utility, unfairness = self._losses(logits)
        (gradient,) = torch.autograd.grad(utility + lam * unfairness, words.start)
        return gradient

    def _losses(self, logits: Tensor) -> tuple[Tensor, Tensor]:
        """Cross-entropy in the natural mix and unfairness of logits (n, c), both in nats."""
        logits = logits.cpu()
        utility = F.cross_entropy(logits, self.y, reduction="none") * self.weight
        return utility.mean(), NATS * self.gap(logits).square()
