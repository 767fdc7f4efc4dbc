"""Empirical risk minimisation: how the biased base classifier comes about.

Source: BASE in the paper (section 4.1): no intervention, cross-entropy on the training split alone.
"""

from collections.abc import Iterator

import numpy as np
import torch
import torch.nn.functional as F

from fairprog_core.classifiers import TrainedOptions
from fairprog_core.classifiers.base import Classifier
from fairprog_core.common.records import BaseRecord
from fairprog_core.data.base import Split


def train(
    classifier: Classifier, split: Split, *, options: TrainedOptions, seed: int, device: torch.device
) -> Iterator[float | BaseRecord]:
    """Train a classifier in place: AdamW, one-cycle schedule, its own augmentation.

    Args:
        classifier: freshly initialised.
        split: the training rows, prepared for it.
        options: epochs, batch size, learning rate.
        seed: of the order of rows and of the augmentation.
        device: where to compute.

    Yields:
        After every batch the share that is done, a number; now and then a record with loss (nats) and accuracy of the
        training rows since the last one, augmented.
    """
    classifier.to(device).train()
    n, size = len(split.y), options.batch_size
    per_epoch, steps = max(n // size, 1), options.n_steps(n)
    told_every = min(per_epoch, max(steps // 8, 1))
    learned = [value for value in classifier.parameters() if value.requires_grad]
    optimizer, schedule = optimizer_of(classifier, options, steps=steps)
    labels = torch.from_numpy(split.y).to(device)
    rng, order = np.random.default_rng(), np.empty(0, dtype=np.int64)
    loss_sum, right, seen = 0.0, 0, 0
    for step in range(steps):
        epoch, batch = divmod(step, per_epoch)
        if batch == 0:
            rng = np.random.default_rng((seed, epoch))
            order = rng.permutation(n)
        rows = np.sort(order[batch * size : (batch + 1) * size])  # sorted: the file is read in order
        x, y = classifier.augment(classifier.to_input(split.x[rows]), rng), labels[torch.from_numpy(rows)]
        logits = classifier(x)
        loss = F.cross_entropy(logits, y)
        optimizer.zero_grad(set_to_none=True)
        torch.autograd.backward(loss)
        torch.nn.utils.clip_grad_norm_(learned, 1.0)
        optimizer.step()
        schedule.step()
        loss_sum, right, seen = (
            loss_sum + loss.item() * len(rows),
            right + int((logits.argmax(1) == y).sum()),
            seen + len(rows),
        )
        yield (step + 1) / steps
        if (step + 1) % told_every == 0 or step + 1 == steps:
            yield BaseRecord(kind="base", step=step + 1, steps=steps, loss=loss_sum / seen, accuracy=right / seen)
            loss_sum, right, seen = 0.0, 0, 0


def optimizer_of(
    classifier: Classifier, options: TrainedOptions, *, steps: int
) -> tuple[torch.optim.Optimizer, torch.optim.lr_scheduler.LRScheduler]:
    """AdamW on the weights that learn, and the one-cycle schedule of a training of so many steps."""
    learned = [value for value in classifier.parameters() if value.requires_grad]
    optimizer = torch.optim.AdamW(learned, lr=options.learning_rate, weight_decay=0.05)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer,
        options.learning_rate,
        total_steps=max(steps, round(2 / options.warm_up)),  # a rise of one step or less cannot be divided
        pct_start=options.warm_up,
    )
    return optimizer, schedule
