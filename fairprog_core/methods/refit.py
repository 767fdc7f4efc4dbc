"""What is fitted in closed form: cross-entropy + λ · gap², on rows whose features are known.

The gap is `SoftGap`. It is squared because what accuracy costs is no convex function of it: with the gap itself the
solution stays near the base up to some λ and jumps to a gap of 0 behind it (drawn faces, demographic parity: .25 at
λ = .7, .07 at .9), and the points between are never seen.

Notation: n rows, c classes.
"""

from collections.abc import Callable, Sequence

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from fairprog_core.methods.base import Task
from fairprog_core.methods.soft_gap import SoftGap

KINK = 0.01  # below this gap its absolute value is rounded off, so that the solver finds a gradient of zero


class Objective:
    """The loss at a λ of logits of the rows to learn from."""

    def __init__(self, task: Task, weight: NDArray[np.float64]) -> None:
        """Prepare the rows of a task; ``weight`` (n,) is theirs in the cross-entropy, mean one."""
        self.gap = SoftGap(task.split, groups=task.groups, criterion=task.criterion)
        self.y, self.weight = torch.from_numpy(task.split.y), torch.from_numpy(weight).float()

    def __call__(self, logits: Tensor, lam: float) -> Tensor:
        """Logits (n, c) -> the loss, in nats."""
        utility = (F.cross_entropy(logits, self.y, reduction="none") * self.weight).mean()
        return utility + lam * self.gap(logits) ** 2 if lam else utility


def minimise(loss: Callable[[], Tensor], parameters: Sequence[Tensor], *, steps: int = 200) -> None:
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
