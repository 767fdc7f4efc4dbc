"""The floor of a step: what its convolutions and matrix products take at the device's peak rates.

Counted are the operations of a forward pass of the fused net and of the gradient of its input, the least that a step
by gradients needs of a net whose every layer depends on the trigger.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from fairprog_core.classifiers.encoder.text_input import TextInput
from fairprog_core.cli.machine.bench.ratios.cases import BenchCase
from fairprog_core.cli.machine.bench.ratios.sides import BenchClock

CONVOLUTIONS = ((64, 56), (128, 28), (256, 14), (512, 7))  # channels and side of the maps, as of ResNet-18 at 224 px
REPEATS = 3
_SIZES = {"cpu": (16, 1536), "cuda": (256, 8192)}  # rows of a convolution, side of the matrices


class PeakRates(NamedTuple):
    """The highest rates that were measured, in operations per second."""

    convolution: float
    matmul: float


class CountedWork(NamedTuple):
    """Floating-point operations; a multiplication and an addition count as two."""

    convolution: float
    matmul: float

    def seconds(self, rates: PeakRates) -> float:
        """Time at these rates."""
        return self.convolution / rates.convolution + self.matmul / rates.matmul


class NetAlone:
    """A forward pass of the fused net and the gradient of its input, nothing else."""

    def __init__(self, case: BenchCase) -> None:
        self.classifier = case.classifier()
        split = self.classifier.prepare(case.dataset.split("tune"))
        n = case.rows_per_step()
        x = self.classifier.to_input(split.x[[row % len(split.y) for row in range(n)]])
        training = case.training(self.classifier, split)
        trigger = training.for_every_lam().to(self.classifier.device)
        with torch.no_grad():
            self.x = trigger(x, 1.0)

    def __call__(self) -> Tensor | None:
        """The gradient of the input."""
        x: Any = self.x
        if isinstance(x, TextInput):
            leaf = x.vectors.detach().requires_grad_()
            x = TextInput(leaf, x.mask, x.ids)
        else:
            leaf = x = x.detach().requires_grad_()
        torch.autograd.backward(self.classifier(x).sum())  # not `grad`, which the counter of operations refuses
        return leaf.grad

    def count(self) -> CountedWork:
        """The operations of one call; attention is counted as the two matrix products that it is."""
        with FlopCounterMode(display=False) as counter, sdpa_kernel(SDPBackend.MATH):
            self()
        found = counter.get_flop_counts()["Global"]
        convolutions = sum(n for operation, n in found.items() if "convolution" in str(operation))
        return CountedWork(float(convolutions), float(sum(found.values()) - convolutions))


def peak_rates(clock: BenchClock) -> PeakRates:
    """Measure both rates: the fastest of several shapes and repeats; in single precision, on a GPU in bfloat16."""
    n, side = _SIZES[clock.device]
    form: dict[str, Any] = {
        "device": clock.device,
        "dtype": torch.float32 if clock.device == "cpu" else torch.bfloat16,
    }
    convolution = 0.0
    for channels, of_map in CONVOLUTIONS:
        x = torch.randn(n, channels, of_map, of_map, **form).contiguous(memory_format=torch.channels_last)
        weight = torch.randn(channels, channels, 3, 3, **form).contiguous(memory_format=torch.channels_last)
        work = partial(torch.nn.functional.conv2d, x, weight, padding=1)
        convolution = max(convolution, _rate(clock, work, 2.0 * x.numel() * channels * 9))
    a, b = torch.randn(side, side, **form), torch.randn(side, side, **form)
    return PeakRates(convolution, _rate(clock, partial(torch.matmul, a, b), 2.0 * side**3))


@torch.no_grad()
def _rate(clock: BenchClock, work: Callable[[], object], n_operations: float) -> float:
    """Operations per second of the fastest repeat."""
    work()
    return n_operations / min(clock.seconds(work) for _ in range(REPEATS))
