"""Empirical risk minimisation: how the biased base classifier comes about.

Source: BASE in the paper (section 4.1): no intervention, cross-entropy on the training split alone.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F

from fairprog_core.classifiers import TrainedOptions
from fairprog_core.classifiers.base import Classifier
from fairprog_core.data.base import Split


def train(
    classifier: Classifier, split: Split, *, options: TrainedOptions, seed: int, device: torch.device
) -> Iterator[dict[str, Any]]:
    """Train a classifier in place: AdamW, one-cycle schedule, its own augmentation.

    Args:
        classifier: freshly initialised.
        split: the training rows, prepared for it.
        options: epochs, batch size, learning rate.
        seed: of the order of rows and of the augmentation.
        device: where to compute.

    Yields:
        After every batch the finished ``share``; after every epoch epoch, epochs, loss (nats, training) and
        accuracy (training, augmented).
    """
    classifier.to(device).train()
    n, size = len(split.y), options.batch_size
    per_epoch = max(n // size, 1)
    learned = [value for value in classifier.parameters() if value.requires_grad]
    optimizer = torch.optim.AdamW(learned, lr=options.learning_rate, weight_decay=0.05)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer,
        options.learning_rate,
        total_steps=max(options.epochs * per_epoch, 8),  # a rise of less than one step cannot be divided
        pct_start=options.warm_up,
    )
    labels = torch.from_numpy(split.y).to(device)
    for epoch in range(options.epochs):
        rng = np.random.default_rng((seed, epoch))
        order = rng.permutation(n)
        loss_sum, right = 0.0, 0
        for batch in range(per_epoch):
            rows = np.sort(order[batch * size : (batch + 1) * size])  # sorted: the file is read in order
            x, y = classifier.augment(classifier.to_input(split.x[rows]), rng), labels[torch.from_numpy(rows)]
            logits = classifier(x)
            loss = F.cross_entropy(logits, y)
            optimizer.zero_grad(set_to_none=True)
            torch.autograd.backward(loss)
            torch.nn.utils.clip_grad_norm_(learned, 1.0)
            optimizer.step()
            schedule.step()
            loss_sum += loss.item() * len(rows)
            right += int((logits.argmax(1) == y).sum())
            yield {"share": (epoch + (batch + 1) / per_epoch) / options.epochs}
        seen = per_epoch * min(size, n)
        yield {"epoch": epoch + 1, "epochs": options.epochs, "loss": loss_sum / seen, "accuracy": right / seen}
