"""torch's optimizers without its compiler, which they import with the first step: a second and 80 MB of every start."""

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor


def _plain(method: Callable[..., Any]) -> Callable[..., Any]:
    """A method of an optimizer as it is written, without what tells the compiler to leave it out."""
    plain: Callable[..., Any] = getattr(method, "__wrapped__", method)
    return plain


_step_of_adam = _plain(torch.optim.Adam.step)


class Eager:
    """Put before an optimizer of torch: its own methods, none of which is wrapped for the compiler."""

    add_param_group = _plain(torch.optim.Optimizer.add_param_group)
    state_dict = _plain(torch.optim.Optimizer.state_dict)
    load_state_dict = _plain(torch.optim.Optimizer.load_state_dict)
    zero_grad = _plain(torch.optim.Optimizer.zero_grad)


class EagerAdam(Eager, torch.optim.Adam):
    """``torch.optim.Adam`` in one pass over the parameters, digit for digit that of ``fused=True``."""

    def __init__(self, parameters: Iterable[torch.nn.Parameter], *, lr: float) -> None:
        super().__init__(parameters, lr=lr, fused=True)
        self._warned_capturable_if_run_uncaptured = True  # the first steps are run before one is recorded

    @torch.no_grad()
    def step(self, rate: Tensor | None = None) -> None:  # type: ignore[override]
        """Take one step, which a GPU may record.

        A recorded step reads its learning rate from a tensor. The group keeps the schedule's number, so that the saved
        state is the same on every device.

        Args:
            rate: the learning rate, (), on the CPU or on the parameters' device; None: that of the group.
        """
        (group,) = self.param_groups
        usual = {name: group[name] for name in ("lr", "capturable")}
        group["capturable"] = group["params"][0].is_cuda  # it is: Adam in one pass counts its steps on the device
        if rate is not None:
            group["lr"] = rate.float() if rate.is_cuda else rate  # the GPU reads single precision
        try:
            _step_of_adam(self)
        finally:
            group.update(usual)

    step.hooked = True  # type: ignore[attr-defined]  # nobody hooks it: torch wraps its profiler around others


class EagerAdamW(Eager, torch.optim.AdamW):
    """``torch.optim.AdamW``, digit for digit."""

    step = torch.no_grad()(_plain(torch.optim.AdamW.step))


class EagerLBFGS(Eager, torch.optim.LBFGS):
    """``torch.optim.LBFGS``, digit for digit."""
