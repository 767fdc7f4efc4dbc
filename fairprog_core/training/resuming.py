"""Restore a training from a checkpoint: every value is checked first, as the file may be damaged.

The checks raise ValueError for the first mismatch; `fit` turns it into a sentence for the user.
"""

import math
from collections.abc import Mapping
from typing import Any, TypeAlias

import torch
from torch import Tensor

TrainingState: TypeAlias = dict[str, Any]  # nested dicts, lists, numbers and tensors, as a checkpoint stores them


def check_alike(found: object, expected: object, place: str) -> None:
    """Refuse a value whose structure differs from that of ``expected``: types, keys, lengths, shapes.

    Raises:
        ValueError: names the first place that differs, or a number that is not finite.
    """
    match expected:
        case Tensor():
            check_tensor(found, expected, place)
        case dict():
            if not isinstance(found, dict) or found.keys() != expected.keys():
                raise ValueError(f"{place} has other entries than this training")
            for key, value in expected.items():
                check_alike(found[key], value, f"{place}.{key}")
        case list() | tuple():
            if not isinstance(found, list | tuple) or len(found) != len(expected):
                raise ValueError(f"{place} is no list of {len(expected)} values")
            for number, (one, other) in enumerate(zip(found, expected, strict=True)):
                check_alike(one, other, f"{place}.{number}")
        case bool() | str() | None:
            if found != expected or type(found) is not type(expected):
                raise ValueError(f"{place} is not {expected!r}")
        case _:
            check_number(found, place)


def check_tensor(found: object, expected: Tensor, place: str) -> None:
    """Refuse anything but a finite tensor of the shape and type of ``expected``.

    Raises:
        ValueError: it is anything else.
    """
    if not isinstance(found, Tensor) or found.shape != expected.shape or found.dtype != expected.dtype:
        raise ValueError(f"{place} is no tensor of shape {tuple(expected.shape)} and type {expected.dtype}")
    if not torch.isfinite(found).all():
        raise ValueError(f"{place} is not finite")


def check_number(found: object, place: str) -> None:
    """Refuse anything but a finite number.

    Raises:
        ValueError: it is anything else.
    """
    if isinstance(found, bool) or not isinstance(found, int | float) or not math.isfinite(found):
        raise ValueError(f"{place} is no finite number")


def entry(state: object, name: str) -> Any:
    """An entry of a saved state.

    Raises:
        ValueError: it is missing.
    """
    if not isinstance(state, Mapping) or name not in state:
        raise ValueError(f"{name} is missing")
    return state[name]


def load_module(module: torch.nn.Module, state: object, place: str) -> None:
    """Load saved weights into a module.

    Raises:
        ValueError: they do not fit the module.
    """
    check_alike(state, dict(module.state_dict()), place)
    module.load_state_dict(state)  # type: ignore[arg-type]


def load_optimizer(optimizer: torch.optim.Optimizer, state: object, place: str) -> None:
    """Load a saved state into an optimizer of the Adam family.

    Raises:
        ValueError: the state is of another optimizer or of other parameters.
    """
    own = optimizer.state_dict()
    groups, moments = entry(state, "param_groups"), entry(state, "state")
    check_alike(groups, own["param_groups"], f"{place}.param_groups")
    if any(_fixed(group) != _fixed(known) for group, known in zip(groups, own["param_groups"], strict=True)):
        raise ValueError(f"{place}.param_groups belong to other parameters or another optimizer")
    if any(not 0 <= beta < 1 for group in groups for beta in group["betas"]):
        raise ValueError(f"{place}.param_groups hold betas outside of 0 … 1")
    parameters = [value for group in optimizer.param_groups for value in group["params"]]
    if not isinstance(moments, dict) or not moments.keys() <= set(range(len(parameters))):
        raise ValueError(f"{place}.state belongs to other parameters")
    for number, found in moments.items():
        value = parameters[number].detach()
        expected = {"step": torch.tensor(0.0), "exp_avg": value, "exp_avg_sq": value}
        check_alike(found, expected, f"{place}.state.{number}")
        if found["step"] < 0 or (found["exp_avg_sq"] < 0).any():
            raise ValueError(f"{place}.state.{number} is negative where it cannot be")
    optimizer.load_state_dict({"state": moments, "param_groups": groups})


def _fixed(group: Mapping[str, object]) -> dict[str, object]:
    """What no schedule changes: all but the learning rate and the betas. Files hold lists where torch has tuples."""
    return {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in group.items()
        if name not in ("lr", "betas")
    }


def load_schedule(schedule: torch.optim.lr_scheduler.LRScheduler, state: object, place: str) -> None:
    """Load a saved state into a learning rate schedule.

    Raises:
        ValueError: the state is of another schedule.
    """
    check_alike(state, schedule.state_dict(), place)
    schedule.load_state_dict(state)  # type: ignore[arg-type]
