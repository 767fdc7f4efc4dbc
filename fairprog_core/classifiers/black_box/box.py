"""A classifier that sends its rows away and gets probabilities back.

Notation: k rows, m probabilities of an answer, c labels of the data.
"""

import hashlib
from abc import abstractmethod
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from fairprog_core.classifiers import BlackBoxOptions
from fairprog_core.classifiers.base import Classifier, ClassifierHeader, Description
from fairprog_core.classifiers.black_box.answers import KeptAnswers
from fairprog_core.classifiers.black_box.source import BoxAnswer, BoxSource, SentRows, source_of
from fairprog_core.classifiers.outputs import LabelOutputs
from fairprog_core.common.errors import ModelError

SMALLEST = 1e-6  # a probability of 0 counts as this much, so that its logarithm is finite
_SUM_TOLERANCE = 0.02  # of probabilities that were rounded on their way


class AnsweringHeader(ClassifierHeader):
    """The description in the file of a black box.

    Attributes:
        image_size: side of the pictures in pixels; None: it reads texts.
        outputs: which probability belongs to which label.
    """

    image_size: int | None
    outputs: LabelOutputs


class AnsweringClassifier(Classifier):
    """A black box: its logits are the logarithms of the probabilities that it answers.

    Gradients and inner features do not exist; `features` are the logits, and `head` is the identity.

    Attributes:
        image_size: side of the pictures in pixels; None: it reads texts.
        outputs: which probability belongs to which label.
        answers: what was answered, and how many rows were sent for what.
    """

    header: ClassVar[type[ClassifierHeader]] = AnsweringHeader
    options: BlackBoxOptions

    def __init__(
        self, options: BlackBoxOptions, *, n_classes: int, image_size: int | None, outputs: LabelOutputs
    ) -> None:
        super().__init__(options, n_classes=n_classes)
        self.image_size, self.outputs = image_size, outputs
        self.linear = nn.Linear(n_classes, n_classes)
        with torch.no_grad():
            self.linear.weight.copy_(torch.eye(n_classes))
            self.linear.bias.zero_()
        self.answers = KeptAnswers()

    def init_args(self) -> Description:
        return {"image_size": self.image_size, "outputs": self.outputs.model_dump(mode="json")}

    @cached_property
    def source(self) -> BoxSource:
        """What is asked; opened when the first row is sent."""
        return source_of(self.options)

    @property
    def head(self) -> nn.Module:
        return self.linear

    def keep_in(self, folder: Path) -> None:
        self.answers.keep_in(folder)

    def send_for(self, purpose: str, *, curve: str | None = None) -> None:
        self.answers.purpose = purpose
        if curve is not None:
            self.answers.curve = curve

    def n_sent(self) -> dict[str, dict[str, int]]:
        return self.answers.counts()

    @abstractmethod
    def rows_of(self, x: Any) -> SentRows:
        """Inputs of the classifier -> rows as they are sent."""

    def features(self, x: Any) -> Tensor:
        probabilities = torch.from_numpy(self.probabilities(self.rows_of(x)))
        return self.outputs.select(_logits(probabilities)).to(self.device)

    def forward(self, x: Any) -> Tensor:
        return self.features(x)

    def probabilities(self, rows: SentRows) -> NDArray[np.float32]:
        """Probabilities (k, m) of rows; those that were never sent are sent now, each once."""
        keys = self._keys(rows)
        found = self.answers.find(list(dict.fromkeys(keys)))
        missing = list(dict.fromkeys(key for key in keys if key not in found))
        place = {key: number for number, key in enumerate(keys)}
        for start in range(0, len(missing), self.options.batch_size):
            some = missing[start : start + self.options.batch_size]
            numbers = [place[key] for key in some]
            sent = [rows[number] for number in numbers] if isinstance(rows, list) else rows[numbers]
            answer = self.source.ask(sent)
            checked = check(answer, len(some), self.source.name)
            self.answers.keep(some, checked, n_sent=len(some) * answer.n_tries)
            found.update(zip(some, checked, strict=True))
        if len({len(row) for row in found.values()}) > 1:
            raise ModelError(f"{self.source.name} answers rows of different lengths; it must give one row per label.")
        return np.stack([found[key] for key in keys])

    def _keys(self, rows: SentRows) -> list[bytes]:
        """A digest of the content of every row, and of who is asked."""
        start = hashlib.sha256(f"{self.options.address}\n{self.options.function}\n".encode())
        keys = []
        for row in rows:
            digest = start.copy()
            if isinstance(row, str):
                digest.update(row.encode("utf-8", "surrogatepass"))
            else:
                digest.update(str(row.shape).encode() + np.ascontiguousarray(row).tobytes())
            keys.append(digest.digest()[:16])
        return keys


def check(answer: BoxAnswer, n_rows: int, name: str) -> NDArray[np.float32]:
    """The probabilities (k, m) of an answer; m = 1: of one of two labels.

    Raises:
        ModelError: they are not as many as the rows, not finite, not within 0 and 1, or do not sum to 1.
    """
    must = "it must give one row of probabilities for each row sent"
    try:
        found = np.asarray(answer.probabilities, dtype=np.float64)
    except (ValueError, TypeError) as error:
        raise ModelError(f"{name} answers with rows that are no numbers, or of different lengths; {must}.") from error
    if found.ndim == 1 and len(found) == n_rows:
        found = found[:, None]
    if found.ndim != 2 or len(found) != n_rows or not found.shape[1]:
        raise ModelError(f"{name} answers with the shape {found.shape} to {n_rows} rows; {must}.")
    if not np.isfinite(found).all():
        raise ModelError(f"{name} answers with a probability that is not a finite number; {must}.")
    if found.min() < -1e-6 or found.max() > 1 + 1e-6:
        raise ModelError(f"{name} answers {found.flat[np.abs(found - 0.5).argmax()]:.3g}; probabilities lie in 0 … 1.")
    off = np.abs(found.sum(1) - 1).max()
    if found.shape[1] > 1 and off > _SUM_TOLERANCE:
        raise ModelError(
            f"{name} answers a row that sums to {found.sum(1)[np.abs(found.sum(1) - 1).argmax()]:.3g}; the "
            "probabilities of a row must sum to 1."
        )
    return found.astype(np.float32)


def match(
    answer: BoxAnswer, n_outputs: int, options: BlackBoxOptions, labels: Sequence[str], name: str
) -> LabelOutputs:
    """Which probability belongs to which label: by option, by the answer's labels, else in order.

    Raises:
        ModelError: they do not match.
    """
    if answer.labels and len(answer.labels) != n_outputs:
        raise ModelError(f"{name} names {len(answer.labels)} labels and gives {n_outputs} probabilities for each row.")
    names = answer.labels or [str(number) for number in range(n_outputs)]
    return LabelOutputs.match(names, labels, given=options.labels, where=name)


def _logits(probabilities: Tensor) -> Tensor:
    """Probabilities (k, m) -> logits; of a single one the logarithm of its odds."""
    likely = probabilities.clamp(SMALLEST, 1)
    if probabilities.shape[1] > 1:
        return likely.log()
    return likely.log() - (1 - probabilities).clamp(SMALLEST, 1).log()
