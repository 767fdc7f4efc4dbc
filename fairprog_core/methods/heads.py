"""Methods that put another last layer in the place of the classifier's own; they are learned at once.

All that happens between the features of the frozen classifier and its logits, at every λ, is one affine map:
logits = W(λ) · features + b(λ).

Notation: n rows, d features, c classes, m reported values of λ.
"""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, cast

import torch
from torch import Tensor, nn

from fairprog_core.batch import Predictions
from fairprog_core.classifiers.base import Classifier
from fairprog_core.data.base import Split
from fairprog_core.evaluation import predictions_of
from fairprog_core.methods.at_once import AtOnce
from fairprog_core.methods.base import Solution
from fairprog_core.methods.features import Features
from fairprog_core.methods.learned_file import read_learned


class Head(NamedTuple):
    """An affine map from features to logits: weight (c, d), bias (c,)."""

    weight: Tensor
    bias: Tensor

    @classmethod
    def of(cls, classifier: Classifier) -> "Head":
        """The classifier's own."""
        layer = cast(nn.Linear, classifier.head)
        return cls(*(value.detach().cpu().clone() for value in (layer.weight, layer.bias)))

    def __call__(self, features: Tensor) -> Tensor:
        """(n, d) -> (n, c)."""
        return features @ self.weight.T + self.bias


class Heads(Solution):
    """One last layer per reported λ."""

    def __init__(
        self, heads: Sequence[Head], lams: Sequence[float], features: Features, *, file: Path, about: dict[str, Any]
    ) -> None:
        self.heads, self.lams, self.features, self.file, self.about = list(heads), list(lams), features, file, about
        self.n_parameters = about["n_parameters"]

    def predict(self, split: Split, lam: float) -> Predictions:
        return predictions_of(split, self.heads[self.lams.index(lam)](self.features.of(split)).numpy())

    def files(self, lam: float) -> Mapping[str, Path]:
        return {"learned": self.file}


class HeadMethod(AtOnce):
    """Solves for the last layer of every reported λ; subclasses say how."""

    @abstractmethod
    def solve(self, features: Tensor) -> list[Head]:
        """The last layers for the λ of the task, from the features (n, d) of the rows to learn from."""

    @property
    @abstractmethod
    def n_parameters(self) -> int:
        """How many numbers are learned for one λ."""

    @property
    def base(self) -> Head:
        """The classifier's own last layer."""
        return Head.of(self.task.classifier)

    def find(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        heads = self.solve(self.task.features.of(self.task.split))
        tensors = {name: torch.stack([getattr(head, name) for head in heads]) for name in Head._fields}
        return tensors, {"n_parameters": self.n_parameters}

    def open(self) -> Heads:
        tensors, about = read_learned(self.file)
        heads = [Head(*values) for values in zip(*(tensors[name] for name in Head._fields))]
        return Heads(heads, self.task.lam.grid, self.task.features, file=self.file, about=about)
