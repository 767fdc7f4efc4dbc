"""Methods whose curve is solved for at once, without steps: all λ lie in one file."""

import time
from abc import abstractmethod
from collections.abc import Callable, Generator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, cast

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from pydantic import Field
from torch import Tensor, nn

from fairprog_core.classifiers.base import Classifier
from fairprog_core.classifiers.predict import predictions_of
from fairprog_core.common.errors import ArtifactError
from fairprog_core.common.files.json_values import damaged, parse_header
from fairprog_core.common.files.model_file import RUN_AGAIN, TrainingCosts, misfit, read_learned, write_learned
from fairprog_core.common.records import TrainingRecord, validation_record
from fairprog_core.common.types import Predictions
from fairprog_core.data.base import Split
from fairprog_core.methods.base import FitContext, FittedModel, Method, ValidateFn
from fairprog_core.methods.features import Features
from fairprog_core.training.differentiable_gap import DifferentiableGap


class ClosedForm(Method):
    """Solves, writes one file and looks once; subclasses say what is found.

    All of them learn from the features of their rows, which the curves of one sitting share; each is charged the
    seconds of these, as what a method takes must not depend on who came first.
    """

    @property
    def steps(self) -> int:
        return 1

    @property
    def file(self) -> Path:
        return self.context.folder / "learned.safetensors"

    @abstractmethod
    def find(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        """What is learned from the rows of the task, for every reported λ: tensors and JSON values."""

    def learn(self, validate: ValidateFn) -> Generator[TrainingRecord, None, None]:
        if self.file.exists():
            return
        shared = self.context.features.seconds(self.context.split)
        started = time.perf_counter()
        tensors, values = self.find()
        about = {"steps": self.steps, "best_step": self.steps, "seconds": shared + time.perf_counter() - started}
        write_learned(self.file, tensors, **about, **values, **self.context.about)
        found = validate(self.open(), self.context.lam.grid, None)
        record = validation_record(found, step=self.steps, is_best=True)
        record["steps"] = self.steps
        yield record


class Objective:
    """The loss at a λ of logits of the rows to learn from."""

    def __init__(self, context: FitContext, weight: NDArray[np.float64]) -> None:
        """Prepare the rows of a task; ``weight`` (n,) is theirs in the cross-entropy, mean one."""
        self.gap = DifferentiableGap(context.split, groups=context.groups, criterion=context.criterion)
        self.y, self.weight = torch.from_numpy(context.split.y), torch.from_numpy(weight).float()

    def __call__(self, logits: Tensor, lam: float) -> Tensor:
        """Logits (n, c) -> the loss, in nats."""
        utility = (F.cross_entropy(logits, self.y, reduction="none") * self.weight).mean()
        return utility + lam * self.gap(logits) ** 2 if lam else utility


def lbfgs(loss: Callable[[], Tensor], parameters: Sequence[Tensor], *, steps: int = 200) -> None:
    """Move parameters, in place, to a minimum of a loss: L-BFGS with line search."""
    for value in parameters:
        value.requires_grad_(True)
    solver = torch.optim.LBFGS(
        parameters, max_iter=steps, history_size=20, tolerance_grad=1e-6, line_search_fn="strong_wolfe"
    )

    def closure() -> float:
        solver.zero_grad()
        found = loss()
        torch.autograd.backward(found)
        return found.item()

    solver.step(closure)  # type: ignore[no-untyped-call]
    for value in parameters:
        value.requires_grad_(False)


class LinearHead(NamedTuple):
    """An affine map from features to logits: weight (c, d), bias (c,)."""

    weight: Tensor
    bias: Tensor

    @classmethod
    def of(cls, classifier: Classifier) -> "LinearHead":
        """The classifier's own."""
        layer = cast(nn.Linear, classifier.head)
        return cls(*(value.detach().cpu().clone() for value in (layer.weight, layer.bias)))

    def __call__(self, features: Tensor) -> Tensor:
        """(n, d) -> (n, c)."""
        return features @ self.weight.T + self.bias


class LinearHeads(FittedModel):
    """One last layer per reported λ."""

    def __init__(
        self,
        heads: Sequence[LinearHead],
        lams: Sequence[float],
        features: Features,
        *,
        file: Path,
        about: dict[str, Any],
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
        n_parameters: how many numbers were learned for one λ.
    """

    n_parameters: int = Field(ge=0)


class LinearHeadMethod(ClosedForm):
    """Solves for the last layer of every reported λ; subclasses say how."""

    @abstractmethod
    def solve(self, features: Tensor) -> list[LinearHead]:
        """The last layers for the λ of the task, from the features (n, d) of the rows to learn from."""

    @property
    @abstractmethod
    def n_parameters(self) -> int:
        """How many numbers are learned for one λ."""

    @property
    def base(self) -> LinearHead:
        """The classifier's own last layer."""
        return LinearHead.of(self.context.classifier)

    def find(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
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
