"""How a user's own model is lent to fairprog: frozen while we compute, untouched afterwards."""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain
from typing import NamedTuple

import torch
from torch import Tensor, nn

from fairprog_core.classifiers.predict import evaluating


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
        self.parameter.data = self.data
        self.parameter.requires_grad_(self.requires_grad)
        if self.grad is not None and self.grad_data is not None:
            self.grad.data = self.grad_data
        self.parameter.grad = self.grad


def device_of(model: nn.Module) -> torch.device:
    """Device of a model's weights; the CPU where it has none."""
    value: Tensor | None = next(chain(model.parameters(), model.buffers()), None)
    return torch.device("cpu") if value is None else value.device


def _is_on(model: nn.Module, device: torch.device) -> bool:
    """Whether all weights are on a device of this type; a model spread over several GPUs stays where it is."""
    return all(value.device.type == device.type for value in chain(model.parameters(), model.buffers()))
