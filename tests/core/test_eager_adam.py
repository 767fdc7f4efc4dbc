"""The optimizer without torch's compiler: torch's numbers, and no import that takes a second."""

import subprocess
import sys
from collections.abc import Callable
from functools import partial

import pytest
import torch

from fairprog_core.training.eager_adam import EagerAdam


def trained(kind: Callable[..., torch.optim.Adam], *, is_resumed: bool = False, has_rate: bool = False) -> torch.Tensor:
    value = torch.nn.Parameter(torch.linspace(-1, 1, 7))
    optimizer = kind([value], lr=0.1)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 10)
    for _ in range(8):
        optimizer.zero_grad(set_to_none=True)
        torch.autograd.backward((value**3).sum())
        rate = [torch.tensor(schedule.get_last_lr()[0], dtype=torch.float64)] if has_rate else []
        optimizer.step(*rate)
        schedule.step()
        if is_resumed:
            optimizer.load_state_dict(optimizer.state_dict())
    return value.detach()


@pytest.mark.parametrize("is_resumed", [False, True])
def test_every_digit_is_that_of_torchs_adam(is_resumed: bool) -> None:
    expected = trained(partial(torch.optim.Adam, fused=True), is_resumed=is_resumed)
    assert torch.equal(trained(EagerAdam, is_resumed=is_resumed), expected)


def test_rate_given_as_a_tensor_changes_no_digit_and_the_saved_state_keeps_the_schedules_number() -> None:
    expected = trained(partial(torch.optim.Adam, fused=True))
    assert torch.equal(trained(EagerAdam, has_rate=True), expected)
    value = torch.nn.Parameter(torch.ones(2))
    optimizer, value.grad = EagerAdam([value], lr=0.1), torch.ones(2)
    optimizer.step(torch.tensor(0.05, dtype=torch.float64))
    assert optimizer.state_dict()["param_groups"] == EagerAdam([value], lr=0.1).state_dict()["param_groups"]


def test_a_step_does_not_import_the_compiler() -> None:
    program = (
        "import sys, torch; from fairprog_core.training.eager_adam import EagerAdam\n"
        "value = torch.nn.Parameter(torch.ones(2)); optimizer = EagerAdam([value], lr=0.1)\n"
        "value.grad = torch.ones(2); optimizer.step(); optimizer.state_dict()\n"
        "sys.exit('torch._dynamo' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
