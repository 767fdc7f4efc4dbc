"""A random state of its own for a training that draws from torch's, e.g. for dropout."""

from collections.abc import Generator, Iterator
from typing import TypeVar

import torch
from torch import Tensor

T = TypeVar("T")


def with_own_randomness(work: Iterator[T], *, seed: int | None = None) -> Generator[T]:
    """Run a generator with a random state of its own, on the CPU and on the current GPU.

    What others draw between two of its values changes nothing for it, and it changes nothing for them.

    Args:
        work: draws from torch's random state.
        seed: of its state; None: it begins with the state of the process.
    """
    states: list[Tensor] | None = None
    while True:
        with torch.random.fork_rng(devices=_gpus()):
            if states is not None:
                torch.set_rng_state(states[0])
                for state in states[1:]:
                    torch.cuda.set_rng_state(state)
            elif seed is not None:
                torch.manual_seed(seed)
            try:
                value = next(work)
            except StopIteration:
                return
            states = [torch.get_rng_state(), *(torch.cuda.get_rng_state() for _ in _gpus())]
        yield value


def _gpus() -> list[int]:
    """The current GPU, if this process uses one."""
    return [torch.cuda.current_device()] if torch.cuda.is_initialized() else []  # type: ignore[no-untyped-call]
