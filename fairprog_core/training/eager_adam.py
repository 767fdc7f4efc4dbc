"""Adam without torch's compiler, which torch's own optimizers import with their first step: a second of every start."""

from collections.abc import Callable, Iterable
from typing import Any

import torch


def _plain(method: Callable[..., Any]) -> Callable[..., Any]:
    """A method of an optimizer as it is written, without what tells the compiler to leave it out."""
    plain: Callable[..., Any] = getattr(method, "__wrapped__", method)
    return plain


class EagerAdam(torch.optim.Adam):
    """``torch.optim.Adam`` in one pass over the parameters, digit for digit that of ``fused=True``."""

    def __init__(self, parameters: Iterable[torch.nn.Parameter], *, lr: float) -> None:
        super().__init__(parameters, lr=lr, fused=True)

    add_param_group = _plain(torch.optim.Optimizer.add_param_group)
    state_dict = _plain(torch.optim.Optimizer.state_dict)
    load_state_dict = _plain(torch.optim.Optimizer.load_state_dict)
    zero_grad = _plain(torch.optim.Optimizer.zero_grad)
    step = torch.no_grad()(_plain(torch.optim.Adam.step))
