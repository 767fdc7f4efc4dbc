"""The discriminator and the fairness loss that a method's options ask for."""

from typing import Any

import torch

from fairprog_core.adversary import Adversary
from fairprog_core.batch import Groups
from fairprog_core.methods import GameOptions
from fairprog_core.penalties import PENALTIES, Penalty


def opponent(
    options: GameOptions, *, n_classes: int, groups: Groups, conditions_on_label: bool, device: torch.device
) -> tuple[Adversary, Penalty]:
    """The adversary, which is to learn from every batch, and the fairness loss: the adversary itself or a closed form.

    Beside a closed form the adversary looks on, and tells how well the group can still be read.
    """
    what: dict[str, Any] = {"n_classes": n_classes, "groups": groups, "conditions_on_label": conditions_on_label}
    adversary = Adversary(
        **what, learning_rate=options.discriminator_learning_rate, steps=options.discriminator_steps,
        replay=options.replay, device=device,
    )  # fmt: skip
    closed = PENALTIES.get(options.penalty)
    return adversary, closed(**what) if closed else adversary
