"""A user's own model as a classifier, and how it is lent to fairprog: frozen while we compute, untouched afterwards.

Notation: k rows, c classes, s image side.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import chain
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from fairprog_core.classifiers.base import Classifier, weights_digest
from fairprog_core.classifiers.image import to_pixels
from fairprog_core.classifiers.predict import evaluating
from fairprog_core.common.errors import ModelError, shorten
from fairprog_core.common.options import Options

MOST_CLASSES = 64  # intervals resample tables of groups × labels × predictions
Preprocess: TypeAlias = Callable[[Tensor], Any]


@contextmanager
def lent(model: nn.Module, device: torch.device) -> Iterator[None]:
    """Evaluation mode, frozen and on a device inside; afterwards everything is as before, also after an error.

    Parameters, gradients and buffers are put back as the same objects. Hooks are not touched.
    """
    state = [_State.of(value) for value in model.parameters()]
    buffers = [(module, name, value) for module in model.modules() for name, value in module._buffers.items()]
    with evaluating(model), torch.inference_mode(False), torch.enable_grad():
        try:
            for each in state:
                each.parameter.requires_grad_(False)
            if not _is_on(model, device):
                model.to(device)
            yield
        finally:
            for each in state:
                each.restore()
            for module, name, buffer in buffers:
                module._buffers[name] = buffer


class _State(NamedTuple):
    """What a parameter was when its model was lent."""

    parameter: nn.Parameter
    data: Tensor
    requires_grad: bool
    grad: Tensor | None
    grad_data: Tensor | None

    @classmethod
    def of(cls, value: nn.Parameter) -> "_State":
        return cls(value, value.data, value.requires_grad, value.grad, None if value.grad is None else value.grad.data)

    def restore(self) -> None:
        if self.parameter.data.data_ptr() != self.data.data_ptr():
            self.parameter.data = self.data
        self.parameter.requires_grad_(self.requires_grad)
        if self.grad is not None and self.grad_data is not None:
            self.grad.data = self.grad_data
        self.parameter.grad = self.grad


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

    def state_to_save(self) -> dict[str, Tensor]:
        """Nothing: the weights stay with their owner."""
        return {}

    def forward(self, x: Any) -> Tensor:
        return logits_of(self.call_model(x))

    def call_model(self, x: Any) -> Any:
        """What the user's model returns for a batch of inputs."""
        raise NotImplementedError


class OwnPictureClassifier(OwnClassifier):
    """A user's own model of pictures: (k, 3, s, s) in [0, 1] → ``preprocess`` → the model → logits (k, c).

    Attributes:
        image_size: s.
        preprocess: applied to the picture with its trigger, inside the gradient; None: nothing.
        flips: whether half of the pictures of a training batch are mirrored.
    """

    def __init__(
        self, model: nn.Module, *, n_classes: int, image_size: int, preprocess: Preprocess | None, flips: bool = False
    ) -> None:
        super().__init__(model, n_classes=n_classes)
        self.image_size, self.preprocess, self.flips = image_size, preprocess, flips

    @property
    def input_spec(self) -> dict[str, int]:
        return {"image_size": self.image_size}

    def to_input(self, x: NDArray[Any], *, rng: np.random.Generator | None = None) -> Tensor:
        """Photos (k, s, s, 3), uint8 or float32 in [0, 1] -> (k, 3, s, s)."""
        if self.flips or not x.flags.writeable:
            x = np.array(x)  # torch warns about read-only memory
        if self.flips and rng is not None:
            flip = rng.random(len(x)) < 0.5
            x[flip] = x[flip, :, ::-1]
        if x.dtype == np.uint8:
            return to_pixels(x, self.device)
        return torch.from_numpy(np.ascontiguousarray(x)).to(self.device).permute(0, 3, 1, 2)

    def call_model(self, x: Tensor) -> Any:
        return call_on_pictures(self.model, x, self.preprocess)


def call_on_pictures(model: nn.Module, x: Tensor, preprocess: Preprocess | None) -> Any:
    """What a model returns for pictures (k, 3, s, s) in [0, 1]: contiguous, in the type of its weights."""
    x = x.contiguous()  # triggers lay pictures out channels last, which a model that flattens its input refuses
    x = x if preprocess is None else preprocess(x)
    weight = next((value for value in model.parameters() if value.is_floating_point()), None)
    return model(x if weight is None or not isinstance(x, Tensor) else x.to(weight.dtype))


def logits_of(output: Any) -> Tensor:
    """Logits (k, c) from a model's output: a tensor, or an object of Hugging Face with ``logits``; one becomes two.

    Raises:
        ModelError: the output is something else.
    """
    logits = getattr(output, "logits", output)
    if not isinstance(logits, Tensor) or logits.ndim not in (1, 2) or not logits.is_floating_point():
        found = f"the shape {tuple(logits.shape)}" if isinstance(logits, Tensor) else f"the type {type(output).__name__}"
        raise ModelError(
            f"The model's output has {found}, allowed are logits (k, c), one row per input; wrap the model in a module "
            "that returns them."
        )
    logits = logits.float() if logits.ndim == 2 else logits.float()[:, None]
    return torch.cat([torch.zeros_like(logits), logits], dim=1) if logits.shape[1] == 1 else logits


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
    except (RuntimeError, ValueError, TypeError, AttributeError, IndexError) as error:
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


def device_of(model: nn.Module) -> torch.device:
    """Device of a model's weights; the CPU where it has none."""
    value: Tensor | None = next(chain(model.parameters(), model.buffers()), None)
    return torch.device("cpu") if value is None else value.device


def _is_on(model: nn.Module, device: torch.device) -> bool:
    """Whether all weights are on a device of this type; a model spread over several GPUs stays where it is."""
    return all(value.device.type == device.type for value in chain(model.parameters(), model.buffers()))

