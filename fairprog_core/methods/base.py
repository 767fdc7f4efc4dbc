"""What every method offers that learns: it works in a folder, and leaves predictions for every λ.

Notation: n rows, d features, c classes, m reported values of λ.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Generator, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, Literal

import torch

from fairprog_core.classifiers.base import Classifier
from fairprog_core.common.lam_range import LamRange
from fairprog_core.common.records import Front, TrainingRecord
from fairprog_core.common.types import Groups, Predictions
from fairprog_core.data.base import Split
from fairprog_core.methods import AdversarialOptions
from fairprog_core.methods.features import Features
from fairprog_core.training.adversary import Adversary
from fairprog_core.training.budget import Budget
from fairprog_core.training.criteria import CriterionOptions
from fairprog_core.training.penalties import PENALTIES, Penalty

TOGETHER = 4  # λ that are asked together: more would share little more, and nobody would see how far it is


class FittedModel(ABC):
    """What was learned: predictions for every λ.

    Attributes:
        about: ``steps``, ``seconds`` and ``best_step`` of its training, and what else its file says.
        n_parameters: how many numbers were learned for one λ.
    """

    about: dict[str, Any]
    n_parameters: int

    @abstractmethod
    def predict(self, split: Split, lam: float) -> Predictions:
        """What is said about every row of a prepared split at one λ."""

    def predict_batch(self, split: Split, lams: Sequence[float]) -> list[Predictions]:
        """As `predict`, at several λ together."""
        return [self.predict(split, lam) for lam in lams]

    def predict_many(self, split: Split, lams: Sequence[float]) -> Iterator[Predictions]:
        """As `predict`, λ after λ: a few are asked together, and those with the same predictions once."""
        first: dict[Hashable, float] = {}
        for lam in lams:
            first.setdefault(self.cache_key(lam), lam)
        waiting, said = iter(first.values()), dict[Hashable, Predictions]()
        for lam in lams:
            if self.cache_key(lam) not in said:
                few = list(islice(waiting, TOGETHER))
                said |= zip(map(self.cache_key, few), self.predict_batch(split, few), strict=True)
            yield said[self.cache_key(lam)]

    def cache_key(self, lam: float) -> Hashable:
        """The same for two λ only where the predictions are."""
        return lam

    def retrained(self, lam: float) -> Classifier | None:
        """The classifier that stands in the base's place at one λ, frozen; None where the base's weights are used."""
        return None

    def files(self, lam: float) -> Mapping[str, Path]:
        """The files that hold this λ, as the artifacts of its point name them."""
        return {}


ValidateFn = Callable[[FittedModel, Sequence[float], Front | None], Front]
"""Scores a fitted model on validation rows at some λ; appends to the front of those that are done."""


@dataclass(frozen=True)
class FitContext:
    """What one curve asks of a method.

    Attributes:
        classifier: frozen f*.
        features: what its last layer reads, kept for all curves.
        base_file: its weights as they were saved, not frozen.
        split: prepared rows to learn from: the tuning split, or what the method's options say.
        validation: prepared rows by which something may be chosen at last.
        groups: the g values of Z.
        criterion: which gap counts.
        lam: range of λ and the m reported values.
        seed: of every draw.
        budget: of one training.
        device: where to compute.
        folder: of the curve; whatever is written into it is found again after an interruption.
        about: JSON values for the description of what is learned: hashes, versions, names.
        trigger: options of the trigger; None where a method has none.
        mode: "amortised" (one training for every λ) or "separate", where a method can do either.
        identity_words: words that name a group, in lower case.
    """

    classifier: Classifier
    features: Features
    base_file: Path
    split: Split
    validation: Split
    groups: Groups
    criterion: CriterionOptions
    lam: LamRange
    seed: int
    budget: Budget
    device: torch.device
    folder: Path
    about: dict[str, Any] = field(default_factory=dict)
    trigger: Any = None
    mode: Literal["amortised", "separate"] = "amortised"
    identity_words: frozenset[str] = frozenset()


class Method(ABC):
    """A method at work on one curve.

    Attributes:
        options: of the method.
        context: the curve.
    """

    def __init__(self, options: Any, context: FitContext) -> None:
        self.options, self.context = options, context

    @property
    def budget(self) -> Budget:
        """Of one training, as it decides what is learned."""
        return self.context.budget.of(self.steps)

    @property
    def steps(self) -> int:
        """Steps of one training."""
        return self.context.budget.steps

    @property
    @abstractmethod
    def file(self) -> Path:
        """The file or folder that holds what was learned."""

    @abstractmethod
    def learn(self, validate: ValidateFn) -> Generator[TrainingRecord, None, None]:
        """Learn what is not learned yet, and write it down.

        Interrupted anywhere, by closing it or by the end of the process, and called again, it goes on with
        the same numbers.

        Args:
            validate: makes the "validation" records.

        Yields:
            "train" records for every step and "validation" records now and then, as ``training.fit`` does.
        """

    @abstractmethod
    def open(self) -> FittedModel:
        """What was learned, read from its file.

        Raises:
            ArtifactError: a file is missing or damaged.
        """


def make_fairness_loss(
    options: AdversarialOptions, *, n_classes: int, groups: Groups, conditions_on_label: bool, device: torch.device
) -> tuple[Adversary, Penalty]:
    """The adversary, which is to learn from every batch, and the fairness loss: the adversary itself or a closed form.

    Beside a closed form the adversary looks on, and tells how well the group can still be read.
    """
    what: dict[str, Any] = {"n_classes": n_classes, "groups": groups, "conditions_on_label": conditions_on_label}
    adversary = Adversary(
        **what, learning_rate=options.discriminator_learning_rate, steps=options.discriminator_steps,
        replay=options.replay, device=device,
    )  # fmt: skip
    closed = PENALTIES.get(options.penalty)
    return adversary, closed(**what) if closed else adversary
