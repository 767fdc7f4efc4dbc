"""Features of the frozen classifier, computed once per split and shared by all methods.

Notation: n rows, d features.
"""

import time

from torch import Tensor

from fairprog_core.classifiers.base import Classifier
from fairprog_core.classifiers.predict import features_of
from fairprog_core.data.base import Split


class Features:
    """A cache of features by split, as long as the object lives."""

    def __init__(self, classifier: Classifier) -> None:
        self.classifier = classifier
        self._cache: list[tuple[Split, Tensor, float]] = []

    def of(self, split: Split) -> Tensor:
        """Features (n, d) of a prepared split, on the CPU; computed once per `Split` object."""
        return self._entry(split)[1]

    def seconds(self, split: Split) -> float:
        """Seconds that computing the features of a split took."""
        return self._entry(split)[2]

    def _entry(self, split: Split) -> tuple[Split, Tensor, float]:
        for entry in self._cache:
            if entry[0] is split:
                return entry
        started = time.perf_counter()
        features = features_of(self.classifier, split).clone()  # inference tensors cannot be used in autograd
        self._cache.append((split, features, time.perf_counter() - started))
        return self._cache[-1]
