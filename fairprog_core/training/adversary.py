"""The adversary: a discriminator with its optimizer and replay; its negative cross-entropy is the fairness loss.

Notation: l λ-values, k rows per λ, d inputs of the discriminator per row.
"""

from collections import deque

import torch
from torch import Tensor

from fairprog_core.common.errors import ArtifactError
from fairprog_core.common.types import Groups
from fairprog_core.training.discriminator import Discriminator
from fairprog_core.training.eager import EagerAdam
from fairprog_core.training.resuming import TrainingState, check_tensor, entry, load_module, load_optimizer

ReplayBatch = tuple[Tensor, Tensor, Tensor]  # evidence (l, k, d), z (l, k), weight (l, k) of one batch


class Adversary:
    """A discriminator, its optimizer and a replay of recent batches."""

    def __init__(
        self, *, n_classes: int, groups: Groups, conditions_on_label: bool, learning_rate: float, steps: int,
        replay: int, device: torch.device,
    ) -> None:  # fmt: skip
        """Draw the initial weights from torch's random state.

        Args:
            n_classes: c.
            groups: the values of Z.
            conditions_on_label: whether the discriminator sees Y.
            learning_rate: of Adam.
            steps: discriminator steps per batch.
            replay: number of recent batches to train on, the current one included.
            device: where to compute.
        """
        self.discriminator = Discriminator(
            n_classes=n_classes, groups=groups, conditions_on_label=conditions_on_label
        ).to(device)
        self.optimizer = EagerAdam(self.discriminator.parameters(), lr=learning_rate)
        self.steps, self.device = steps, device
        self.replay: deque[ReplayBatch] = deque(maxlen=replay)

    def learn(self, logits: Tensor, y: Tensor, z: Tensor, lam: Tensor, weight: Tensor) -> float:
        """Train the discriminator on a batch and the replay; returns its accuracy on the batch before that.

        Takes the arguments of a ``penalties.Penalty``.
        """
        with torch.no_grad():
            batch = self.discriminator.evidence(logits, y, lam), z, weight
            accuracy = self.discriminator.loss(*batch)[1].mean().item()
        if self.replay and self.replay[-1][0].shape[1:] != batch[0].shape[1:]:  # loaded from a checkpoint
            raise ArtifactError(
                "The checkpoint of this curve holds batches of another size than this training's; remove "
                "checkpoint*.safetensors in the curve's folder to start it anew."
            )
        self.replay.append(batch)
        evidence, z, weight = (torch.cat(parts) for parts in zip(*self.replay, strict=True))
        for _ in range(self.steps):
            self.optimizer.zero_grad(set_to_none=True)
            torch.autograd.backward(self.discriminator.loss(evidence, z, weight)[0].mean())
            self.optimizer.step()
        return accuracy

    def __call__(self, logits: Tensor, y: Tensor, z: Tensor, lam: Tensor, weight: Tensor) -> Tensor:
        """The fairness loss per λ (l,): minus the cross-entropy of Z, in nats; a ``penalties.Penalty``."""
        return -self.discriminator.loss(self.discriminator.evidence(logits, y, lam), z, weight)[0]

    def state(self) -> TrainingState:
        """Weights, optimizer and replay, for checkpoints."""
        return {
            "discriminator": self.discriminator.state_dict(),
            "opponent": self.optimizer.state_dict(),
            "replay": [list(batch) for batch in self.replay],
        }

    def load_state(self, state: TrainingState) -> None:
        """Restore what `state` returned; other entries are ignored.

        Raises:
            ValueError: an entry is missing, damaged or of another adversary.
        """
        load_module(self.discriminator, entry(state, "discriminator"), "discriminator")
        load_optimizer(self.optimizer, entry(state, "opponent"), "opponent")
        replay = entry(state, "replay")
        if not isinstance(replay, list) or len(replay) > (self.replay.maxlen or 0):
            raise ValueError("replay is no list of batches, or has too many")
        self.replay.clear()
        for batch in replay:
            self._check_batch(batch)
            evidence, z, weight = (part.to(self.device) for part in batch)  # checkpoints are loaded on the CPU
            self.replay.append((evidence, z, weight))

    def _check_batch(self, batch: object) -> None:
        """Refuse a malformed replay batch; all batches must have the shape of the first."""
        if not isinstance(batch, list) or len(batch) != 3 or not all(isinstance(part, Tensor) for part in batch):
            raise ValueError("replay holds an entry that is no batch")
        first = self.replay[0][0].shape if self.replay else batch[0].shape
        expected = torch.empty(*first[:-1], self.discriminator.n_inputs)
        check_tensor(batch[0], expected, "replay")
        check_tensor(batch[1], torch.empty(first[:-1], dtype=torch.int64), "replay")
        check_tensor(batch[2], expected[..., 0], "replay")
        if batch[1].numel() and not 0 <= int(batch[1].min()) <= int(batch[1].max()) < self.discriminator.n_patterns:
            raise ValueError("replay holds group codes out of range")
