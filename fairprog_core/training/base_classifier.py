"""Empirical risk minimisation (ERM): train the base classifier on accuracy alone.

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
from fairprog_core.training.eager import EagerAdamW


def train(
    classifier: Classifier, split: Split, *, options: TrainedOptions, seed: int, device: torch.device
) -> Iterator[float | BaseRecord]:
    """Train a classifier in place with AdamW, a one-cycle schedule and its own augmentation.

    Args:
        classifier: freshly initialised.
        split: the training rows, prepared for the classifier.
        options: epochs, batch size, learning rate.
        seed: for the order of rows and the augmentation.
        device: where to compute.

    Yields:
        After every batch the fraction done, a float in 0..1. After every epoch, or every eighth of the steps if that
        is shorter, a record with mean loss (nats) and accuracy of the augmented training rows since the last one.
    """
    classifier.to(device).train()
    n, size = len(split.y), options.batch_size
    per_epoch, steps = max(n // size, 1), options.n_steps(n)
    report_every = min(per_epoch, max(steps // 8, 1))
    trainable = [value for value in classifier.parameters() if value.requires_grad]
    optimizer, schedule = optimizer_of(classifier, options, steps=steps)
    labels = torch.from_numpy(split.y).to(device)
    rng, order = np.random.default_rng(), np.empty(0, dtype=np.int64)
    loss_sum, n_correct, n_rows = 0.0, 0, 0
    for step in range(steps):
        epoch, batch = divmod(step, per_epoch)
        if batch == 0:
            rng = np.random.default_rng((seed, epoch))
            order = rng.permutation(n)
        rows = np.sort(order[batch * size : (batch + 1) * size])  # sorted: reads the memory-mapped file in order
        x, y = classifier.augment(classifier.to_input(split.x[rows]), rng), labels[torch.from_numpy(rows)]
        logits = classifier(x)
        loss = F.cross_entropy(logits, y)
        optimizer.zero_grad(set_to_none=True)
        torch.autograd.backward(loss)
        torch.nn.utils.clip_grad_norm_(trainable, 1.0)
        optimizer.step()
        schedule.step()
        loss_sum, n_correct, n_rows = (
            loss_sum + loss.item() * len(rows),
            n_correct + int((logits.argmax(1) == y).sum()),
            n_rows + len(rows),
        )
        yield (step + 1) / steps
        if (step + 1) % report_every == 0 or step + 1 == steps:
            yield BaseRecord(
                kind="base", step=step + 1, steps=steps, loss=loss_sum / n_rows, accuracy=n_correct / n_rows
            )
            loss_sum, n_correct, n_rows = 0.0, 0, 0


def optimizer_of(
    classifier: Classifier, options: TrainedOptions, *, steps: int
) -> tuple[torch.optim.Optimizer, torch.optim.lr_scheduler.LRScheduler]:
    """AdamW on the trainable weights, and a one-cycle schedule over ``steps`` steps."""
    trainable = [value for value in classifier.parameters() if value.requires_grad]
    optimizer = EagerAdamW(trainable, lr=options.learning_rate, weight_decay=0.05)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer,
        options.learning_rate,
        total_steps=max(steps, round(2 / options.warm_up)),  # OneCycleLR divides by the length of the warm-up minus 1
        pct_start=options.warm_up,
    )
    return optimizer, schedule
