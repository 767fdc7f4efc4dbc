"""Learn the pixels of a trigger from answers alone: as `Reprogram`, with gradients estimated by simultaneous changes.

Every row of a batch is sent twice, with its own random change of the trigger and with the opposite one. Half the
difference of its logits is the slope along that change. The losses, the discriminator and the optimizer are those of
`Reprogram`: they see the mean of the two logits, and the trigger gets Σ over rows of (loss per logit · slope · change).
As every row has a change of its own, a batch of k rows tries k changes, where SPSA tries one. A change repeats a small
pattern over the trigger, because thousands of pixels cannot be tried one by one; a convolution sees a repeated pattern
everywhere. What is learned is thus such a pattern for every λ on top of the untrained trigger.

Source: Spall, "Multivariate stochastic approximation using a simultaneous perturbation gradient approximation", IEEE
Transactions on Automatic Control 1992. A change per row, and the loss outside of the estimate, are ours.

Notation: l λ-values, k rows, c classes, t side of the pattern.
"""

from typing import Any, cast

import torch
from torch import Tensor

from fairprog_core.common.records import Losses
from fairprog_core.data.base import Split
from fairprog_core.data.sampling import MOST_CELLS
from fairprog_core.methods import QueryReprogramOptions
from fairprog_core.methods.reprogramming.reprogram import Reprogram
from fairprog_core.training.resuming import TrainingState, check_number, entry
from fairprog_core.triggers.image import ImageTrigger


class QueryReprogram(Reprogram):
    """One training of a trigger on pictures; `step` is called once per step, in order."""

    options: QueryReprogramOptions
    n_queries: int = 0

    _step = 0  # the current one

    def step(self, step: int) -> Losses:
        self._step = step
        losses = cast(Losses, super().step(step))  # not recorded
        self.n_queries = losses["queries"] = (step + 1) * rows_per_step(self.options, self.sampler.split)
        return losses

    def state(self) -> TrainingState:
        return {**super().state(), "n_queries": self.n_queries}

    def load_state(self, state: TrainingState) -> None:
        super().load_state(state)
        check_number(entry(state, "n_queries"), "n_queries")
        self.n_queries = state["n_queries"]

    def logits(self, x: Any, lam: Tensor) -> Tensor:
        """Logits (l·k, c) as a linear function of the trigger's values, with the estimated slopes."""
        trigger, spread = cast(ImageTrigger, self.trigger), self.options.spread
        values = trigger.values(lam).repeat_interleave(len(x) // len(lam), dim=0)  # (l·k, 3, n)
        here, change = values.detach(), self.changes(len(x), self._step)
        with torch.no_grad():
            plus, minus = (self._answers(x, here + side * spread * change) for side in (1, -1))
        along = ((values - here) * change).flatten(1).sum(1)  # zero, with the gradient of the values
        return (plus + minus) / 2 + (plus - minus) / (2 * spread) * along[:, None]

    def changes(self, k: int, step: int) -> Tensor:
        """A random pattern of +1 and −1 for each of k rows, repeated over the trigger; drawn from (seed, step)."""
        generator = torch.Generator().manual_seed(self.seed * 1_000_003 + step)
        tiles = torch.randint(0, 2, (k, 3, self.options.tile, self.options.tile), generator=generator)
        return cast(ImageTrigger, self.trigger).repeated(2.0 * tiles - 1).to(self.device)

    def _answers(self, x: Tensor, values: Tensor) -> Tensor:
        """Logits (k, c), with values of the trigger for each row."""
        logits: Tensor = self.classifier(self.trigger.apply_values(x[:, None], values).flatten(0, 1))
        return logits.log_softmax(-1)  # what a black box knows of its own logits


def rows_per_step(options: QueryReprogramOptions, split: Split) -> int:
    """Rows that are sent in one step."""
    n_cells = min(int((split.cell_counts > 0).sum()), MOST_CELLS)
    return 2 * options.lam_groups * n_cells * options.per_cell
