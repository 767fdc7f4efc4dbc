"""Predict every row of a split with a classifier, with or without a trigger.

Notation: n samples, c classes, l λ-values, d features.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from fairprog_core.classifiers.base import Classifier
from fairprog_core.common.errors import ModelError
from fairprog_core.common.types import Predictions
from fairprog_core.data.base import Split


class Model(Protocol):
    """A module that predicts rows of a split: a classifier, with or without a trigger."""

    @property
    def device(self) -> torch.device:
        """Device of the weights."""

    def reading_order(self, x: NDArray[Any]) -> NDArray[np.int64]:
        """Row indices (n,) in the order for prediction."""

    def to_input(self, x: NDArray[Any]) -> Any:
        """Prepared rows as input of the model."""

    def modules(self) -> Iterator[nn.Module]:
        """The model and all of its submodules."""

    def eval(self) -> Any:
        """Switch to evaluation mode."""

    def __call__(self, x: Any) -> Tensor:
        """Inputs -> logits (k, c)."""


class ModelAtLams(Model, Protocol):
    """A model that computes logits at several λ in one call."""

    def at_each(self, lams: Sequence[float]) -> Callable[[Any], Tensor]:
        """From inputs to their logits at each of l values of λ: (k, l, c)."""


def predict(model: Model, split: Split, *, batch_size: int | None = None) -> Predictions:
    """Predictions of a classifier for every row of a split.

    Args:
        model: a classifier, with or without a trigger.
        split: n rows, prepared for the classifier.
        batch_size: None: 64 on a CPU, where more takes memory and is no faster, else 256.

    Raises:
        ModelError: a logit is not a finite number.
    """
    return predictions_of(split, _every_row(model, model, split, batch_size).numpy())


def predict_at(model: ModelAtLams, split: Split, lams: Sequence[float]) -> list[Predictions]:
    """Predictions for every row of a split at each λ, in the order of ``lams``.

    Raises:
        ModelError: a logit is not a finite number.
    """
    with evaluating(model), torch.inference_mode():
        function = model.at_each(lams)
    logits = _every_row(model, function, split, None).numpy()  # (n, l, c)
    return [predictions_of(split, logits[:, i]) for i in range(len(lams))]


def features_of(classifier: Classifier, split: Split) -> Tensor:
    """Features of every row of a prepared split: (n, d) on the CPU."""
    return _every_row(classifier, classifier.features, split, None)


def predictions_of(
    split: Split, logits: NDArray[np.float32] | None, y_pred: NDArray[np.int64] | None = None
) -> Predictions:
    """Predictions for the rows of a split: the class with the largest logit, or ``y_pred`` if there are no logits.

    Args:
        split: n rows.
        logits: (n, c) or None.
        y_pred: (n,) predicted classes; used without logits only.

    Raises:
        ModelError: a logit is not a finite number.
    """
    if logits is not None:
        n_bad = int((~np.isfinite(logits)).any(axis=1).sum())
        if n_bad:
            raise ModelError(
                f"The classifier's logits are not finite for {n_bad} of {len(logits)} rows; train it again."
            )
        y_pred = logits.argmax(axis=1)
    return Predictions(
        logits=logits,
        y_pred=np.asarray(y_pred, dtype=np.int64),
        y=np.asarray(split.y, dtype=np.int64),
        z=np.asarray(split.z, dtype=np.int64),
        weight=split.weight,
        row=np.arange(len(split.y), dtype=np.int64),
        is_stratified=split.is_stratified,
    )


def margin(logits: NDArray[np.floating], of: NDArray[np.int64]) -> NDArray[np.float64]:
    """Logit of a class minus the largest other logit: logits (n, c) and classes (n,) -> (n,)."""
    rows = np.arange(len(logits))
    others = logits.astype(np.float64)
    own = others[rows, of]
    others[rows, of] = -np.inf
    gap: NDArray[np.float64] = own - others.max(axis=1)
    return gap


def _every_row(model: Model, function: Callable[[Any], Tensor], split: Split, batch_size: int | None) -> Tensor:
    """Apply a function to all rows, in batches by the model's reading order; results are in the order of the rows."""
    batch_size = batch_size or (64 if model.device.type == "cpu" else 256)
    order = model.reading_order(split.x)
    outputs = []
    with evaluating(model), torch.inference_mode():
        for start in range(0, len(order), batch_size):
            x = model.to_input(split.x[order[start : start + batch_size]])
            outputs.append(function(x).float().cpu())
    return torch.cat(outputs)[np.argsort(order)]


@contextmanager
def evaluating(model: Model | nn.Module) -> Iterator[None]:
    """Evaluation mode inside; afterwards, also after an error, every submodule is back in its former mode."""
    modes = [(module, module.training) for module in model.modules()]
    model.eval()
    try:
        yield
    finally:
        for module, is_training in modes:
            module.training = is_training
