"""The base classes of methods: a `Method` learns in a folder and opens the result as a `FittedModel`.

Notation: g groups, m reported values of λ.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Generator, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Generic, Literal, TypeVar

import torch
from pydantic import JsonValue

from fairprog_core.classifiers.base import Classifier, Description
from fairprog_core.common.lam_range import LamRange
from fairprog_core.common.records import Front, TrainingRecord
from fairprog_core.common.types import Groups, Predictions
from fairprog_core.data.base import Split
from fairprog_core.methods import AdversarialOptions, MethodOptions
from fairprog_core.methods.features import Features
from fairprog_core.training.adversary import Adversary
from fairprog_core.training.budget import Budget
from fairprog_core.training.criteria import CriterionOptions
from fairprog_core.training.penalties import PENALTIES, Penalty
from fairprog_core.triggers import TriggerOptions

O_co = TypeVar("O_co", bound=MethodOptions, covariant=True)

LAMS_PER_CALL = 4  # λ predicted in one call at least: they share what does not depend on λ …
ROWS_PER_CALL = 20_000  # … and more of them up to this many predictions: a longer call would hide the progress


class FittedModel(ABC):
    """The result of a method: predicts a split at every λ.

    Attributes:
        about: ``steps``, ``seconds`` and ``best_step`` of the training, and further values of the file's description.
        n_parameters: number of learned parameters per λ.
    """

    about: Description
    n_parameters: int

    @abstractmethod
    def predict(self, split: Split, lam: float) -> Predictions:
        """Predictions for every row of a prepared split at one λ."""

    def predict_batch(self, split: Split, lams: Sequence[float]) -> list[Predictions]:
        """Predictions at several λ, computed in one call."""
        return [self.predict(split, lam) for lam in lams]

    def predict_many(self, split: Split, lams: Sequence[float]) -> Iterator[Predictions]:
        """Yield predictions at every λ, computed for a few λ per call and only once per `cache_key`."""
        first: dict[Hashable, float] = {}
        for lam in lams:
            first.setdefault(self.cache_key(lam), lam)
        remaining, predictions = iter(first.values()), dict[Hashable, Predictions]()
        per_call = max(LAMS_PER_CALL, ROWS_PER_CALL // max(len(split.y), 1))
        for lam in lams:
            if self.cache_key(lam) not in predictions:
                few = list(islice(remaining, per_call))
                predictions |= zip(map(self.cache_key, few), self.predict_batch(split, few), strict=True)
            yield predictions[self.cache_key(lam)]

    def cache_key(self, lam: float) -> Hashable:
        """Equal for two λ only if their predictions are equal."""
        return lam

    def retrained(self, lam: float) -> Classifier | None:
        """The frozen classifier that replaces the base at one λ; None if the base's weights are used."""
        return None

    def files(self, lam: float) -> Mapping[str, Path]:
        """The files with the parameters of this λ, by artifact name."""
        return {}


ValidateFn = Callable[[FittedModel, Sequence[float], Front | None], Front]
"""Scores a fitted model on validation rows at some λ; returns the front of earlier λ (or None) with these appended."""


@dataclass(frozen=True)
class FitContext:
    """Inputs and settings of a method for one curve.

    Attributes:
        classifier: frozen f*.
        features: features of the classifier, cached for all curves.
        base_file: the classifier's file, with weights that are not frozen.
        split: prepared training rows: from the tuning split, or from the split that the method's options name.
        validation: prepared rows for a final selection.
        groups: the g values of Z.
        criterion: which gap counts.
        lam: range of λ and the m reported values.
        seed: for all random numbers.
        budget: of one training.
        device: where to compute.
        folder: of the curve; kept when a run is interrupted and resumed.
        about: JSON values for the description of the written files: hashes, versions, names.
        trigger: options of the trigger; None for methods without one.
        mode: "amortised" (one training for all λ) or "separate" (one per reported λ), if a method can do both.
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
    about: dict[str, JsonValue] = field(default_factory=dict)
    trigger: TriggerOptions | None = None
    mode: Literal["amortised", "separate"] = "amortised"
    identity_words: frozenset[str] = frozenset()


class Method(ABC, Generic[O_co]):
    """A method applied to one curve.

    Attributes:
        options: of the method.
        context: inputs and settings of the curve.
        in_training: the model that learns at the moment, where a look at it changes nothing; None: there is none.
    """

    in_training: FittedModel | None = None

    def __init__(self, options: O_co, context: FitContext) -> None:
        self.options, self.context = options, context

    @property
    def budget(self) -> Budget:
        """Budget of one training, with this method's number of steps."""
        return self.context.budget.of(self.steps)

    @property
    def steps(self) -> int:
        """Steps of one training."""
        return self.context.budget.steps

    @property
    @abstractmethod
    def file(self) -> Path:
        """File or folder of the result."""

    @abstractmethod
    def learn(self, validate: ValidateFn) -> Generator[TrainingRecord, None, None]:
        """Learn and write the result; does nothing for parts that are written already and whole.

        After an interruption, by closing the generator or by the end of the process, a second call resumes with
        identical numbers.

        Args:
            validate: computes the front of a "validation" record.

        Yields:
            A "train" record for every step and "validation" records at intervals, as ``training.loop.fit`` does.
        """

    @abstractmethod
    def open(self) -> FittedModel:
        """Read the result from its file.

        Raises:
            ArtifactError: a file is missing or damaged.
        """


def make_fairness_loss(
    options: AdversarialOptions, *, n_classes: int, groups: Groups, conditions_on_label: bool, device: torch.device
) -> tuple[Adversary, Penalty]:
    """The adversary, to be trained on every batch, and the fairness loss: the adversary itself or a closed form.

    With a closed-form penalty the discriminator is trained for monitoring only.
    """
    adversary = Adversary(
        n_classes=n_classes, groups=groups, conditions_on_label=conditions_on_label,
        learning_rate=options.discriminator_learning_rate, steps=options.discriminator_steps,
        replay=options.replay, device=device,
    )  # fmt: skip
    closed_form = PENALTIES.get(options.penalty)
    if closed_form is None:
        return adversary, adversary
    return adversary, closed_form(n_classes=n_classes, groups=groups, conditions_on_label=conditions_on_label)
