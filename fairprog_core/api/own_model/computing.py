"""Where and how a user's model computes: lent, reproducible, with the process left as it was."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn

from fairprog_core.classifiers.own.classifier import OwnClassifier
from fairprog_core.classifiers.own.lending import device_of, lent
from fairprog_core.pipeline.jobs.environment import choose_device, deterministic


def device_for(model: nn.Module, name: str) -> torch.device:
    """The device of this name; "auto": the accelerator that the model is on, else a GPU when there is one.

    Raises:
        ConfigError: this machine does not have the device.
    """
    own = device_of(model)
    return own if name == "auto" and own.type not in ("cpu", "meta") else choose_device(name)


@contextmanager
def computing(classifier: OwnClassifier, device: torch.device) -> Iterator[None]:
    """The model is lent, a GPU computes reproducibly; afterwards torch's random state and settings are as before."""
    generators = [device] if device.type == "cuda" else []
    with lent(classifier, device), deterministic(device), torch.random.fork_rng(generators):
        yield
