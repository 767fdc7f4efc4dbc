"""Methods that solve for the whole curve without training steps; one file holds all λ.

Notation: n rows, d features, c classes.
"""

import time
from abc import abstractmethod
from collections.abc import Callable, Generator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, cast

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from pydantic import Field, JsonValue
from torch import Tensor, nn

from fairprog_core.classifiers.base import Classifier, Description
from fairprog_core.classifiers.predict import predictions_of
from fairprog_core.common.errors import ArtifactError
from fairprog_core.common.files.json_values import damaged, parse_header
from fairprog_core.common.files.model_file import (
    RUN_AGAIN,
    TrainingCosts,
    find_damage,
    misfit,
    read_learned,
    write_learned,
)
from fairprog_core.common.home import is_whole
from fairprog_core.common.records import TrainingRecord, validation_record
from fairprog_core.common.types import Predictions
from fairprog_core.data.base import Split
from fairprog_core.methods.base import FitContext, FittedModel, Method, O_co, ValidateFn
from fairprog_core.methods.features import Features
from fairprog_core.training.differentiable_gap import DifferentiableGap
from fairprog_core.training.eager import EagerLBFGS


class ClosedForm(Method[O_co]):
    """Solves, writes one file and validates once; subclasses define `find`.

    All of them use the features of their rows, which the curves of one attempt share. Each curve's seconds include the
    time to compute the features, so that its cost does not depend on which curve came first.
    """

    @property
    def steps(self) -> int:
        return 1

    @property
    def file(self) -> Path:
        return self.context.folder / "learned.safetensors"

    @abstractmethod
    def find(self) -> tuple[dict[str, Tensor], dict[str, JsonValue]]:
        """Solve for every reported λ; returns tensors and JSON values for the file."""

    def learn(self, validate: ValidateFn) -> Generator[TrainingRecord, None, None]:
        if is_whole(self.file, find_damage):
            return
        feature_seconds = self.context.features.seconds(self.context.split)
        started = time.perf_counter()
        tensors, values = self.find()
        about = {
            "steps": self.steps,
            "best_step": self.steps,
            "seconds": feature_seconds + time.perf_counter() - started,
        }
        write_learned(self.file, tensors, **about, **values, **self.context.about)
        front = validate(self.open(), self.context.lam.grid, None)
        record = validation_record(front, step=self.steps, is_best=True)
        record["steps"] = self.steps
        yield record


class Objective:
    """Cross-entropy + λ · gap² of logits on the training rows."""

    def __init__(self, context: FitContext, weight: NDArray[np.float64]) -> None:
        """Prepare the rows of a curve.

        Args:
            context: of the curve.
            weight: (n,) of the rows in the cross-entropy, with mean 1.
        """
        self.gap = DifferentiableGap(context.split, groups=context.groups, criterion=context.criterion)
        self.y, self.weight = torch.from_numpy(context.split.y), torch.from_numpy(weight).float()

    def __call__(self, logits: Tensor, lam: float) -> Tensor:
        """Logits (n, c) -> the loss, in nats."""
        utility = (F.cross_entropy(logits, self.y, reduction="none") * self.weight).mean()
        return utility + lam * self.gap(logits) ** 2 if lam else utility


def lbfgs(loss: Callable[[], Tensor], parameters: Sequence[Tensor], *, steps: int = 200) -> None:
    """Minimise a loss over parameters, in place, by L-BFGS with line search; at most ``steps`` iterations."""
    for value in parameters:
        value.requires_grad_(True)
    solver = EagerLBFGS(parameters, max_iter=steps, history_size=20, tolerance_grad=1e-6, line_search_fn="strong_wolfe")

    def closure() -> float:
        solver.zero_grad()
        value = loss()
        torch.autograd.backward(value)
        return value.item()

    solver.step(closure)  # type: ignore[no-untyped-call]
    for value in parameters:
        value.requires_grad_(False)


class LinearHead(NamedTuple):
    """An affine map from features to logits: weight (c, d), bias (c,)."""

    weight: Tensor
    bias: Tensor

    @classmethod
    def of(cls, classifier: Classifier) -> "LinearHead":
        """The last layer of a classifier, copied to the CPU; an identity if it has none."""
        layer = classifier.head
        if isinstance(layer, nn.Identity):  # a program that shows no layers: its features are its logits
            return cls(torch.eye(classifier.n_classes), torch.zeros(classifier.n_classes))
        layer = cast(nn.Linear, layer)
        return cls(*(value.detach().cpu().clone() for value in (layer.weight, layer.bias)))

    def __call__(self, features: Tensor) -> Tensor:
        """Features (n, d) -> logits (n, c)."""
        return features @ self.weight.T + self.bias


class LinearHeads(FittedModel):
    """A last layer for every reported λ."""

    def __init__(
        self,
        heads: Sequence[LinearHead],
        lams: Sequence[float],
        features: Features,
        *,
        file: Path,
        about: Description,
    ) -> None:
        self.heads, self.lams, self.features, self.file, self.about = list(heads), list(lams), features, file, about
        self.n_parameters = about["n_parameters"]

    def predict(self, split: Split, lam: float) -> Predictions:
        return predictions_of(split, self.heads[self.lams.index(lam)](self.features.of(split)).numpy())

    def files(self, lam: float) -> Mapping[str, Path]:
        return {"learned": self.file}


class HeadsHeader(TrainingCosts):
    """The description in the file of last layers.

    Attributes:
        n_parameters: number of learned parameters per λ.
    """

    n_parameters: int = Field(ge=0)


class LinearHeadMethod(ClosedForm[O_co]):
    """Solves for a last layer at every reported λ; subclasses define `solve`."""

    @abstractmethod
    def solve(self, features: Tensor) -> list[LinearHead]:
        """A last layer for every reported λ, from the features (n, d) of the training rows."""

    @property
    @abstractmethod
    def n_parameters(self) -> int:
        """Number of learned parameters per λ."""

    @property
    def base(self) -> LinearHead:
        """The last layer of the frozen classifier."""
        return LinearHead.of(self.context.classifier)

    def find(self) -> tuple[dict[str, Tensor], dict[str, JsonValue]]:
        heads = self.solve(self.context.features.of(self.context.split))
        tensors = {name: torch.stack([getattr(head, name) for head in heads]) for name in LinearHead._fields}
        return tensors, {"n_parameters": self.n_parameters}

    def open(self) -> LinearHeads:
        tensors, about = read_learned(self.file)
        parse_header(HeadsHeader, about, path=self.file, remedy=RUN_AGAIN)
        n_lams = len(self.context.lam.grid)
        expected = {name: value.expand(n_lams, *value.shape) for name, value in self.base._asdict().items()}
        if reason := misfit(tensors, expected):
            raise ArtifactError(damaged(self.file, f"for {n_lams} values of λ, {reason}", RUN_AGAIN))
        heads = [LinearHead(*values) for values in zip(*(tensors[name] for name in LinearHead._fields))]
        return LinearHeads(heads, self.context.lam.grid, self.context.features, file=self.file, about=about)
