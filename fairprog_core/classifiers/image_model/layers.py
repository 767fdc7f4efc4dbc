"""Finds layers of a net by what they do on a trial: the linear layer that makes the logits, and that of Grad-CAM.

Notation: k rows, m outputs, d channels, t tokens, a×b positions, h×w the net's input.
"""

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from difflib import get_close_matches
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from fairprog_core.common.errors import ModelError, shorten, shown

WRAPPER = "model."  # in front of the names of the layers of transformers
MOST_PREFIX = 8  # tokens in front of those of the picture: of the class, and registers
_NO_MAPS = (nn.Linear, nn.Identity, nn.Dropout, nn.Softmax, nn.Flatten, nn.modules.activation.MultiheadAttention)


class ModuleCall(NamedTuple):
    """One call of a module: its name in the net, and what it returned."""

    name: str
    module: nn.Module
    output: Tensor


@contextmanager
def _recorded(net: nn.Module) -> Iterator[list[ModuleCall]]:
    """The calls of all modules of a net that return a tensor, in the order in which they end."""
    calls: list[ModuleCall] = []

    def hook(name: str) -> Callable[[nn.Module, Any, Any], None]:
        def keep(module: nn.Module, _: Any, output: Any) -> None:
            if isinstance(found := first_tensor(output), Tensor):
                calls.append(ModuleCall(name, module, found))

        return keep

    hooks = [module.register_forward_hook(hook(name)) for name, module in net.named_modules() if name]
    try:
        yield calls
    finally:
        for each in hooks:
            each.remove()


def first_tensor(output: Any) -> Any:
    """What a layer returned, or the first of several things."""
    return output[0] if isinstance(output, tuple | list) and output else output


def take_head(net: nn.Module, x: Tensor) -> tuple[str, nn.Linear] | None:
    """Replace the linear layer that makes the logits; the net then returns that layer's inputs.

    Args:
        net: (k, 3, h, w) -> (k, m); changed in place if there is such a layer.
        x: a few inputs.

    Returns:
        The name of the layer, and the layer; None if there is none: several heads, a convolution, no inner modules.
    """
    with torch.no_grad(), _recorded(net) as calls:
        logits = net(x)
    found = [
        call for call in calls
        if isinstance(call.module, nn.Linear) and call.output.shape == logits.shape and torch.equal(call.output, logits)
    ]  # fmt: skip
    if not found:
        return None
    name, head = found[-1].name, found[-1].module
    assert isinstance(head, nn.Linear)
    put(net, name, nn.Identity())
    with torch.no_grad():
        features = net(x)
        if features.ndim == 2 and torch.allclose(head(features), logits, atol=1e-5, rtol=1e-5):
            return name, head
    put(net, name, head)
    return None


def put(net: nn.Module, name: str, module: nn.Module) -> None:
    """Replace the module of a dotted name."""
    parent, _, last = name.rpartition(".")
    setattr(net.get_submodule(parent), last, module)


def find_cam_layer(net: nn.Module, x: Tensor) -> str:
    """The name of the last layer that holds a map of the picture of which every part acts on the output.

    In a transformer that reads its class token alone, that is the norm in front of the last attention; "": none.

    Args:
        net: (k, 3, h, w) -> (k, d).
        x: a few inputs.
    """
    with torch.enable_grad(), _recorded(net) as calls:
        output = net(x.detach().requires_grad_())
        names = [call.name for call in calls]
        usable = [
            call for call in calls
            if call.output.requires_grad and names.count(call.name) == 1 and not isinstance(call.module, _NO_MAPS)
            and has_map(call.module, call.output, x)
        ]  # fmt: skip
        if not usable or not output.requires_grad:
            return ""
        weights = torch.linspace(-1, 1, output.shape[1], device=x.device)  # a plain sum is constant after a norm
        gradients = torch.autograd.grad((output * weights).sum(), [call.output for call in usable], allow_unused=True)
    for call, gradient in zip(reversed(usable), reversed(gradients), strict=True):
        if gradient is not None and _acts_everywhere(to_map(call.module, gradient, x.shape[2:])):
            return call.name
    return ""


def _acts_everywhere(gradient: Tensor) -> bool:
    return (gradient.abs().sum(1) > 0).float().mean().item() > 0.5


def has_map(module: nn.Module, output: Tensor, x: Tensor) -> bool:
    """Whether a layer's output has several positions of the picture, one row per input."""
    if len(output) != len(x):
        return False
    try:
        found = to_map(module, output, x.shape[2:])
    except ValueError:
        return False
    return min(found.shape[2:]) > 1


def to_map(module: nn.Module, output: Tensor, size: torch.Size | tuple[int, ...]) -> Tensor:
    """A layer's output, or its gradient, as a map (k, d, a, b): tokens lie on a grid, without those of the class.

    Args:
        module: the layer.
        output: (k, d, a, b), (k, a, b, d) or (k, t, d).
        size: (h, w) of the net's input.

    Raises:
        ValueError: it is no map.
    """
    if output.ndim == 4:
        return output.permute(0, 3, 1, 2) if _is_channels_last(module, output, size) else output
    if output.ndim != 3 or output.shape[2] < 2:
        raise ValueError("no map")
    for n_prefix in range(min(MOST_PREFIX, output.shape[1] - 1) + 1):
        n = output.shape[1] - n_prefix
        a = round(math.sqrt(n * size[0] / size[1]))
        if a and n % a == 0 and abs(n // a * size[0] - a * size[1]) < size[0]:
            return output[:, n_prefix:].transpose(1, 2).reshape(len(output), -1, a, n // a)
    raise ValueError("no map")


def _is_channels_last(module: nn.Module, output: Tensor, size: torch.Size | tuple[int, ...]) -> bool:
    """Whether an output of four dimensions is (k, a, b, d): by the shape, else by what the module normalises."""
    _, first, second, third = output.shape
    fits = [abs(b * size[0] - a * size[1]) < size[0] for a, b in ((first, second), (second, third))]
    if not any(fits):
        raise ValueError("no map")
    if fits[0] != fits[1]:
        return fits[0]
    return isinstance(module, nn.LayerNorm)


def named_layer(net: nn.Module, name: str, x: Tensor, *, where: str) -> str:
    """The layer that ``cam_layer`` names, by its whole name in the net.

    Args:
        net: (k, 3, h, w) -> (k, d).
        name: with or without what is wrapped around the library's own model.
        x: a few inputs.
        where: the model, for errors.

    Raises:
        ModelError: there is none, and the error names similar ones; or it holds no map of the picture.
    """
    with torch.no_grad(), _recorded(net) as calls:
        net(x)
    found = next((call for call in calls if call.name in (name, f"{WRAPPER}{name}")), None)
    if found is None:
        near = get_close_matches(name, [call.name.removeprefix(WRAPPER) for call in calls], n=3, cutoff=0)
        raise ModelError(
            f"{where} has no layer {shown(name, 60)}; set classifier.cam_layer to one of its layers, such as "
            f"{', '.join(shorten(each, 40) for each in near) or 'none: it is a program'}."
        )
    if not has_map(found.module, found.output, x):
        raise ModelError(
            f"The layer {shorten(name, 60)} of {where[0].lower()}{where[1:]} holds no map of the picture (its shape is "
            f"{tuple(found.output.shape)}); set classifier.cam_layer to a convolution, a block or a norm."
        )
    return found.name
