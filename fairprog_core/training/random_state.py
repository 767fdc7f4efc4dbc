"""Keeps torch's random state for a training that draws from it, while others of the same process draw too."""

from collections.abc import Callable, Generator, Iterator
from functools import wraps
from typing import ParamSpec, TypeVar

import torch

P = ParamSpec("P")
T = TypeVar("T")


def keeps_random_state(generate: Callable[P, Iterator[T]]) -> Callable[P, Generator[T]]:
    """Make a generator find the random state of the CPU and of the current GPU as it left them at its last value."""

    @wraps(generate)
    def generate_undisturbed(*args: P.args, **settings: P.kwargs) -> Generator[T]:
        for value in generate(*args, **settings):
            of_cpu = torch.get_rng_state()
            of_gpu = torch.cuda.get_rng_state() if torch.cuda.is_initialized() else None  # type: ignore[no-untyped-call]
            yield value
            torch.set_rng_state(of_cpu)
            if of_gpu is not None:
                torch.cuda.set_rng_state(of_gpu)

    return generate_undisturbed
