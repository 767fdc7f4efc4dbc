"""Adam without torch's compiler, which torch's own optimizers import with their first step: a second of every start."""

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor


def _plain(method: Callable[..., Any]) -> Callable[..., Any]:
    """A method of an optimizer as it is written, without what tells the compiler to leave it out."""
    plain: Callable[..., Any] = getattr(method, "__wrapped__", method)
    return plain


_torchs_step = _plain(torch.optim.Adam.step)


class EagerAdam(torch.optim.Adam):
    """``torch.optim.Adam`` in one pass over the parameters, digit for digit that of ``fused=True``."""

    def __init__(self, parameters: Iterable[torch.nn.Parameter], *, lr: float) -> None:
        super().__init__(parameters, lr=lr, fused=True)
        self._warned_capturable_if_run_uncaptured = True  # the first steps are run before one is recorded

    add_param_group = _plain(torch.optim.Optimizer.add_param_group)
    state_dict = _plain(torch.optim.Optimizer.state_dict)
    load_state_dict = _plain(torch.optim.Optimizer.load_state_dict)
    zero_grad = _plain(torch.optim.Optimizer.zero_grad)

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
            _torchs_step(self)
        finally:
            group.update(usual)
