"""A short measurement of how fast this machine is; `fairprog_core.common.files.speed` keeps it."""

import time
from dataclasses import replace

import torch
from torch import nn

from fairprog_core.common.files.speed import LEAST, MOST, read_speed, write_speed
from fairprog_core.common.home import Home

REFERENCE = 0.031  # what `_seconds` gives on the machine that the costs were measured on
REPEATS = 5


def calibrate(home: Home) -> None:
    """Measure this machine in a moment; of all measurements the fastest counts, as others may have used the machine."""
    speed, found = read_speed(home), min(max(_seconds() / REFERENCE, LEAST), MOST)
    if speed.machine is None or found < speed.machine:
        write_speed(home, replace(speed, machine=found))


def _seconds() -> float:
    """Seconds of a few training steps of a small network, the fastest of several: others may use the machine too."""
    found = []
    generator = torch.Generator().manual_seed(0)
    x = torch.rand((32, 3, 64, 64), generator=generator)
    with torch.random.fork_rng(devices=[]):
        net = nn.Sequential(nn.Conv2d(3, 16, 3), nn.ReLU(), nn.Conv2d(16, 16, 3, stride=2), nn.ReLU())
    for _ in range(REPEATS):
        started = time.perf_counter()
        torch.autograd.backward(net(x).square().mean())
        found.append(time.perf_counter() - started)
    return min(found)
