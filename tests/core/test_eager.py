"""The optimizers without torch's compiler: torch's numbers, and no import that takes a second."""

import subprocess
import sys
from collections.abc import Callable
from functools import partial

import pytest
import torch

from fairprog_core.training.eager import EagerAdam, EagerAdamW, EagerLBFGS

Kind = Callable[..., torch.optim.Optimizer]


def trained(kind: Kind, *, is_resumed: bool = False, has_rate: bool = False) -> torch.Tensor:
    value = torch.nn.Parameter(torch.linspace(-1, 1, 7))
    optimizer = kind([value], lr=0.1)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 10)

    def loss() -> float:
        optimizer.zero_grad(set_to_none=True)
        (found := (value**4 - value).sum()).backward()
        return found.item()

    for _ in range(8):
        rate = [torch.tensor(schedule.get_last_lr()[0], dtype=torch.float64)] if has_rate else []
        if isinstance(optimizer, torch.optim.LBFGS):
            optimizer.step(loss)
        else:
            loss()
            optimizer.step(*rate)
        schedule.step()
        if is_resumed:
            optimizer.load_state_dict(optimizer.state_dict())
    return value.detach()


@pytest.mark.parametrize("is_resumed", [False, True])
@pytest.mark.parametrize(
    ("kind", "torchs"),
    [
        (EagerAdam, partial(torch.optim.Adam, fused=True)),
        (EagerAdamW, torch.optim.AdamW),
        (EagerLBFGS, torch.optim.LBFGS),
    ],
)
def test_every_digit_is_that_of_torchs_own(kind: Kind, torchs: Kind, is_resumed: bool) -> None:
    found = trained(kind, is_resumed=is_resumed)
    assert torch.equal(found, trained(torchs, is_resumed=is_resumed))
    assert not torch.equal(found, torch.linspace(-1, 1, 7))


def test_rate_given_as_a_tensor_changes_no_digit_and_the_saved_state_keeps_the_schedules_number() -> None:
    expected = trained(partial(torch.optim.Adam, fused=True))
    assert torch.equal(trained(EagerAdam, has_rate=True), expected)
    value = torch.nn.Parameter(torch.ones(2))
    optimizer, value.grad = EagerAdam([value], lr=0.1), torch.ones(2)
    optimizer.step(torch.tensor(0.05, dtype=torch.float64))
    assert optimizer.state_dict()["param_groups"] == EagerAdam([value], lr=0.1).state_dict()["param_groups"]


@pytest.mark.parametrize("kind", ["EagerAdam", "EagerAdamW", "EagerLBFGS"])
def test_a_step_does_not_import_the_compiler(kind: str) -> None:
    program = (
        f"import sys, torch; from fairprog_core.training.eager import {kind}\n"
        f"value = torch.nn.Parameter(torch.ones(2)); optimizer = {kind}([value], lr=0.1)\n"
        "value.grad = torch.ones(2); optimizer.step(*[lambda: 0.0] * hasattr(optimizer, '_params'))\n"
        "optimizer.zero_grad(); optimizer.state_dict()\n"
        "sys.exit('torch._dynamo' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
