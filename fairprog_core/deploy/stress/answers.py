"""Predictions of rows that were changed after a trigger was put on, in steps, so that progress can be shown.

Notation: n rows, k rows of a batch, c classes, t tokens.
"""

import dataclasses
from collections.abc import Generator
from typing import Any, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from fairprog_core.classifiers.base import Classifier
from fairprog_core.classifiers.encoder.text_classifier import TextClassifier
from fairprog_core.classifiers.predict import predict, predictions_of
from fairprog_core.common.types import Predictions
from fairprog_core.data.base import Split
from fairprog_core.deploy.stress.changes import PictureChange, TextChange
from fairprog_core.triggers.fixed import FixedTrigger

AT_ONCE = 512  # rows between two reports of progress


class ChangedInput(nn.Module):
    """A classifier whose inputs get a trigger, and then go through a change of pictures.

    Attributes:
        classifier: frozen.
        trigger: None: the base.
        change: None: nothing happens after the trigger.
    """

    def __init__(
        self, classifier: Classifier, trigger: FixedTrigger | None, change: PictureChange | None, *, seed: int
    ) -> None:
        super().__init__()
        self.classifier, self.trigger, self.change = classifier, trigger, change
        self.generator = torch.Generator().manual_seed(seed)

    @property
    def device(self) -> torch.device:
        """Device of the classifier."""
        return self.classifier.device

    def reading_order(self, x: NDArray[Any]) -> NDArray[np.int64]:
        """As of the classifier."""
        return self.classifier.reading_order(x)

    def to_input(self, x: NDArray[Any]) -> Any:
        """As of the classifier."""
        return self.classifier.to_input(x)

    def forward(self, x: Any) -> Tensor:
        """Inputs of the classifier -> logits (k, c)."""
        if self.trigger is not None:
            x = self.trigger(x)
        if self.change is not None:
            x = self.change(x, self.generator)
        logits: Tensor = self.classifier(x)
        return logits


def answers(model: ChangedInput, split: Split, rows: NDArray[np.int64] | None, known: Predictions | None) -> Generator[
    int, None, Predictions
]:  # fmt: skip
    """Predict rows of a split, in the classifier's own order.

    Args:
        model: the classifier, with or without trigger and change.
        split: n rows, prepared for the classifier.
        rows: that are predicted; None: all.
        known: predictions of the others.

    Yields:
        The number of rows that were just done.

    Returns:
        The predictions of all rows.
    """
    order = model.reading_order(split.x) if rows is None else rows[model.reading_order(split.x[rows])]
    logits = np.zeros((len(split.y), model.classifier.n_classes), dtype=np.float32)
    if known is not None and known.logits is not None:
        logits[:] = known.logits
    for start in range(0, len(order), AT_ONCE):
        part = np.sort(order[start : start + AT_ONCE])
        some = dataclasses.replace(split, x=split.x[part], y=split.y[part], z=split.z[part])
        logits[part] = predict(model, some).logits
        yield len(part)
    return predictions_of(split, logits)


def changed_texts(
    classifier: Classifier, split: Split, prepared: Split, change: TextChange, *, seed: int
) -> tuple[Split, NDArray[np.int64]]:
    """Texts after a change, as the classifier reads them, and the rows that it reads differently.

    Args:
        classifier: of texts.
        split: texts.
        prepared: the same for the classifier.
        change: of one text.
        seed: of what the change draws.
    """
    random = np.random.default_rng(seed)
    texts = np.array([change(text, random) for text in split.x] + [""], dtype=object)[:-1]
    found = classifier.prepare(dataclasses.replace(split, x=texts))
    width = max(found.x.shape[1], prepared.x.shape[1])
    fill = cast(TextClassifier, classifier).tokens.pad_id
    before, after = (
        np.pad(each.x, ((0, 0), (0, width - each.x.shape[1])), constant_values=fill) for each in (prepared, found)
    )
    return found, np.flatnonzero((before != after).any(axis=1))
