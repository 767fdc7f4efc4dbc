"""The adversary: a discriminator with its optimizer and replay; its negative cross-entropy is the fairness loss.

Notation: l λ-values, k rows per λ, d inputs of the discriminator per row, n batches.
"""

import torch
from torch import Tensor

from fairprog_core.common.errors import ArtifactError
from fairprog_core.common.types import Groups
from fairprog_core.training.discriminator import Discriminator
from fairprog_core.training.eager import EagerAdam
from fairprog_core.training.resuming import TrainingState, check_tensor, entry, load_module, load_optimizer

ReplayBatch = tuple[Tensor, Tensor, Tensor]  # evidence (l, k, d), z (l, k), weight (l, k) of one batch


class Replay:
    """The most recent batches, oldest first, each part in one tensor.

    Once it is full, it stays in the same memory: a training step that a device has recorded finds it there.
    """

    def __init__(self, size: int) -> None:
        """Nothing yet.

        Args:
            size: largest number of batches.
        """
        self.size = size
        self.batches: list[ReplayBatch] = []  # views of the parts
        self._parts: tuple[Tensor, ...] = ()

    def append(self, batch: ReplayBatch) -> None:
        """Add a batch; a full replay drops the oldest."""
        if len(self.batches) < self.size:
            self._keep([*self.batches, batch])
            return
        for part, new in zip(self._parts, batch, strict=True):
            part.copy_(torch.cat([part[len(new) :], new]))

    def clear(self) -> None:
        """Drop all batches."""
        self.batches, self._parts = [], ()

    def joined(self) -> ReplayBatch:
        """All batches in one: (n·l, k, d), (n·l, k), (n·l, k)."""
        evidence, z, weight = self._parts
        return evidence, z, weight

    def _keep(self, batches: list[ReplayBatch]) -> None:
        self._parts = tuple(torch.cat(parts) for parts in zip(*batches, strict=True))
        evidence, z, weight = (torch.split(part, len(batches[0][0])) for part in self._parts)
        self.batches = list(zip(evidence, z, weight, strict=True))


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
        self.replay = Replay(replay)

    def learn(self, logits: Tensor, y: Tensor, z: Tensor, lam: Tensor, weight: Tensor) -> Tensor:
        """Train the discriminator on a batch and the replay; returns its accuracy () on the batch before that.

        Takes the arguments of a ``penalties.Penalty``. Once the replay is full, it does the same in every call.
        """
        with torch.no_grad():
            batch = self.discriminator.evidence(logits, y, lam), z, weight
        if self.replay.batches and self.replay.batches[0][0].shape != batch[0].shape:  # loaded from a checkpoint
            raise ArtifactError(
                "The checkpoint of this curve holds batches of another size than this training's; remove "
                "checkpoint*.safetensors in the curve's folder to start it anew."
            )
        self.replay.append(batch)
        evidence, z, weight = self.replay.joined()
        parameters = list(self.discriminator.parameters())
        found = []
        for _ in range(self.steps):
            losses, accuracies = self.discriminator.loss(evidence, z, weight)
            found.append(accuracies[-len(lam) :].mean())  # the batch is the newest of the replay
            for value, gradient in zip(parameters, torch.autograd.grad(losses.mean(), parameters), strict=True):
                value.grad = gradient
            self.optimizer.step()
        return found[0]

    def __call__(self, logits: Tensor, y: Tensor, z: Tensor, lam: Tensor, weight: Tensor) -> Tensor:
        """The fairness loss per λ (l,): minus the cross-entropy of Z, in nats; a ``penalties.Penalty``."""
        return -self.discriminator.loss(self.discriminator.evidence(logits, y, lam), z, weight)[0]

    def state(self) -> TrainingState:
        """Weights, optimizer and replay, for checkpoints."""
        return {
            "discriminator": self.discriminator.state_dict(),
            "opponent": self.optimizer.state_dict(),
            "replay": [list(batch) for batch in self.replay.batches],
        }

    def load_state(self, state: TrainingState) -> None:
        """Restore what `state` returned; other entries are ignored.

        Raises:
            ValueError: an entry is missing, damaged or of another adversary.
        """
        load_module(self.discriminator, entry(state, "discriminator"), "discriminator")
        load_optimizer(self.optimizer, entry(state, "opponent"), "opponent")
        replay = entry(state, "replay")
        if not isinstance(replay, list) or len(replay) > self.replay.size:
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
        first = self.replay.batches[0][0].shape if self.replay.batches else batch[0].shape
        expected = torch.empty(*first[:-1], self.discriminator.n_inputs)
        check_tensor(batch[0], expected, "replay")
        check_tensor(batch[1], torch.empty(first[:-1], dtype=torch.int64), "replay")
        check_tensor(batch[2], expected[..., 0], "replay")
        if batch[1].numel() and not 0 <= int(batch[1].min()) <= int(batch[1].max()) < self.discriminator.n_patterns:
            raise ValueError("replay holds group codes out of range")
