"""What the last layer of the frozen classifier reads, computed once per split for all methods that ask."""

from torch import Tensor

from fairprog_core.classifiers.base import Classifier
from fairprog_core.data.base import Split
from fairprog_core.evaluation import features_of


class Features:
    """The features of splits, kept as long as this is."""

    def __init__(self, classifier: Classifier) -> None:
        self.classifier = classifier
        self._known: list[tuple[Split, Tensor]] = []

    def of(self, split: Split) -> Tensor:
        """(n, d) on the CPU, for the rows of a prepared split; the same object is computed once."""
        for known, found in self._known:
            if known is split:
                return found
        self._known.append((split, features_of(self.classifier, split).clone()))  # no tensor of inference mode
        return self._known[-1][1]
