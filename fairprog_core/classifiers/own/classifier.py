"""The base of the wrappers around a user's own model, and its logits.

Notation: k rows, c classes.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from fairprog_core.classifiers.base import Classifier, content_digest, weights_digest
from fairprog_core.classifiers.own.lending import device_of
from fairprog_core.common.errors import ModelError, shorten
from fairprog_core.common.options import Options

MOST_CLASSES = 64  # intervals resample tables of groups × labels × predictions


class OwnClassifier(Classifier):
    """Base of the wrappers around a user's own model: (k, c) logits from whatever it returns.

    Nothing is folded, copied or converted: the model computes as it does without fairprog.

    Attributes:
        model: the user's.
    """

    def __init__(self, model: nn.Module, *, n_classes: int) -> None:
        super().__init__(Options(), n_classes=n_classes)
        self.model = model

    @property
    def device(self) -> torch.device:
        return device_of(self.model)

    def digest(self) -> str:
        return weights_digest(self.model)

    def saved_digest(self) -> str:
        return content_digest(self.model.state_dict())

    def state_to_save(self) -> dict[str, Tensor]:
        """Nothing: the weights stay with their owner."""
        return {}

    def forward(self, x: Any) -> Tensor:
        return logits_of(self.call_model(x))

    def check_reading(self) -> None:
        """Refuse a model that does not read inputs as a trigger needs it."""

    def batch(self, x: Any) -> Any:
        """Inputs as a user gives them to a module -> inputs of a trigger, on the model's device."""
        raise NotImplementedError

    def call_model(self, x: Any) -> Any:
        """What the user's model returns for a batch of inputs."""
        raise NotImplementedError


def logits_of(output: Any) -> Tensor:
    """Logits (k, c) from a model's output: a tensor, or an object of Hugging Face with ``logits``; one becomes two.

    Raises:
        ModelError: the output is something else.
    """
    logits = getattr(output, "logits", output)
    if not isinstance(logits, Tensor) or logits.ndim not in (1, 2) or not logits.is_floating_point():
        found = (
            f"the shape {tuple(logits.shape)}" if isinstance(logits, Tensor) else f"the type {type(output).__name__}"
        )
        raise ModelError(
            f"The model's output has {found}, allowed are logits (k, c), one row per input; wrap the model in a module "
            "that returns them."
        )
    logits = logits.float() if logits.ndim == 2 else logits.float()[:, None]
    return torch.cat([torch.zeros_like(logits), logits], dim=1) if logits.shape[1] == 1 else logits


def check_gradient(call: Callable[[Any], Any], x: Any, leaf: Tensor) -> None:
    """Refuse a model through which no gradient reaches its inputs: a trigger could not be learned.

    Args:
        call: the model, with what is put in front of it.
        x: a few inputs.
        leaf: their values, a tensor of ``x`` that requires a gradient.

    Raises:
        ModelError: so it is.
    """
    logits = logits_of(call(x))
    if not logits.requires_grad or torch.autograd.grad(logits.sum(), leaf, allow_unused=True)[0] is None:
        raise ModelError(
            "No gradient reaches the model's inputs, so a trigger cannot be learned; remove detach(), no_grad() or a "
            "quantisation from the model, its hooks and preprocess=."
        )


def n_classes_of(call: Callable[[Any], Any], x: Any, n_rows: int) -> int:
    """The number of classes c of a model, from its logits for a few inputs.

    Args:
        call: the model, with what is put in front of it.
        x: the inputs.
        n_rows: their number k.

    Raises:
        ModelError: the model fails, or its output is not (k, c) finite logits.
    """
    try:
        with torch.no_grad():
            output = call(x)
    except (RuntimeError, ValueError, TypeError, AttributeError, LookupError, AssertionError, ArithmeticError) as error:
        raise ModelError(
            f"The model fails on {n_rows} of the rows ({shorten(error)}); give a model that takes such inputs, or "
            "preprocess= that makes them fit."
        ) from error
    logits = logits_of(output)
    if len(logits) != n_rows:
        raise ModelError(
            f"The model's output has the shape {tuple(logits.shape)} for {n_rows} rows; give a model that returns "
            "logits (k, c), one row per input."
        )
    if not torch.isfinite(logits).all():
        raise ModelError("The model's logits are not finite for the first rows; check its weights and preprocess=.")
    if logits.shape[1] > MOST_CLASSES:
        raise ModelError(
            f"The model has {logits.shape[1]} logits, allowed are {MOST_CLASSES}; wrap it in a module that returns "
            "those of your labels."
        )
    return logits.shape[1]
