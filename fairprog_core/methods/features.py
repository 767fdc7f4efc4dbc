"""What the last layer of the frozen classifier reads, computed once per split for all methods that ask."""

import time

from torch import Tensor

from fairprog_core.classifiers.base import Classifier
from fairprog_core.classifiers.predict import features_of
from fairprog_core.data.base import Split


class Features:
    """The features of splits, kept as long as this is."""

    def __init__(self, classifier: Classifier) -> None:
        self.classifier = classifier
        self._known: list[tuple[Split, Tensor, float]] = []

    def of(self, split: Split) -> Tensor:
        """(n, d) on the CPU, for the rows of a prepared split; the same object is computed once."""
        return self._entry(split)[1]

    def seconds(self, split: Split) -> float:
        """How long it took to compute those of a split, whoever asked first."""
        return self._entry(split)[2]

    def _entry(self, split: Split) -> tuple[Split, Tensor, float]:
        for entry in self._known:
            if entry[0] is split:
                return entry
        started = time.perf_counter()
        found = features_of(self.classifier, split).clone()  # no tensor of inference mode
        self._known.append((split, found, time.perf_counter() - started))
        return self._known[-1]
