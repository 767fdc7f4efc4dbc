"""The discriminator as an opponent: it learns from what it sees, and its failure is the fairness loss.

Notation: l λ-values, k rows per λ, d numbers that the discriminator reads of a row.
"""

from collections import deque
from typing import Any

import torch
from torch import Tensor

from fairprog_core.common.errors import ArtifactError
from fairprog_core.common.types import Groups
from fairprog_core.training.discriminator import Discriminator
from fairprog_core.training.resuming import check_tensor, entry, load_module, load_optimizer

Seen = tuple[Tensor, Tensor, Tensor]  # evidence (l, k, d), z (l, k), weight (l, k) of one batch


class Adversary:
    """A discriminator, its optimizer and the batches that it remembers."""

    def __init__(
        self, *, n_classes: int, groups: Groups, conditions_on_label: bool, learning_rate: float, steps: int,
        replay: int, device: torch.device,
    ) -> None:  # fmt: skip
        """Draw the first weights from torch's random state.

        Args:
            n_classes: c.
            groups: the values of Z.
            conditions_on_label: whether it sees Y.
            learning_rate: of Adam.
            steps: it takes per batch.
            replay: number of recent batches that it learns from.
            device: where to compute.
        """
        self.discriminator = Discriminator(
            n_classes=n_classes, groups=groups, conditions_on_label=conditions_on_label
        ).to(device)
        self.optimizer = torch.optim.Adam(self.discriminator.parameters(), lr=learning_rate)
        self.steps, self.device = steps, device
        self.replay: deque[Seen] = deque(maxlen=replay)

    def learn(self, logits: Tensor, y: Tensor, z: Tensor, lam: Tensor, weight: Tensor) -> float:
        """Learn from a batch, given as to a ``penalties.Penalty``, and recent ones; the accuracy on it before that."""
        with torch.no_grad():
            seen = self.discriminator.evidence(logits, y, lam), z, weight
            accuracy = self.discriminator.loss(*seen)[1].mean().item()
        if self.replay and self.replay[-1][0].shape[1:] != seen[0].shape[1:]:  # they came from a checkpoint
            raise ArtifactError(
                "The checkpoint of this curve remembers batches of another size than this training's; remove "
                "checkpoint*.safetensors in the curve's folder to start it anew."
            )
        self.replay.append(seen)
        evidence, z, weight = (torch.cat(parts) for parts in zip(*self.replay, strict=True))
        for _ in range(self.steps):
            self.optimizer.zero_grad(set_to_none=True)
            torch.autograd.backward(self.discriminator.loss(evidence, z, weight)[0].mean())
            self.optimizer.step()
        return accuracy

    def __call__(self, logits: Tensor, y: Tensor, z: Tensor, lam: Tensor, weight: Tensor) -> Tensor:
        """The fairness loss per λ (l,): minus the cross-entropy of Z, in nats; a ``penalties.Penalty``."""
        return -self.discriminator.loss(self.discriminator.evidence(logits, y, lam), z, weight)[0]

    def state(self) -> dict[str, Any]:
        """All that it learned and remembers."""
        return {
            "discriminator": self.discriminator.state_dict(),
            "opponent": self.optimizer.state_dict(),
            "replay": [list(seen) for seen in self.replay],
        }

    def load_state(self, state: dict[str, Any]) -> None:
        """Go on from what `state` returned; other entries are left alone.

        Raises:
            ValueError: something does not fit this adversary.
        """
        load_module(self.discriminator, entry(state, "discriminator"), "discriminator")
        load_optimizer(self.optimizer, entry(state, "opponent"), "opponent")
        replay = entry(state, "replay")
        if not isinstance(replay, list) or len(replay) > (self.replay.maxlen or 0):
            raise ValueError("replay is no list of batches, or of too many")
        self.replay.clear()
        for seen in replay:
            self._check_seen(seen)
            evidence, z, weight = (part.to(self.device) for part in seen)  # a checkpoint's lie on the CPU
            self.replay.append((evidence, z, weight))

    def _check_seen(self, seen: object) -> None:
        """Refuse what is no remembered batch; the first one says how many λ and rows all have."""
        if not isinstance(seen, list) or len(seen) != 3 or not all(isinstance(part, Tensor) for part in seen):
            raise ValueError("replay holds what is no batch")
        first = self.replay[0][0].shape if self.replay else seen[0].shape
        expected = torch.empty(*first[:-1], self.discriminator.n_inputs)
        check_tensor(seen[0], expected, "replay")
        check_tensor(seen[1], torch.empty(first[:-1], dtype=torch.int64), "replay")
        check_tensor(seen[2], expected[..., 0], "replay")
        if seen[1].numel() and not 0 <= int(seen[1].min()) <= int(seen[1].max()) < self.discriminator.n_patterns:
            raise ValueError("replay holds codes of groups that are none")
