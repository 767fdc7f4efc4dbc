"""Empirical risk minimisation: how the biased base classifier comes about.

Source: BASE in the paper (section 4.1): no intervention, cross-entropy on the training split alone.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from fairprog_core.classifiers import ImageClassifierOptions
from fairprog_core.classifiers.base import Classifier
from fairprog_core.data.base import Split
from fairprog_core.sampling import to_pixels


def train(
    classifier: Classifier, split: Split, *, options: ImageClassifierOptions, seed: int, device: torch.device
) -> Iterator[dict[str, Any]]:
    """Train a classifier in place: AdamW, one-cycle schedule, flips and zooms.

    Args:
        classifier: freshly initialised.
        split: the training rows.
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
    optimizer = torch.optim.AdamW(classifier.parameters(), lr=options.learning_rate, weight_decay=0.05)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer,
        options.learning_rate,
        total_steps=max(options.epochs * per_epoch, 8),  # a rise of less than one step cannot be divided
        pct_start=0.25,
    )
    labels = torch.from_numpy(split.y).to(device)
    for epoch in range(options.epochs):
        rng = np.random.default_rng((seed, epoch))
        order = rng.permutation(n)
        loss_sum, right = 0.0, 0
        for batch in range(per_epoch):
            rows = np.sort(order[batch * size : (batch + 1) * size])  # sorted: the file is read in order
            x, y = augment(to_pixels(split.x[rows], device), rng), labels[torch.from_numpy(rows)]
            logits = classifier(x)
            loss = F.cross_entropy(logits, y)
            optimizer.zero_grad(set_to_none=True)
            torch.autograd.backward(loss)
            torch.nn.utils.clip_grad_norm_(classifier.parameters(), 1.0)
            optimizer.step()
            schedule.step()
            loss_sum += loss.item() * len(rows)
            right += int((logits.argmax(1) == y).sum())
            yield {"share": (epoch + (batch + 1) / per_epoch) / options.epochs}
        seen = per_epoch * min(size, n)
        yield {"epoch": epoch + 1, "epochs": options.epochs, "loss": loss_sum / seen, "accuracy": right / seen}


def augment(x: Tensor, rng: np.random.Generator, *, zoom_low: float = 0.78) -> Tensor:
    """Flip half of the photos x (k, 3, s, s); shrink half of the batches onto a grey ground.

    A base that has seen smaller faces does not fail merely because a border shrinks the photo.
    """
    flip = torch.from_numpy(rng.random(len(x)) < 0.5).to(x.device)
    x = torch.where(flip[:, None, None, None], x.flip(3), x)
    if rng.random() < 0.5:
        return x
    size = x.shape[-1]
    small = round(size * rng.uniform(zoom_low, 1))
    top, left = rng.integers(0, size - small + 1, 2)
    pad = (int(left), int(size - small - left), int(top), int(size - small - top))
    return F.pad(F.interpolate(x, size=(small, small), mode="bilinear", antialias=True), pad, value=0.5)
